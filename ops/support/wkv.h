// What wkv and its gradient share: sizes, and the running sums of 16 channels.
#pragma once
#include "graph/op.h"
#include "ops/support/partition.h"
#include "ops/support/tile.h"

namespace cambium {
struct WkvSizes {
  int64_t B, T, C;

  int64_t blocks() const { return (C + kLanes - 1) / kLanes; }
};

inline WkvSizes wkv_sizes(const Call& c) {
  const Shape& k = c.shape(0);
  return {k[0], k[1], k[2]};
}

// UserError unless k and v are f32 [B,T,C], w and u [C].
inline void check_wkv(const Call& c) {
  for (int i = 0; i < 4; ++i)
    require(c.dtype(i) == DType::kF32, "input ", i, " must be f32, got ", c.in[size_t(i)].type());
  const Shape& k = c.shape(0);
  require(k.rank() == 3 && c.shape(1) == k, "k ", k, " and v ", c.shape(1),
          " must both be [B,T,C]");
  require(c.shape(2) == Shape{k[2]} && c.shape(3) == Shape{k[2]}, "w ", c.shape(2), " and u ",
          c.shape(3), " must be [C] = ", Shape{k[2]});
}

// Sums over the tokens before: e^exponent above and e^exponent below.
struct WkvLanes {
  float w[kLanes], u[kLanes], above[kLanes], below[kLanes], exponent[kLanes];
};

// What one token sees: y = (before above + now v) / total, all over e^exponent.
struct WkvStep {
  float y[kLanes], before[kLanes], now[kLanes], total[kLanes], exponent[kLanes];
};

[[gnu::always_inline]] inline void start_wkv(const float* w, const float* u, int64_t count,
                                             WkvLanes& s) {
  for (int64_t l = 0; l < kLanes; ++l) {
    s.w[l] = l < count ? w[l] : 0;
    s.u[l] = l < count ? u[l] : 0;
    s.above[l] = s.below[l] = 0;
    s.exponent[l] = -1e30f;
  }
}

[[gnu::always_inline]] inline void look(const WkvLanes& s, const float* k, const float* v,
                                        WkvStep& step) {
  for (int64_t l = 0; l < kLanes; ++l) {
    const float here = s.u[l] + k[l], top = s.exponent[l] > here ? s.exponent[l] : here;
    step.before[l] = simd_exp(s.exponent[l] - top);
    step.now[l] = simd_exp(here - top);
    step.total[l] = step.before[l] * s.below[l] + step.now[l];
    step.y[l] = (step.before[l] * s.above[l] + step.now[l] * v[l]) / step.total[l];
    step.exponent[l] = top;
  }
}

[[gnu::always_inline]] inline void advance(WkvLanes& s, const float* k, const float* v) {
  for (int64_t l = 0; l < kLanes; ++l) {
    const float aged = s.exponent[l] + s.w[l], top = aged > k[l] ? aged : k[l];
    const float old = simd_exp(aged - top), fresh = simd_exp(k[l] - top);
    s.above[l] = old * s.above[l] + fresh * v[l];
    s.below[l] = old * s.below[l] + fresh;
    s.exponent[l] = top;
  }
}
}  // namespace cambium
