// Graph attention: what gat_attention and its gradient share, attributes and the dropout of edges.
#pragma once
#include "ops/support/dropout.h"
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
}  // namespace cambium
