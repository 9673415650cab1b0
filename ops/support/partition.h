// Splitting work into numbered parts, for kernels whose threads own a piece of scratch.
#pragma once
#include "core/system/parallel.h"

namespace cambium {
// How many parts `items` are worth: no more than the threads there are when the kernel is made.
inline int64_t part_count(int64_t items) {
  return std::clamp<int64_t>(items, 1, thread_count());
}

// Calls f(part, begin, end) for `parts` contiguous ranges that cover [0, items), in parallel.
template <class F> void for_each_part(int64_t items, int64_t parts, const F& f) {
  parallel_for(parts, 1, [&](int64_t first, int64_t last) {
    for (int64_t part = first; part < last; ++part)
      f(part, items * part / parts, items * (part + 1) / parts);
  });
}

constexpr int64_t round_up(int64_t n, int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}
}  // namespace cambium
