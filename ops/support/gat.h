// Graph attention: what gat_attention and its gradient share, attributes and the dropout of edges.
#pragma once
#include "core/rng.h"
#include "ops/support/edges.h"

namespace cambium {
struct GatAttention {
  double slope = 0.2, dropout = 0;
  int64_t stream = 0;
  bool self_loops = true;

  static constexpr auto fields = std::tuple{
      field("slope", &GatAttention::slope, "of leaky_relu below zero").in(0, 1),
      field("dropout", &GatAttention::dropout, "share of attention weights dropped").in(0, 0.999),
      field("stream", &GatAttention::stream, "names the stream of random numbers"),
      field("self_loops", &GatAttention::self_loops, "every node also hears itself")};
};

// What dropout multiplies elements [first, first + count) with: 0 or 1 / (1 - p). A pure function
// of rng = {seed, step}, the stream and the element, so the gradient sees the mask of the forward
// pass. T is float or double.
template <class T>
void fill_dropout(const GatAttention& a, int64_t seed, int64_t step, int64_t first, int64_t count,
                  T* out) {
  constexpr uint64_t kOdd = 0x9E3779B97F4A7C15u;  // sends steps to distant streams
  const uint64_t stream = uint64_t(a.stream) ^ (uint64_t(step) * kOdd);
  const T kept = T(1 / (1 - a.dropout));
  std::array<uint32_t, 4> word{};
  for (int64_t i = first; i < first + count; ++i) {
    if (i == first || i % 4 == 0) word = philox(uint64_t(seed), stream, uint64_t(i / 4));
    out[i - first] = double(uniform_of(word[size_t(i % 4)])) < a.dropout ? T(0) : kept;
  }
}

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
inline void require_rng(const Call& c, int rng) {
  const bool given = c.has(rng) && c.dtype(rng) == DType::kI64 && c.shape(rng) == Shape{2};
  require(given || c.as<GatAttention>().dropout == 0, "dropout = ", c.as<GatAttention>().dropout,
          " needs the input rng: i64 [2] = {seed, step}");
}
}  // namespace cambium
