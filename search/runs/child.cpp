#include "search/runs/child.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/system/files.h"

namespace cambium {
namespace {
int code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// The forked child, until it is another program: only calls that a signal handler may make, since
// a thread that is gone may have held any lock.
[[noreturn]] void become(const std::vector<char*>& argv, const std::string& output, pid_t parent,
                         int failure) {
  // It dies with its parent, however that dies: a run that nobody watches would be trained twice.
  bool ok = ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
  if (::getppid() != parent) ::_exit(130);  // it died before the line above
  // A group of its own: the parent alone hears Ctrl-C and tells each child once.
  ok = ok && ::setpgid(0, 0) == 0;
  const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int out = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  ok =
      ok && in >= 0 && out >= 0 && ::dup2(in, 0) >= 0 && ::dup2(out, 1) >= 0 && ::dup2(out, 2) >= 0;
  if (ok) ::execv(argv[0], argv.data());
  const int error = errno;
  [[maybe_unused]] const ssize_t n = ::write(failure, &error, sizeof error);
  ::_exit(127);
}
}  // namespace

Child::Child(const std::string& program, const std::vector<std::string>& arguments,
             const std::string& output) {
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  int failure[2];  // what the child could not do; closed without a word when it could
  if (::pipe2(failure, O_CLOEXEC) != 0) fail_with_errno("start", program);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(argv, output, parent, failure[1]);
  const int fork_error = errno;
  ::close(failure[1]);
  int error = pid_ < 0 ? fork_error : 0;
  while (pid_ >= 0 && ::read(failure[0], &error, sizeof error) < 0 && errno == EINTR) {
  }
  ::close(failure[0]);
  if (error == 0) return;
  wait();
  errno = error;
  fail_with_errno("start", program);
}

Child::Child(Child&& o) noexcept : pid_(std::exchange(o.pid_, -1)), code_(o.code_) {}

Child& Child::operator=(Child&& o) noexcept {
  std::swap(pid_, o.pid_);
  std::swap(code_, o.code_);
  return *this;
}

Child::~Child() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  wait();
}

bool Child::ended() {
  if (pid_ < 0) return true;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  pid_ = -1;
  code_ = code_of(status);
  return true;
}

void Child::interrupt() {
  if (pid_ >= 0) ::kill(pid_, SIGTERM);
}

void Child::wait() {
  int status = 0;
  while (pid_ >= 0 && ::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  if (pid_ >= 0) code_ = code_of(status);
  pid_ = -1;
}
}  // namespace cambium
