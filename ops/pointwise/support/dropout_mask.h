// Dropout masks: which elements fall, as a pure function of (seed, step, stream, element). Nothing
// is saved for the backward pass; both passes ask again.
#pragma once
#include <algorithm>

#include "core/rng.h"

namespace cambium {
// Philox's stream of one user of random numbers in one training step.
constexpr uint64_t stream_in_step(int64_t stream, int64_t step) {
  return uint64_t(stream) ^ (uint64_t(step) * 0x9E3779B97F4A7C15u);
}

// One mask: Philox's seed and stream for one dropout in one training step.
struct DropoutMask {
  uint64_t seed = 0, stream = 0;
  uint32_t threshold = 0;  // an element falls when its random word is below this: p * 2^32
  float keep_scale = 1;    // 1 / (1 - p): the mean of y stays that of x

  // `rng` = {seed, step}; `stream` names the dropout; 0 <= p < 1.
  DropoutMask(int64_t seed_value, int64_t step, int64_t stream_value, double p)
      : seed(uint64_t(seed_value)),
        stream(stream_in_step(stream_value, step)),
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

  // keeps[0..8): all ones where elements first + offset[l] stay, 0 where they fall; each as
  // drops() says; offsets >= 0. Runs in vector registers inside a CAMBIUM_SIMD function.
  [[gnu::always_inline]] inline void eight_keep(uint64_t first, const int32_t* offset,
                                                int32_t* keeps) const {
    HalfWords offsets;
    __builtin_memcpy(&offsets, offset, sizeof offsets);
    const Words element = __builtin_convertvector(offsets, Words) + first;
    Words c[4] = {element / 64 * 16 + element % 16};
    run_rounds(c);
    const Words which = element % 64 / 16;
    const Words low = which == 0 ? c[0] : c[1], high = which == 2 ? c[2] : c[3];
    const Words word = which < 2 ? low : high;
    const auto narrow = __builtin_convertvector(word, HalfWords);
    const auto stays = narrow >= threshold;
    __builtin_memcpy(keeps, &stays, sizeof stays);
  }

 private:
  using Words [[gnu::vector_size(64)]] = uint64_t;  // eight 32-bit words, each in 64 bits
  using HalfWords [[gnu::vector_size(32)]] = uint32_t;
  using HalfLanes [[gnu::vector_size(32), gnu::aligned(4), gnu::may_alias]] = float;

  // Eight counters from `first` on; word w of counter c goes to factors[16 w + c].
  [[gnu::always_inline]] inline void half_block_factors(uint64_t first, float* factors) const {
    constexpr Words kIota = {0, 1, 2, 3, 4, 5, 6, 7};
    Words c[4] = {kIota + first};
    run_rounds(c);
    for (int64_t w = 0; w < 4; ++w) store_factors(c[w], factors + 16 * w);
  }

  // Philox of eight counters at once: c[0] holds them on entry, c[w] word w of each afterwards.
  [[gnu::always_inline]] inline void run_rounds(Words* c) const {
    constexpr uint64_t kLow = 0xffffffffu;
    Words c0 = c[0] & kLow, c1 = c[0] >> 32;
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
    c[0] = c0;
    c[1] = c1;
    c[2] = c2;
    c[3] = c3;
  }

  [[gnu::always_inline]] inline void store_factors(const Words& words, float* factors) const {
    const auto narrow = __builtin_convertvector(words, HalfWords);
    *reinterpret_cast<HalfLanes*>(factors) =
        narrow < threshold ? HalfLanes{} : HalfLanes{} + keep_scale;
  }
};
}  // namespace cambium
