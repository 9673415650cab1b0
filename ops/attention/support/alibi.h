// The factors of ALiBi: Press et al. 2021, arXiv 2108.12409.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

namespace cambium {
// How much a score of head `head` of `heads` falls with each place of distance: 2^(-8 (head + 1) /
// heads) where heads is a power of two. Else those of the power of two below come first and then,
// as in the authors' code, every second one of twice as many heads.
inline double alibi_slope(int64_t head, int64_t heads) {
  const auto power = int64_t(std::bit_floor(uint64_t(heads)));
  const bool further = head >= power;
  const int64_t place = further ? 2 * (head - power) + 1 : head + 1;
  return std::exp2(-8.0 * double(place) / double(further ? 2 * power : power));
}
}  // namespace cambium
