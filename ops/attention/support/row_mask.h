// Masks of padding: f32, one number a place; below 1/2 nothing real is there.
#pragma once
#include <cstdint>

namespace cambium {
// Whether a mask, null where there is none, says that place i is real.
template <class Number> bool is_real(const Number* mask, int64_t i) {
  return !mask || mask[i] >= Number(0.5);
}

// How many of the places [begin, end) are real.
template <class Number> int64_t count_real(const Number* mask, int64_t begin, int64_t end) {
  if (!mask) return end - begin;
  int64_t count = 0;
  for (int64_t i = begin; i < end; ++i) count += is_real(mask, i);
  return count;
}
}  // namespace cambium
