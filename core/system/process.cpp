#include "core/system/process.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/system/descriptor.h"
#include "core/system/files.h"

namespace cambium {
namespace {
int code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// As far down as this process's own limits let it.
void limit(int resource, rlim_t most) {
  rlimit limits{};
  if (::getrlimit(resource, &limits) != 0) return;
  limits.rlim_cur = limits.rlim_max = std::min(most, limits.rlim_max);
  ::setrlimit(resource, &limits);
}

bool become_standard(int fd, int standard) {
  if (fd < 0) fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  return fd >= 0 && ::dup2(fd, standard) >= 0;
}

// The forked child, until it is another program: only calls that a signal handler may make, since
// a thread that is gone may have held any lock.
[[noreturn]] void become(char* const* argv, const Launch& launch, pid_t parent, int failure) {
  // It dies with its parent, however that dies: a run that nobody watches would be trained twice.
  bool ok = ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
  if (::getppid() != parent) ::_exit(130);  // it died before the line above
  ok = ok && ::setpgid(0, 0) == 0;
  if (launch.memory_bytes > 0) {
    limit(RLIMIT_AS, rlim_t(launch.memory_bytes));
    limit(RLIMIT_CORE, 0);
  }
  // A parent without standard files of its own was given their numbers, which dup2 would overwrite.
  int in = launch.in, out = launch.out, err = launch.err;
  for (int* fd : {&in, &out, &err, &failure})
    if (*fd >= 0 && *fd <= 2) *fd = ::fcntl(*fd, F_DUPFD_CLOEXEC, 3);
  ok = ok && become_standard(in, 0) && become_standard(out, 1) && become_standard(err, 2);
  if (ok) ::execvp(argv[0], argv);
  const int error = errno;
  [[maybe_unused]] const ssize_t n = ::write(failure, &error, sizeof error);
  ::_exit(127);
}
}  // namespace

Process::Process(const Launch& launch) {
  std::vector<char*> argv;
  for (const std::string& a : launch.argv) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  int ends[2];  // what the child could not do; closed without a word when it could
  if (::pipe2(ends, O_CLOEXEC) != 0) fail_with_errno("start", launch.argv[0]);
  Descriptor said(ends[0]), failure(ends[1]);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(argv.data(), launch, parent, failure.fd());
  if (pid_ < 0) fail_with_errno("start", launch.argv[0]);
  ::setpgid(pid_, pid_);  // also here: whichever of the two runs first
  failure.close();
  while (::read(said.fd(), &error_, sizeof error_) < 0 && errno == EINTR) {
  }
}

Process::Process(Process&& o) noexcept
    : pid_(std::exchange(o.pid_, -1)), code_(o.code_), error_(o.error_) {}

Process& Process::operator=(Process&& o) noexcept {
  std::swap(pid_, o.pid_);
  std::swap(code_, o.code_);
  std::swap(error_, o.error_);
  return *this;
}

Process::~Process() {
  kill();
  wait();
}

bool Process::ended() {
  if (pid_ < 0) return true;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  pid_ = -1;
  code_ = code_of(status);
  return true;
}

void Process::interrupt() {
  if (pid_ >= 0) ::kill(pid_, SIGTERM);
}

void Process::kill() {
  if (pid_ >= 0) ::kill(-pid_, SIGKILL);
}

void Process::wait() {
  int status = 0;
  while (pid_ >= 0 && ::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  if (pid_ >= 0) code_ = code_of(status);
  pid_ = -1;
}

Process start_process(const std::string& program, const std::vector<std::string>& arguments,
                      const std::string& output) {
  const Descriptor file(::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.fd() < 0) fail_with_errno("open", output);
  Launch launch{.argv = {program}, .out = file.fd(), .err = file.fd()};
  launch.argv.insert(launch.argv.end(), arguments.begin(), arguments.end());
  Process process(launch);
  if (process.error() == 0) return process;
  errno = process.error();
  fail_with_errno("start", program);
}
}  // namespace cambium
