// bf16: the upper half of an f32 (8 bits of precision, the same range).
#pragma once
#include <bit>
#include <cstdint>

namespace cambium {
// Rounds to nearest, ties to even; a NaN stays one.
[[gnu::always_inline]] inline uint16_t to_bf16(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  const uint32_t rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
  return uint16_t((x != x ? bits | 0x400000u : rounded) >> 16);
}

[[gnu::always_inline]] inline float from_bf16(uint16_t x) {
  return std::bit_cast<float>(uint32_t(x) << 16);
}

void narrow_range(const float* x, uint16_t* y, int64_t n);
void truncate_range(const float* x, uint16_t* y, int64_t n);  // of numbers that are rounded already
void widen_range(const uint16_t* x, float* y, int64_t n);
}  // namespace cambium
