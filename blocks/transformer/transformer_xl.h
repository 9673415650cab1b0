// Positions as Transformer-XL has them: a score is (q + u) . k + (q + w) . r, where r comes from
// the distance alone, as waves through a matrix, and u and w are learned vectors of each head.
// Dai et al. 2019, arXiv 1901.02860, section 3.3.
#pragma once
#include "blocks/transformer/heads.h"
#include "blocks/transformer/waves.h"

namespace cambium {
// x [B,T,H,D] with a vector of each head added.
inline Value with_head_vector(Builder& b, std::string_view name, Value x) {
  const int64_t h = x.shape()[2], d = x.shape()[3];
  const Value vector = b.weight(name, {ParameterKind::kBias, {h, d}});
  return b.emit("add", {x, reshaped(b, vector, {1, 1, h, d})});
}

// What the attention operators take as pairs [B,H,S,T]: scale (q + w) . r for q [B,T,H,D] of a
// stream of C channels and as many keys as queries.
inline Value distance_pairs(Builder& b, Value q, int64_t c, double scale) {
  const int64_t t = q.shape()[1], h = q.shape()[2], d = q.shape()[3], distances = 2 * t - 1;
  const Value waves = b.table(DType::kF32, {distances, c}, [&](Tensor& table) {
    const Waves waves(c, 10000);
    for (int64_t i = 0; i < distances * c; ++i)
      table.f32()[size_t(i)] = waves.at(t - 1 - i / c, i % c);  // the query's place - the key's
  });
  const std::vector<int64_t> heads_first = {0, 2, 1, 3};
  const Value r = reshaped(b, b.linear("r", waves, h * d, false), {1, distances, h, d});
  const Value asked = b.emit("scale", {with_head_vector(b, "w", q)}, {{"a", scale}});
  const Value e = b.emit("matmul",
                         {b.emit("transpose", {asked}, {{"perm", heads_first}}),
                          b.emit("transpose", {r}, {{"perm", heads_first}})},
                         {{"transpose_b", true}});  // [B,H,T,2 T - 1]
  return b.emit("relative_shift", {e});
}
}  // namespace cambium
