// Process: a program that runs as a child of this one. Every program that this one starts is
// started here: run_process (core/system/subprocess.h) talks to one until it ends, start_process
// leaves one running beside this process.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace cambium {
struct Launch {
  std::vector<std::string> argv;  // argv[0]: a path, or without a slash a name looked up in PATH
  // Open descriptors that become its standard ones; -1: /dev/null.
  int in = -1, out = -1, err = -1;
  int64_t memory_bytes =
      0;  // limit of its address space, and it leaves no core; 0: as this process
};

// Move-only. The program leads a group of its own, so that Ctrl-C reaches it through this process
// alone; it is killed when this process, or the thread that made it, ends. One still running when
// its handle goes is killed, with its children, and waited for.
class Process {
 public:
  // Answers when the program runs or could not be run. RuntimeError when the system refuses a
  // process.
  explicit Process(const Launch& launch);
  Process(Process&& o) noexcept;
  Process& operator=(Process&& o) noexcept;
  ~Process();

  // Why the program could not be run, as errno; 0: it could.
  int error() const { return error_; }

  bool ended();      // without waiting
  void interrupt();  // SIGTERM to the program alone: save and stop
  void kill();       // SIGKILL to it and its children
  void wait();

  // Of the program, or 128 + the signal that ended it. Only after it ended.
  int exit_code() const { return code_; }

 private:
  pid_t pid_ = -1;  // -1: it ended and was waited for
  int code_ = -1, error_ = 0;
};

// A program that reads nothing and writes its output and errors into a file. RuntimeError when it
// cannot be run or the file cannot be made.
Process start_process(const std::string& program, const std::vector<std::string>& arguments,
                      const std::string& output);
}  // namespace cambium
