// Rows that are mostly zeros: what sparse_linear and its gradient share. Which elements of a row
// count is kept in words of 32 bits, lowest bit first; bits past the last column are 0.
#pragma once
#include <cstring>

#include "graph/op.h"
#include "ops/support/simd_math.h"

namespace cambium {
constexpr int64_t kWordColumns = 32;

constexpr int64_t words_of(int64_t columns) {
  return (columns + kWordColumns - 1) / kWordColumns;
}

// Whether column `c` counts in a row of words held as numbers (references).
inline bool counts_in(const Ref& words, int64_t row, int64_t columns, int64_t c) {
  const double word = words[row * words_of(columns) + c / kWordColumns];
  return uint32_t(int32_t(word)) >> (c % kWordColumns) & 1u;
}

// A bit for each of x[0..32) that is not zero (NaN is not).
[[gnu::always_inline]] inline uint32_t nonzero_word(const float* x) {
  using Bits [[gnu::vector_size(64)]] = int32_t;
  using HalfBits [[gnu::vector_size(32)]] = int32_t;
  using QuarterBits [[gnu::vector_size(16)]] = int32_t;
  constexpr Bits kLow = {1 << 0, 1 << 1, 1 << 2,  1 << 3,  1 << 4,  1 << 5,  1 << 6,  1 << 7,
                         1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15};
  const RegisterLanes low = LoadedLanes(x).v, high = LoadedLanes(x + kLanes).v;
  const Bits bits = ((low != 0.0f) & kLow) | (((high != 0.0f) & kLow) << 16);
  HalfBits half[2];
  std::memcpy(half, &bits, sizeof bits);
  const HalfBits h = half[0] | half[1];
  QuarterBits quarter[2];
  std::memcpy(quarter, &h, sizeof h);
  const QuarterBits q = quarter[0] | quarter[1];
  uint64_t pair[2];
  std::memcpy(pair, &q, sizeof q);
  const uint64_t p = pair[0] | pair[1];
  return uint32_t(p) | uint32_t(p >> 32);
}

// The same for x[0..count), count <= 32.
[[gnu::always_inline]] inline uint32_t nonzero_word(const float* x, int64_t count) {
  if (count >= kWordColumns) return nonzero_word(x);
  uint32_t word = 0;
  for (int64_t k = 0; k < count; ++k) word |= uint32_t(x[k] != 0) << k;
  return word;
}

// y[0..n) += a * x[0..n).
[[gnu::always_inline]] inline void add_scaled(float* y, float a, const float* x, int64_t n) {
  int64_t k = 0;
  for (; k + kLanes <= n; k += kLanes)
    write_lanes(y + k, LoadedLanes(y + k).v + a * LoadedLanes(x + k).v);
  for (; k < n; ++k) y[k] += a * x[k];
}
}  // namespace cambium
