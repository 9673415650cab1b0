// latent_attention: attention whose keys and values are made of one short vector a token, which is
// all that generation keeps of it. [B,T,C] -> [B,T,C], H heads of widths R (rotated), N and V
//   c = norm(x Wc) [B,T,L];  r = rope(x Wr) [B,T,R], one for all heads
//   q = [rope(q_r), q_n] of x Wq, or of norm(x Wd) Wq with q_rank
//   k_h = [r, (c Wk)_h];  v_h = (c Wv)_h;  o = softmax(q k^T / sqrt(R + N)) v;  y = o Wo
// One token at a time nothing is made of c for the tokens before: q_n . (c Wk)_h = (Wk_h q_n) . c,
// and the weighted sum of values is (sum p c) Wv_h, so that a step is attention of H heads of R + L
// channels to one cached head [r, c].
#include <cmath>

#include "blocks/transformer/attend.h"

namespace cambium::block_latent_attention {
namespace {
struct Latent {
  int64_t heads = 1, kv_rank = 0, q_rank = 0, key_dim = 0, rope_dim = 0, value_dim = 0;
  bool causal = false, bias = false;
  double rope_base = 10000, scale = 0, soft_cap = 0, dropout = 0;
  std::string position = "rope";
  static constexpr auto fields = std::tuple{
      field("heads", &Latent::heads, "heads of queries; keys and values are made for each of them")
          .in(1, 1024),
      field("kv_rank", &Latent::kv_rank,
            "width L of what keys and values are made of and generation keeps; 0: 4 key_dim")
          .in(0, kMostHeadWidth),
      field("q_rank", &Latent::q_rank,
            "width of what queries are made of; 0: they are made of the stream")
          .in(0, kMostHeadWidth),
      field("key_dim", &Latent::key_dim,
            "width N of the part of a head's queries and keys that does not turn; 0: C / heads")
          .in(0, kMostHeadWidth),
      field("rope_dim", &Latent::rope_dim,
            "width R of the part that turns, an even number; 0: half of key_dim, at least 2")
          .in(0, kMostHeadWidth),
      field("value_dim", &Latent::value_dim, "width V of a head's values; 0: key_dim")
          .in(0, kMostHeadWidth),
      field("causal", &Latent::causal, "position t sees 0..t only"),
      field("position", &Latent::position,
            "rope: a part of queries and keys turns by the position; none: there is no such part")
          .one_of("rope|none"),
      field("rope_base", &Latent::rope_base, "the longest rotation takes 2 pi rope_base positions")
          .in(1),
      field("scale", &Latent::scale, "factor of the scores q . k; 0: 1 / sqrt(R + N)").in(0),
      field("soft_cap", &Latent::soft_cap, "scores s become cap tanh(s / cap); 0: they stay").in(0),
      field("dropout", &Latent::dropout, "drop attention weights in training").in(0, 0.99),
      field("bias", &Latent::bias, "biases in the projections from the stream and in o's")};
};

// With what is left out filled in. OptionError where a width cannot be.
Latent with_widths(Latent a, int64_t c) {
  if (a.key_dim == 0 && c % a.heads != 0)
    throw OptionError("key_dim", str("heads = ", a.heads, " does not divide C = ", c),
                      "say how wide heads are, as in key_dim: 64", c);
  if (a.key_dim == 0) a.key_dim = c / a.heads;
  if (a.kv_rank == 0) a.kv_rank = 4 * a.key_dim;
  if (a.value_dim == 0) a.value_dim = a.key_dim;
  if (a.position == "none") {
    if (a.rope_dim > 0)
      throw OptionError("rope_dim", "rope_dim does not go with position = none",
                        "leave rope_dim out, or use position: rope");
    return a;
  }
  if (a.rope_dim % 2 != 0)
    throw OptionError("rope_dim", str("rope_dim = ", a.rope_dim, " is odd, and rope turns pairs"),
                      str("use rope_dim: ", a.rope_dim + 1));
  if (a.rope_dim == 0) a.rope_dim = std::max<int64_t>(2, (a.key_dim + 2) / 4 * 2);
  return a;
}

Value part_of(Builder& b, Value x, int64_t begin, int64_t end) {
  if (begin == 0 && end == x.shape().last()) return x;
  return b.emit("slice", {x}, {{"axis", -1}, {"begin", begin}, {"end", end}});
}

Value norm_of(Builder& b, std::string_view name, Value x) {
  return b.in_scope(name, [&] { return normalise(b, "rms", x); });
}

// The first rope_dim channels of heads [B,T,H,D] turned.
Value turned(Builder& b, const Latent& a, Value x) {
  if (a.position == "none") return x;
  return b.emit("rope", b.step ? std::vector{x, b.step->position} : std::vector{x},
                {{"base", a.rope_base}, {"channels", a.rope_dim}});
}

// [B,T,H,R + N], turned.
Value queries(Builder& b, const Latent& a, Value x) {
  const int64_t batch = x.shape()[0], tokens = x.shape()[1], width = a.rope_dim + a.key_dim;
  if (a.q_rank > 0) x = norm_of(b, "q_norm", b.linear("q_down", x, a.q_rank, a.bias));
  const Value flat = b.linear("q", x, a.heads * width, a.bias && a.q_rank == 0);
  return turned(b, a, reshaped(b, flat, {batch, tokens, a.heads, width}));
}

// What a token leaves: c [B,T,L], and r [B,T,1,R] as it is before it turns; none without rope.
struct Remains {
  Value latent, rotated;
};

Remains remains(Builder& b, const Latent& a, Value x) {
  const Value both = b.linear("kv_down", x, a.kv_rank + a.rope_dim, a.bias);
  Remains out{norm_of(b, "kv_norm", part_of(b, both, 0, a.kv_rank)), {}};
  if (a.rope_dim > 0)
    out.rotated = reshaped(b, part_of(b, both, a.kv_rank, a.kv_rank + a.rope_dim),
                           {x.shape()[0], x.shape()[1], 1, a.rope_dim});
  return out;
}

// [B,T,H,V]: over the whole sequence, with keys and values of all heads.
Value attend_whole(Builder& b, const Latent& a, const Stream& s, Value q, const Remains& kept) {
  const int64_t batch = s.shape()[0], tokens = s.shape()[1];
  const auto heads_of = [&](std::string_view name, int64_t width) {
    const Value flat = b.linear(name, kept.latent, a.heads * width, false);
    return reshaped(b, flat, {batch, tokens, a.heads, width});
  };
  Value k = heads_of("k", a.key_dim);
  const Value v = heads_of("v", a.value_dim);
  if (kept.rotated) {
    const std::vector<int64_t> shape = {batch, tokens, a.heads, a.rope_dim};
    const Value shared = b.emit("broadcast_to", {kept.rotated}, {{"shape", shape}});
    k = turned(b, a, b.emit("concat", {shared, k}, {{"axis", 3}}));
  }
  Heads h;
  h.scale = a.scale;
  h.soft_cap = a.soft_cap;
  h.dropout = a.dropout;
  return emit_attention(b, h, {q, k, v}, {.mask = real_keys(b, s)}, {{"causal", a.causal}});
}

// x [B,1,H,W] times the heads' part of "<name>.weight" [L,H W], turned around or not.
Value by_head(Builder& b, const Latent& a, std::string_view name, Value x, int64_t width,
              bool back) {
  const int64_t batch = x.shape()[0], rank = a.kv_rank;
  const Value w = b.weight(str(name, ".weight"), Weight::matrix(rank, a.heads * width, {}));
  const Value heads = b.emit("transpose", {reshaped(b, w, {1, rank, a.heads, width})},
                             {{"perm", std::vector<int64_t>{0, 2, 1, 3}}});  // [1,H,L,W]
  const Value rows = reshaped(b, x, {batch, a.heads, 1, x.shape().last()});
  const Value y = b.emit("matmul", {rows, heads}, {{"transpose_b", back}});
  return reshaped(b, y, {batch, 1, a.heads, y.shape().last()});
}

// [B,1,H,V]: one token against the cache of [r, c].
Value attend_cached(Builder& b, const Latent& a, Value q, const Remains& kept) {
  const int64_t batch = q.shape()[0], width = a.rope_dim + a.key_dim;
  const Value latent = reshaped(b, kept.latent, {batch, 1, 1, a.kv_rank});
  Value row = latent;
  if (kept.rotated) row = b.emit("concat", {turned(b, a, kept.rotated), latent}, {{"axis", 3}});
  const Value cache = remember(b, "latent", row);
  Value asked = by_head(b, a, "k", part_of(b, q, a.rope_dim, width), a.key_dim, true);
  if (kept.rotated) asked = b.emit("concat", {part_of(b, q, 0, a.rope_dim), asked}, {{"axis", 3}});
  const double scale = a.scale > 0 ? a.scale : 1 / std::sqrt(double(width));
  const Value o = b.emit("attention_step", {asked, cache, cache, b.step->position},
                         {{"causal", true}, {"scale", scale}, {"soft_cap", a.soft_cap}});
  return by_head(b, a, "v", part_of(b, o, a.rope_dim, a.rope_dim + a.kv_rank), a.value_dim, false);
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  Latent a = with_widths(use.attrs.as<Latent>(), s.channels());
  require_looks_back(b, a.causal);
  a.scale = b.score_scale(a.scale, a.rope_dim + a.key_dim);
  const Value q = queries(b, a, s.x);
  const Remains kept = remains(b, a, s.x);
  const Value o = b.step ? attend_cached(b, a, q, kept) : attend_whole(b, a, s, q, kept);
  Heads h;
  h.bias = a.bias;
  s.x = join_heads(b, h, s.x, o);
  return s;
}
}  // namespace

extern const Block block_latent_attention = {
    .name = "latent_attention",
    .family = "transformer",
    .doc =
        "Multi-head latent attention (MLA): keys and values of low rank, of which generation keeps "
        "one short vector a token, and a part of each head that is rotated",
    .formula =
        "c = norm(x Wc); q = [rope(x Wqr), x Wqn]; k = [rope(x Wr), c Wk]; y = softmax(q k^T / "
        "sqrt(R + N)) (c Wv) Wo",
    .paper = "DeepSeek-AI 2024, arXiv 2405.04434, section 2.1",
    .attrs = fields_of<Latent>,
    .primary = "heads",
    .accepts = {Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .looks_back_with = "causal: true",
    .build = build,
    .samples = {
        {"latent_attention: 2", Domain::kTokens, {2, 5, 8}},
        {"latent_attention: {heads: 2, kv_rank: 3, q_rank: 5, key_dim: 3, rope_dim: 2, value_dim: "
         "4, causal: true}",
         Domain::kTokens,
         {2, 6, 4}},
        {"latent_attention: {heads: 3, key_dim: 2, position: none, causal: true, bias: true, "
         "soft_cap: 2}",
         Domain::kTokens,
         {1, 5, 4}},
        {"latent_attention: {heads: 1, kv_rank: 2, dropout: 0.3, scale: 0.7, rope_base: 50}",
         Domain::kTokens,
         {1, 4, 3}}}};
}  // namespace cambium::block_latent_attention
