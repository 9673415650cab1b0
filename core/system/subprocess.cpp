#include "core/system/subprocess.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cambium {
namespace {
[[noreturn]] void system_error(std::string_view what) {
  throw RuntimeError(str("cannot run a program: ", what, ": ", std::strerror(errno)));
}

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}

  Descriptor(Descriptor&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}

  Descriptor& operator=(Descriptor&& o) noexcept {
    close();
    fd_ = std::exchange(o.fd_, -1);
    return *this;
  }

  ~Descriptor() { close(); }

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  int fd() const { return fd_; }

 private:
  int fd_;
};

struct Channel {
  Descriptor ours, theirs;
};

// Sockets, not pipes: send() can be told not to raise SIGPIPE when the program stops reading.
Channel make_channel() {
  std::array<int, 2> fd{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd.data()) != 0)
    system_error("socketpair");
  Channel c{Descriptor(fd[0]), Descriptor(fd[1])};
  fcntl(c.ours.fd(), F_SETFL, O_NONBLOCK);
  return c;
}

// Between fork and exec only async-signal-safe calls are allowed.
[[noreturn]] void become(char* const* argv, const ProcessLimits& limits, int in, int out, int err,
                         int failure) {
  setpgid(0, 0);
  const rlimit memory{rlim_t(limits.memory_bytes), rlim_t(limits.memory_bytes)};
  setrlimit(RLIMIT_AS, &memory);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  dup2(in, 0);
  dup2(out, 1);
  dup2(err, 2);
  execvp(argv[0], argv);
  const int reason = errno;
  if (write(failure, &reason, sizeof reason) < 0) _exit(126);
  _exit(127);
}

// Moves bytes until both outputs end; false when the time is up.
class Pump {
 public:
  Pump(Channel& in, Channel& out, Channel& err, std::string_view input, const ProcessLimits& limits)
      : in_(in), out_(out), err_(err), input_(input), limits_(limits) {}

  bool run(ProcessResult& result) {
    const auto end = std::chrono::steady_clock::now() +
                     std::chrono::milliseconds(int64_t(limits_.seconds * 1000));
    while (out_.ours.fd() >= 0 || err_.ours.fd() >= 0) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      std::array<pollfd, 3> p = {
          {{in_.ours.fd(), POLLOUT, 0}, {out_.ours.fd(), POLLIN, 0}, {err_.ours.fd(), POLLIN, 0}}};
      if (poll(p.data(), p.size(), int(left.count())) < 0 && errno != EINTR) system_error("poll");
      if (p[0].revents) feed();
      if (p[1].revents) drain(out_.ours, result.out);
      if (p[2].revents) drain(err_.ours, result.err);
    }
    return true;
  }

 private:
  void feed() {
    const ssize_t n = send(in_.ours.fd(), input_.data(), input_.size(), MSG_NOSIGNAL);
    if (n >= 0)
      input_.remove_prefix(size_t(n));
    else if (errno == EAGAIN || errno == EINTR)
      return;
    if (n < 0 || input_.empty()) in_.ours.close();
  }

  void drain(Descriptor& from, std::string& to) {
    std::array<char, 65536> buffer;
    const ssize_t n = read(from.fd(), buffer.data(), buffer.size());
    if (n > 0)
      to.append(buffer.data(), size_t(n));
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
      from.close();
    if (int64_t(to.size()) > limits_.output_bytes)
      throw RuntimeError(str("a program wrote more than ", limits_.output_bytes, " bytes"));
  }

  Channel &in_, &out_, &err_;
  std::string_view input_;
  const ProcessLimits& limits_;
};

// Kills the group and collects the child, whatever happens.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}

  Child(const Child&) = delete;

  ~Child() {
    if (pid_ > 0) {
      kill();
      wait();
    }
  }

  void kill() { ::kill(-pid_, SIGKILL); }

  int wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_;
};
}  // namespace

ProcessResult run_process(std::span<const std::string> argv, std::string_view input,
                          const ProcessLimits& limits) {
  std::vector<char*> words;
  for (const std::string& a : argv) words.push_back(const_cast<char*>(a.c_str()));
  words.push_back(nullptr);
  Channel in = make_channel(), out = make_channel(), err = make_channel(), failure = make_channel();
  const pid_t pid = fork();
  if (pid < 0) system_error("fork");
  if (pid == 0)
    become(words.data(), limits, in.theirs.fd(), out.theirs.fd(), err.theirs.fd(),
           failure.theirs.fd());
  setpgid(pid, pid);  // also here: whichever of the two runs first
  Child child(pid);
  for (Channel* c : {&in, &out, &err, &failure}) c->theirs.close();
  if (input.empty()) in.ours.close();
  ProcessResult result;
  result.timed_out = !Pump(in, out, err, input, limits).run(result);
  child.kill();  // grandchildren that kept the group alive
  result.exit_code = child.wait();
  int reason = 0;
  if (read(failure.ours.fd(), &reason, sizeof reason) == ssize_t(sizeof reason))
    result.found = false;
  return result;
}
}  // namespace cambium
