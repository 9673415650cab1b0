// What a piece of code took: seconds, and the most memory above what the process held before.
#pragma once
#include <fstream>

#include "core/clock.h"
#include "core/memory.h"

namespace cambium::test {
class Spent {
 public:
  Spent() {
    release_free_memory();
    std::ofstream("/proc/self/clear_refs") << 5;  // forgets the peak so far
    before_ = current_resident_bytes();
  }

  double seconds() const { return watch_.seconds(); }

  double megabytes() const { return double(peak_resident_bytes() - before_) / 1e6; }

 private:
  int64_t before_ = 0;
  Stopwatch watch_;
};

// What no file may take longer or more than to be checked.
inline constexpr double kMostSeconds = 2, kMostMegabytes = 500;

// Sizes that overflow 32 or 64 bits when two or three of them meet, and none.
inline constexpr int64_t kHostileSizes[] = {
    -1, 0, INT32_MAX, int64_t{1} << 31, 100'000'000'000, int64_t{1} << 62, INT64_MAX};
}  // namespace cambium::test
