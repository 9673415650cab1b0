// What a piece of code took: seconds of processors, and the most memory above what the process held
// before.
#pragma once
#include <ctime>
#include <fstream>

#include "core/system/memory.h"

namespace cambium::test {
class Spent {
 public:
  Spent() {
    release_free_memory();
    std::ofstream("/proc/self/clear_refs") << 5;  // forgets the peak so far
    before_ = current_resident_bytes();
  }

  double seconds() const { return used() - used_before_; }

  double megabytes() const { return double(peak_resident_bytes() - before_) / 1e6; }

 private:
  static double used() { return double(std::clock()) / CLOCKS_PER_SEC; }

  int64_t before_ = 0;
  double used_before_ = used();
};

// What no file may take longer or more than to be checked.
inline constexpr double kMostSeconds = 2, kMostMegabytes = 500;

// Sizes that overflow 32 or 64 bits when two or three of them meet, and none.
inline constexpr int64_t kHostileSizes[] = {
    -1, 0, INT32_MAX, int64_t{1} << 31, 100'000'000'000, int64_t{1} << 62, INT64_MAX};
}  // namespace cambium::test
