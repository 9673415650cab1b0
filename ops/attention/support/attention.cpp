#include "ops/attention/support/attention.h"

#include <cmath>

#include "graph/graph.h"
#include "ops/pointwise/support/dropout.h"

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

AttentionSizes attention_sizes(const Attention& a, const Shape& q, const Shape& k, const Shape& v) {
  return {.B = q[0],
          .T = q[1],
          .S = k[1],
          .H = q[2],
          .G = k[2],
          .D = q[3],
          .E = v[3],
          .causal = a.causal,
          .alibi = a.alibi,
          .scale = float(a.scale > 0 ? a.scale : 1 / std::sqrt(double(std::max<int64_t>(1, q[3])))),
          .soft_cap = float(a.soft_cap),
          .window = a.window,
          .block = 0,
          .listed = 0,
          .width = round_up(q[3], kLanes),
          .value_width = round_up(v[3], kLanes)};
}

AttentionSizes attention_sizes(const Call& c, int extra) {
  const auto& a = c.as<Attention>();
  AttentionSizes z = attention_sizes(a, c.shape(0), c.shape(1), c.shape(2));
  if (!c.has(extra + kBlocksExtra)) return z;
  z.block = a.block;
  z.listed = c.shape(extra + kBlocksExtra).last();
  return z;
}

double attention_pairs(const Call& c, int extra) {
  const AttentionSizes z = attention_sizes(c, extra);
  if (z.block == 0) return z.pairs();
  const Value blocks = c.in[size_t(extra + kBlocksExtra)];
  const auto& list = blocks.graph->node(blocks.node).constant;
  const double heads = double(z.B * z.H);
  if (!list) return heads * double(z.T * z.listed * z.block);
  double pairs = 0;
  for (int64_t t = 0; t < z.T; ++t)
    for (int64_t i = 0; i < z.listed; ++i) {
      const int64_t at = list->i32()[size_t(t / z.block * z.listed + i)] * z.block;
      const int64_t first = std::max(at, z.lowest(t));
      if (at >= 0)
        pairs += double(std::max<int64_t>(0, std::min(at + z.block, z.visible(t)) - first));
    }
  return pairs * heads;
}

static void check_extras(const Call& c, int extra) {
  const auto& a = c.as<Attention>();
  const int64_t T = c.shape(0)[1], H = c.shape(0)[2], S = c.shape(1)[1];
  const auto expect = [&](int i, std::string_view name, const ValueType& type) {
    require(!c.has(i) || c.in[size_t(i)].type() == type, name, " must be ", type, ", got ",
            c.has(i) ? c.in[size_t(i)].type().text() : "none");
  };
  expect(extra + kBiasExtra, "bias", {DType::kF32, {H, std::max<int64_t>(0, S + T - 1)}});
  expect(extra + kSinksExtra, "sinks", {DType::kF32, {H}});
  expect(extra + kMaskExtra, "mask", {DType::kF32, {c.shape(1)[0], S}});
  if (c.has(extra + kPairsExtra)) {
    const ValueType& pairs = c.in[size_t(extra + kPairsExtra)].type();
    const int64_t B = c.shape(0)[0], sets = pairs.shape.rank() == 4 ? pairs.shape[0] : 0;
    require(pairs == ValueType{DType::kF32, {sets == 1 ? 1 : B, H, S, T}},
            "pairs must be f32 [1 or ", B, ",", H, ",", S, ",", T, "], got ", pairs);
  }
  if (a.dropout > 0) require_rng(c, extra + kRngExtra);
  const int list = extra + kBlocksExtra;
  if (!c.has(list)) return;
  require(a.block > 0 && a.window == 0, "a list of blocks goes with a block and without a window");
  require(a.dropout == 0 || a.block == kKeyTile,
          "dropout of listed blocks needs block = ", kKeyTile);
  require(c.dtype(list) == DType::kI32 && c.shape(list).rank() == 2 &&
              c.shape(list)[0] == (T + a.block - 1) / a.block,
          "blocks must be i32 [", (T + a.block - 1) / a.block, ",L], got ",
          c.in[size_t(list)].type());
}

void check_attention(const Call& c, int extra) {
  for (int i = 0; i < 3; ++i)
    require(c.has(i) && c.dtype(i) == DType::kF32 && c.shape(i).rank() == 4,
            "q, k and v must be f32 of rank 4, got ",
            c.has(i) ? c.in[size_t(i)].type().text() : "none");
  const Shape &q = c.shape(0), &k = c.shape(1), &v = c.shape(2);
  require(k == v.with_last(k[3]), "k ", k, " and v ", v,
          " must have the same shape but for widths");
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
  const int64_t turned = turned_channels(a, q[3]);
  require(a.rope == 0 || (q[1] == k[1] && turned % 2 == 0 && turned <= q[3]),
          "rope turns pairs of ", turned, " channels of as many queries as keys: q is ", q, ", k ",
          k);
  check_extras(c, extra);
}
}  // namespace cambium
