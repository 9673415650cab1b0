// bf16: the upper half of an f32 (8 bits of precision, the same range). Products take bf16 operands
// and add up in f32; everything else stays in f32.
#pragma once
#include <bit>
#include <cstdint>

#include "graph/op.h"

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

// Whether oneDNN multiplies bf16 operands on this machine (it needs AVX-512).
bool has_bf16_products();

// UserError unless the two operands of a product are both f32 or both bf16.
void require_product(const Call& c, int a, int b);

// The graph with every product (linear, matmul, conv2d and their gradients) in bf16: its operands
// are cast, its result stays f32, and the gradient of a bias is summed from the f32 gradient. A
// value that several products use is cast once, after share_common.
Graph place_casts(const Graph& g);
}  // namespace cambium
