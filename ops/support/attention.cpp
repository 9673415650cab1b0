#include "ops/support/attention.h"

#include <cmath>

#include "ops/support/dropout.h"

namespace cambium {
double AttentionSizes::pairs() const {
  double pairs = 0;
  for (int64_t t = 0; t < T; ++t) pairs += double(visible(t) - lowest(t));
  return pairs * double(B) * double(H);
}

double attention_score(const AttentionSizes& z, double dot, int64_t h, int64_t t, int64_t s) {
  if (z.soft_cap > 0) dot = double(z.soft_cap) * std::tanh(dot / double(z.soft_cap));
  return dot - z.slope(h) * double(std::abs(t + z.S - z.T - s));
}

AttentionSizes attention_sizes(const Call& c) {
  const auto& a = c.as<Attention>();
  const Shape &q = c.shape(0), &k = c.shape(1);
  return {.B = q[0],
          .T = q[1],
          .S = k[1],
          .H = q[2],
          .G = k[2],
          .D = q[3],
          .causal = a.causal,
          .alibi = a.alibi,
          .scale = float(a.scale > 0 ? a.scale : 1 / std::sqrt(double(std::max<int64_t>(1, q[3])))),
          .soft_cap = float(a.soft_cap),
          .window = a.window,
          .width = round_up(q[3], kLanes)};
}

void check_attention(const Call& c, int rng) {
  for (int i = 0; i < 3; ++i)
    require(c.has(i) && c.dtype(i) == DType::kF32 && c.shape(i).rank() == 4,
            "q, k and v must be f32 of rank 4, got ",
            c.has(i) ? c.in[size_t(i)].type().text() : "none");
  const Shape &q = c.shape(0), &k = c.shape(1), &v = c.shape(2);
  require(k == v, "k ", k, " and v ", v, " must have the same shape");
  require(q[0] == k[0], "q has ", q[0], " sequences, k has ", k[0]);
  require(q[3] == k[3], "q has head width ", q[3], ", k has ", k[3]);
  require(k[2] > 0 && q[2] % k[2] == 0, "heads = ", q[2],
          " is not a multiple of kv_heads = ", k[2]);
  const bool work = q.count() > 0;
  require(!work || k[1] > 0, "there are no keys to attend to: k is ", k);
  const auto& a = c.as<Attention>();
  require(!work || !a.causal || k[1] >= q[1], "causal attention of ", q[1], " queries to ", k[1],
          " keys: the first queries would see nothing");
  require(!work || a.window == 0 || a.causal || std::abs(k[1] - q[1]) < a.window, "a window of ",
          a.window, " on ", q[1], " queries and ", k[1], " keys leaves queries without keys");
  if (a.dropout > 0) require_rng(c, rng);
}
}  // namespace cambium
