#include "core/system/subprocess.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "core/system/descriptor.h"
#include "core/system/process.h"

namespace cambium {
namespace {
[[noreturn]] void system_error(std::string_view what) {
  throw RuntimeError(str("cannot run a program: ", what, ": ", std::strerror(errno)));
}

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
}  // namespace

ProcessResult run_process(std::span<const std::string> argv, std::string_view input,
                          const ProcessLimits& limits) {
  Channel in = make_channel(), out = make_channel(), err = make_channel();
  Process process({.argv = {argv.begin(), argv.end()},
                   .in = in.theirs.fd(),
                   .out = out.theirs.fd(),
                   .err = err.theirs.fd(),
                   .memory_bytes = limits.memory_bytes});
  for (Channel* c : {&in, &out, &err}) c->theirs.close();
  if (input.empty()) in.ours.close();
  ProcessResult result;
  result.found = process.error() == 0;
  result.timed_out = !Pump(in, out, err, input, limits).run(result);
  process.kill();  // grandchildren that kept the group alive
  process.wait();
  result.exit_code = process.exit_code();
  return result;
}
}  // namespace cambium
