// Which keys a query's result hears; of attention and top_k_attention.
#include "ops/attention/support/attention.h"

namespace cambium {
namespace {
// [B,T,heads] of q, k or v [B,T,heads,D].
Reach of_heads(const Reach& r) {
  return reduced(r, std::array{3}, {r.shape[0], r.shape[1], r.shape[2]});
}

// [B,S,G] with what is known to be padding left out; `mask` [B,S] may be null.
Reach real_keys(const Reach& k, const Reach& v, const Reach* mask) {
  Reach keys = of_heads(k);
  if (v.shape[3] > 0) keys = joined(keys, of_heads(v), keys.shape);
  if (!mask) return keys;
  const Shape column{k.shape[0], k.shape[1], 1};
  if (!mask->known) return joined(keys, reshaped(*mask, column), keys.shape);
  Ref real = *mask->known;
  for (double& x : real.data) x = x >= 0.5;
  return product(keys, reach_of_known(column, std::make_shared<const Ref>(std::move(real))),
                 keys.shape);
}

// [B,S,G] seen by queries [B,T,G]: place t hears the keys it sees.
Reach seen_by_queries(const AttentionSizes& z, const Reach& keys, const double* blocks) {
  const bool everything = !z.causal && z.window == 0 && !blocks;
  if (everything) {
    Reach all = mixed(keys, std::array{1});
    all.shape.set(1, z.T);
    return all;
  }
  return along(keys, 1, z.T, [&](int64_t t, const Hear& hear) {
    const int64_t first = z.lowest(t), end = z.visible(t);
    if (!blocks) return hear(first, end);
    for (int64_t i = 0; i < z.listed; ++i) {
      const auto block = int64_t(blocks[t / z.block * z.listed + i]);
      if (block >= 0) hear(std::max(first, block * z.block), std::min(end, (block + 1) * z.block));
    }
  });
}
}  // namespace

void reach_attention(const AttentionSizes& z, std::span<const Reach> in, const HeardExtras& more,
                     std::span<Reach> out) {
  const Reach *blocks = more.blocks, *pairs = more.pairs;
  if (z.B * z.T * z.H * z.D == 0) return;
  Heard beside = more.rest;
  if (blocks && !blocks->known) beside.join(whole(*blocks));
  const double* listed = blocks && blocks->known ? blocks->known->data.data() : nullptr;
  Reach heads = seen_by_queries(z, real_keys(in[1], in[2], more.mask), listed);  // [B,T,G]
  if (!heads.uniform(2) && z.G != z.H)
    heads = along(heads, 2, z.H, [&](int64_t h, const Hear& hear) {
      hear(h / z.heads_per_group(), h / z.heads_per_group() + 1);
    });
  heads.shape.set(2, z.H);
  heads = joined(heads, of_heads(in[0]), heads.shape);
  if (pairs) {  // [1 or B,H,S,T]
    const Reach queries = reduced(*pairs, std::array{2}, {pairs->shape[0], z.H, z.T});
    heads = joined(heads, transposed(queries, std::array<int64_t, 3>{0, 2, 1}), heads.shape);
  }
  join_whole(heads, beside);
  if (z.E > 0) out[0] = spread(reshaped(heads, {z.B, z.T, z.H, 1}), out[0].shape);
  const Reach rows = transposed(heads, std::array<int64_t, 3>{0, 2, 1});
  out[1] = rows;
  if (out.size() > 2) out[2] = spread(reshaped(rows, {z.B, z.H, z.T, 1}), out[2].shape);
}
}  // namespace cambium
