// Stopwatch: monotonic time, which no change of the wall clock can disturb.
#pragma once
#include <chrono>

namespace cambium {
class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

  double milliseconds() const { return seconds() * 1e3; }

  void restart() { start_ = std::chrono::steady_clock::now(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};
}  // namespace cambium
