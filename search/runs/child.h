// Child: one training run as a process of its own.
#pragma once
#include <string>
#include <vector>

#include <sys/types.h>

namespace cambium {
// Move-only; a child still alive when its handle goes is killed and waited for.
class Child {
 public:
  // Starts program with arguments; its output and errors go to `output`. It is killed when this
  // process, or the thread that made it, ends. RuntimeError when it cannot be started.
  Child(const std::string& program, const std::vector<std::string>& arguments,
        const std::string& output);
  Child(Child&& o) noexcept;
  Child& operator=(Child&& o) noexcept;
  ~Child();

  bool ended();      // without waiting
  void interrupt();  // SIGTERM: save and stop
  void wait();

  // Exit code, or 128 + the signal that ended it. Only after it ended.
  int exit_code() const { return code_; }

 private:
  pid_t pid_ = -1;
  int code_ = -1;
};
}  // namespace cambium
