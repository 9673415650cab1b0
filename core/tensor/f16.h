// f16: IEEE 754's binary16 (1 sign, 5 exponent, 10 fraction bits), of files alone.
#pragma once
#include <bit>
#include <cstdint>

namespace cambium {
// Exactly: every number of it is an f32 too; subnormals, infinities and NaN (with its bits) alike.
constexpr float from_f16(uint16_t x) {
  const uint32_t sign = uint32_t(x & 0x8000u) << 16;
  const uint32_t exponent = (x >> 10) & 0x1fu, fraction = x & 0x3ffu;
  if (exponent == 0) {  // fraction * 2^-24
    const float size = float(fraction) * 0x1p-24F;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(size));
  }
  const uint32_t wide = exponent == 31 ? 255 : exponent + (127 - 15);
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}
}  // namespace cambium
