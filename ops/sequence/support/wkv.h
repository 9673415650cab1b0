// What wkv and its gradient share: sizes, and the running sums of 16 channels.
#pragma once
#include <algorithm>
#include <cmath>

#include "graph/op.h"
#include "ops/support/partition.h"
#include "ops/support/tile.h"

namespace cambium {
struct WkvSizes {
  int64_t B, T, C;

  int64_t blocks() const { return (C + kLanes - 1) / kLanes; }

  int64_t at(int64_t b, int64_t t, int64_t channel) const { return (b * T + t) * C + channel; }
};

inline WkvSizes wkv_sizes(const Call& c) {
  const Shape& k = c.shape(0);
  return {k[0], k[1], k[2]};
}

// References: what each token s <= t counts in y_t of channel i, from k, v, w and u; sums to one.
inline std::vector<double> wkv_shares(const WkvSizes& z, std::span<const Ref> in, int64_t b,
                                      int64_t t, int64_t i) {
  std::vector<double> share;
  for (int64_t s = 0; s <= t; ++s) {
    const auto age = double(t - 1 - s);
    share.push_back(in[0][z.at(b, s, i)] + (s == t ? in[3][i] : age > 0 ? age * in[2][i] : 0));
  }
  const double top = *std::ranges::max_element(share);
  double total = 0;
  for (double& x : share) total += x = std::exp(x - top);
  for (double& x : share) x /= total;
  return share;
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
  Lanes w, u, above, below, exponent;
};

// What one token sees: y = (before above + now v) / total, all over e^exponent.
struct WkvStep {
  Lanes y, before, now, total, exponent;
};

// Of T tokens: nobody hears a decay before the third.
[[gnu::always_inline]] inline void start_wkv(const float* w, const float* u, int64_t count,
                                             int64_t T, WkvLanes& s) {
  s.w = load_some(w, T > 2 ? count : 0);
  s.u = load_some(u, count);
  s.above = s.below = Lanes{};
  s.exponent = Lanes{} - 1e30f;
}

[[gnu::always_inline]] inline void look(const WkvLanes& s, const Lanes& k, const Lanes& v,
                                        WkvStep& step) {
  const Lanes here = s.u + k;
  step.exponent = s.exponent > here ? s.exponent : here;
  step.before = exp_below(s.exponent - step.exponent);
  step.now = exp_below(here - step.exponent);
  step.total = step.before * s.below + step.now;
  step.y = (step.before * s.above + step.now * v) / step.total;
}

[[gnu::always_inline]] inline void advance(WkvLanes& s, const Lanes& k, const Lanes& v) {
  const Lanes aged = s.exponent + s.w, top = aged > k ? aged : k;
  const Lanes old = exp_below(aged - top), fresh = exp_below(k - top);
  s.above = old * s.above + fresh * v;
  s.below = old * s.below + fresh;
  s.exponent = top;
}
}  // namespace cambium
