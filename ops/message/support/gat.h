// Graph attention: what gat_attention and its gradient share, attributes and the dropout of edges.
#pragma once
#include "ops/message/support/edges.h"
#include "ops/pointwise/support/dropout.h"
#include "ops/support/tile.h"

namespace cambium {
struct GatAttention {
  double slope = 0.2, dropout = 0;
  int64_t stream = 0;
  bool self_loops = true;

  static constexpr auto fields = std::tuple{
      field("slope", &GatAttention::slope, "of leaky_relu below zero").in(0, 1),
      field("dropout", &GatAttention::dropout, "share of attention weights dropped").in(0, 0.999),
      field("stream", &GatAttention::stream, "names the stream of random numbers").any(),
      field("self_loops", &GatAttention::self_loops, "every node also hears itself")};
};

// What dropout multiplies elements [first, first + count) of alpha with, into `out`.
void fill_factors(const DropoutMask& mask, int64_t first, int64_t count, float* out);

// UserError unless inputs [at, at + 3) are nodes z [N,H,D] and attention vectors a_src, a_dst [H,D]
// for the graph of input 0.
inline void require_gat(const Call& c, int at) {
  require_nodes(c, 0, at);
  const Shape& z = c.shape(at);
  require(z.rank() == 3, "nodes are [N,H,D], got ", z);
  for (int i = at + 1; i < at + 3; ++i)
    require(c.shape(i) == Shape{z[1], z[2]}, "an attention vector is ", Shape{z[1], z[2]},
            " for nodes ", z, ", got ", c.shape(i));
}

// UserError when attention is to be dropped and input `rng` is not i64 [2].
inline void require_rng_to_drop(const Call& c, int rng) {
  const double p = c.as<GatAttention>().dropout;
  if (p == 0) return;
  require(c.has(rng), "dropout = ", p, " needs the input rng: i64 [2] = {seed, step}");
  require_rng(c, rng);
}

using HalfLanes [[gnu::vector_size(32), gnu::aligned(4), gnu::may_alias]] = float;

// The heads of an edge or a node, up to 16 at a time, in a vector; kHeads is their number when it
// is known beforehand, else 0. Lanes behind them are zero.
template <int64_t kHeads>
[[gnu::always_inline]] inline Lanes load_heads(const float* x, int64_t n) {
  if constexpr (kHeads == 8) {
    const HalfLanes half = *reinterpret_cast<const HalfLanes*>(x);
    return __builtin_shufflevector(half, HalfLanes{}, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
                                   14, 15);
  }
  return load_some(x, kHeads ? kHeads : n);
}

template <int64_t kHeads>
[[gnu::always_inline]] inline void store_heads(float* x, int64_t n, const Lanes& v) {
  if constexpr (kHeads == 8) {
    *reinterpret_cast<HalfLanes*>(x) = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7);
    return;
  }
  store_some(x, kHeads ? kHeads : n, v);
}

// Rows of 8 heads of 8 channels, the published model's, as four vectors.
struct EightByEight {
  [[gnu::always_inline]] explicit EightByEight(const float* x) {
#pragma GCC unroll 4
    for (int64_t v = 0; v < 4; ++v) part[v] = load_lanes(x + v * kLanes);
  }

  // <x_h, y_h> of head h in lane h.
  [[gnu::always_inline]] RegisterLanes dots(const float* y) const {
    const IntLanes l = lane_numbers();
    const IntLanes half = l % 4 + l / 4 * 8, quarter = l % 2 + l / 2 * 4, even = 2 * l % 16;
    RegisterLanes p[4];
#pragma GCC unroll 4
    for (int64_t v = 0; v < 4; ++v) p[v] = part[v] * load_lanes(y + v * kLanes);
    const RegisterLanes low = choose_lanes(p[0], p[1], half) + choose_lanes(p[0], p[1], half + 4);
    const RegisterLanes high = choose_lanes(p[2], p[3], half) + choose_lanes(p[2], p[3], half + 4);
    const RegisterLanes pairs =
        choose_lanes(low, high, quarter) + choose_lanes(low, high, quarter + 2);
    return choose_lanes(pairs, pairs, even) + choose_lanes(pairs, pairs, even + 1);
  }

  // x_h += w_h y_h.
  [[gnu::always_inline]] void add(const RegisterLanes& w, const float* y) {
    const IntLanes head = lane_numbers() / 8;
#pragma GCC unroll 4
    for (int64_t v = 0; v < 4; ++v)
      part[v] += choose_lanes(w, w, head + int32_t(2 * v)) * load_lanes(y + v * kLanes);
  }

  [[gnu::always_inline]] void store(float* x) const {
#pragma GCC unroll 4
    for (int64_t v = 0; v < 4; ++v) store_lanes(x + v * kLanes, part[v]);
  }

  RegisterLanes part[4];
};

// Calls f with the number of heads as a constant where a kernel is compiled for it, else with 0.
template <class F> void with_heads(int64_t heads, int64_t width, const F& f) {
  if (heads == 8 && width == 8)
    f(std::integral_constant<int64_t, 8>());
  else if (heads == 1)
    f(std::integral_constant<int64_t, 1>());
  else
    f(std::integral_constant<int64_t, 0>());
}
}  // namespace cambium
