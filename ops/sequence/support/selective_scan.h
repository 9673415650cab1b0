// What selective_scan and its gradient share: attributes, sizes, and packed blocks of 16 channels.
#pragma once
#include "graph/op.h"
#include "ops/support/bf16.h"
#include "ops/support/partition.h"
#include "ops/support/scratch.h"
#include "ops/support/tile.h"

namespace cambium {
struct SelectiveScan {
  bool softplus = true;
  static constexpr auto fields = std::tuple{
      field("softplus", &SelectiveScan::softplus, "the step size is softplus(dt), else dt itself")};
};

namespace selective {
enum Input { kX, kDt, kA, kB, kC, kD, kDy, kStates };
}

// States are kept every so many steps, and computed again in between.
constexpr int64_t kStateChunk = 64;

struct SelectiveSizes {
  int64_t B, T, C, N;  // batch, steps, channels, states a channel
  bool softplus, skip;

  int64_t blocks() const { return (C + kLanes - 1) / kLanes; }

  int64_t chunks() const { return (T + kStateChunk - 1) / kStateChunk; }

  // Of the states of 16 channels at the start of a chunk: [N,16].
  int64_t kept(int64_t b, int64_t chunk, int64_t block) const {
    return ((b * chunks() + chunk) * blocks() + block) * N * kLanes;
  }

  double states() const { return double(B * T) * double(C * N); }
};

SelectiveSizes selective_sizes(const Call& c);
// UserError unless x, dt are f32 [B,T,C], A [C,N], B, C [B,T,N] and D, if there, [C].
void check_selective_scan(const Call& c);
double softplus_of(double x);

// to[i] = 16 channels of step i, zeros beyond `count`.
[[gnu::always_inline]] inline void pack_lanes(const float* from, int64_t stride, int64_t steps,
                                              int64_t count, float* to) {
  for (int64_t i = 0; i < steps; ++i, from += stride, to += kLanes)
    for (int64_t l = 0; l < kLanes; ++l) to[l] = l < count ? from[l] : 0;
}

[[gnu::always_inline]] inline void unpack_lanes(const float* from, int64_t steps, int64_t count,
                                                float* to, int64_t stride) {
  for (int64_t i = 0; i < steps; ++i, from += kLanes, to += stride)
    for (int64_t l = 0; l < count; ++l) to[l] = from[l];
}

// log(1 + e^x) to full relative accuracy: Kahan's correction for the rounding of 1 + e^-|x|.
[[gnu::always_inline]] inline float simd_softplus(float x) {
  const float e = simd_exp(x < 0 ? x : -x), u = 1.0f + e;
  const float low = u == 1.0f ? e : simd_log(u) * (e / (u - 1.0f));
  return (x > 0 ? x : 0.0f) + low;
}

[[gnu::always_inline]] inline void soften(float* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) x[i] = simd_softplus(x[i]);
}

// A of 16 channels as [N,16].
[[gnu::always_inline]] inline void pack_rates(const SelectiveSizes& z, const float* a,
                                              int64_t block, float* to) {
  const int64_t first = block * kLanes, count = std::min(kLanes, z.C - first);
  for (int64_t n = 0; n < z.N; ++n)
    for (int64_t l = 0; l < kLanes; ++l)
      to[n * kLanes + l] = l < count ? a[(first + l) * z.N + n] : 0;
}
}  // namespace cambium
