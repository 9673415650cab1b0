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

  // factors[0..64) of one block. Runs in vector registers inside a CAMBIUM_SIMD function.
  [[gnu::always_inline]] inline void block_factors(int64_t block, float* factors) const {
    half_block_factors(uint64_t(block) * 16, factors);
    half_block_factors(uint64_t(block) * 16 + 8, factors + 8);
  }

 private:
  using Words [[gnu::vector_size(64)]] = uint64_t;  // eight 32-bit words, each in 64 bits
  using HalfWords [[gnu::vector_size(32)]] = uint32_t;
  using HalfLanes [[gnu::vector_size(32), gnu::aligned(4), gnu::may_alias]] = float;

  // Eight counters from `first` on; word w of counter c goes to factors[16 w + c].
  [[gnu::always_inline]] inline void half_block_factors(uint64_t first, float* factors) const {
    constexpr Words kIota = {0, 1, 2, 3, 4, 5, 6, 7};
    constexpr uint64_t kLow = 0xffffffffu;
    const Words index = kIota + first;
    Words c0 = index & kLow, c1 = index >> 32;
    Words c2 = Words{} + (stream & kLow), c3 = Words{} + (stream >> 32);
    uint32_t k0 = uint32_t(seed), k1 = uint32_t(seed >> 32);
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
      const Words p0 = c0 * 0xD2511F53u, p1 = c2 * 0xCD9E8D57u;
      c0 = (p1 >> 32) ^ c1 ^ k0;
      c1 = p1 & kLow;
      c2 = (p0 >> 32) ^ c3 ^ k1;
      c3 = p0 & kLow;
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    store_factors(c0, factors);
    store_factors(c1, factors + 16);
    store_factors(c2, factors + 32);
    store_factors(c3, factors + 48);
  }

  [[gnu::always_inline]] inline void store_factors(const Words& words, float* factors) const {
    const auto narrow = __builtin_convertvector(words, HalfWords);
    *reinterpret_cast<HalfLanes*>(factors) =
        narrow < threshold ? HalfLanes{} : HalfLanes{} + keep_scale;
  }
};
}  // namespace cambium
