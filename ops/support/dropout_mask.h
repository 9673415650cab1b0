// Dropout masks: which elements fall, as a pure function of (seed, step, stream, element). Nothing
// is saved for the backward pass; both passes ask again.
#pragma once
#include <algorithm>

#include "core/rng.h"

namespace cambium {
// One mask: Philox's seed and stream for one dropout in one training step.
struct DropoutMask {
  uint64_t seed = 0, stream = 0;
  uint32_t threshold = 0;  // an element falls when its random word is below this: p * 2^32
  float keep_scale = 1;    // 1 / (1 - p): the mean of y stays that of x

  // `rng` = {seed, step}; `stream` names the dropout; 0 <= p < 1.
  DropoutMask(int64_t seed_value, int64_t step, int64_t stream_value, double p)
      : seed(uint64_t(seed_value)),
        stream(uint64_t(stream_value) ^ (uint64_t(step) * 0x9E3779B97F4A7C15u)),
        threshold(uint32_t(std::min(p * 0x1p32, 0x1p32 - 1))),
        keep_scale(float(1 / (1 - p))) {}

  // Elements come in blocks of 64 = 16 counters x 4 words; word w of counter c is element 16 w + c,
  // so that a block is computed in 16 lanes without shuffles.
  static constexpr int64_t kBlock = 64;

  bool drops(int64_t element) const {
    const uint64_t e = uint64_t(element);
    return philox(seed, stream, e / 64 * 16 + e % 16)[e % 64 / 16] < threshold;
  }

  float factor(int64_t element) const { return drops(element) ? 0.0f : keep_scale; }

  // factors[0..64) of one block. Vectorises inside a CAMBIUM_SIMD function.
  [[gnu::always_inline]] inline void block_factors(int64_t block, float* factors) const {
    uint32_t c0[16], c1[16], c2[16], c3[16];
    for (int l = 0; l < 16; ++l) {
      const uint64_t index = uint64_t(block) * 16 + uint64_t(l);
      c0[l] = uint32_t(index);
      c1[l] = uint32_t(index >> 32);
      c2[l] = uint32_t(stream);
      c3[l] = uint32_t(stream >> 32);
    }
    uint32_t k0 = uint32_t(seed), k1 = uint32_t(seed >> 32);
    for (int round = 0; round < 10; ++round) {
      for (int l = 0; l < 16; ++l) {
        const uint64_t p0 = uint64_t(0xD2511F53u) * c0[l], p1 = uint64_t(0xCD9E8D57u) * c2[l];
        c0[l] = uint32_t(p1 >> 32) ^ c1[l] ^ k0;
        c1[l] = uint32_t(p1);
        c2[l] = uint32_t(p0 >> 32) ^ c3[l] ^ k1;
        c3[l] = uint32_t(p0);
      }
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    for (int l = 0; l < 16; ++l) factors[l] = c0[l] < threshold ? 0.0f : keep_scale;
    for (int l = 0; l < 16; ++l) factors[16 + l] = c1[l] < threshold ? 0.0f : keep_scale;
    for (int l = 0; l < 16; ++l) factors[32 + l] = c2[l] < threshold ? 0.0f : keep_scale;
    for (int l = 0; l < 16; ++l) factors[48 + l] = c3[l] < threshold ? 0.0f : keep_scale;
  }
};
}  // namespace cambium
