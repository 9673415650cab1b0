// What attention and cross_attention share: options, checks, projections, and the way to the fused
// operator.
#pragma once
#include "blocks/padding.h"
#include "blocks/steps.h"
#include "blocks/transformer/relative.h"

namespace cambium {
struct Heads : Relative {
  int64_t kv_heads = 0, window = 0, dilation = 1;
  double rope_base = 10000, scale = 0, soft_cap = 0, dropout = 0;
  bool bias = true, qkv_bias = true, qk_norm = false, gate = false, sinks = false;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{
          field("heads", &Heads::heads, "heads of width C / heads").in(1, 1024),
          field("kv_heads", &Heads::kv_heads,
                "heads of keys and values, shared by groups of queries; 0: as many as heads")
              .in(0, 1024),
          field("window", &Heads::window,
                "a token sees those less than `window` places away; 0: all")
              .in(0),
          field("dilation", &Heads::dilation,
                "a token sees only those a multiple of `dilation` places away, and the window "
                "counts them; with no window the strided pattern")
              .in(1)},
      Relative::fields,
      std::tuple{
          field("rope_base", &Heads::rope_base,
                "the longest rotation takes 2 pi rope_base positions")
              .in(1),
          field("scale", &Heads::scale, "factor of the scores q . k; 0: 1 / sqrt(D)").in(0),
          field("soft_cap", &Heads::soft_cap, "scores s become cap tanh(s / cap); 0: they stay")
              .in(0),
          field("sinks", &Heads::sinks,
                "a learned score a head that takes weight and gives nothing, so that a token may "
                "look at none"),
          field("dropout", &Heads::dropout, "drop attention weights in training").in(0, 0.99),
          field("bias", &Heads::bias, "biases in the projections"),
          field("qkv_bias", &Heads::qkv_bias, "those of queries, keys and values; off: o's alone"),
          field("qk_norm", &Heads::qk_norm, "RMS-normalise queries and keys per head"),
          field("gate", &Heads::gate, "multiply the heads' output by sigmoid(x Wg) before Wo")});

  int64_t groups() const { return kv_heads ? kv_heads : heads; }
};

// What the width of a head must be a multiple of.
inline int64_t head_multiple(const Heads& a) {
  return a.position == "rope" ? 2 : a.position == "rope_2d" ? 4 : 1;
}

// The numbers of heads next to a.heads that C channels can be split into.
inline std::string heads_that_fit(const Heads& a, int64_t c) {
  const int64_t multiple = head_multiple(a);
  int64_t below = 0, above = 0;
  for (int64_t h = 1; h <= c && h <= 64; ++h) {
    if (c % h != 0 || (c / h) % multiple != 0) continue;
    if (h < a.heads) below = h;
    if (h > a.heads && above == 0) above = h;
  }
  std::string help = below ? str("use heads: ", below) : std::string();
  if (above) help += help.empty() ? str("use heads: ", above) : str(" or heads: ", above);
  return help;
}

// UserError, with heads that fit, unless C channels can be split that way.
inline void check_heads(const Heads& a, int64_t c) {
  if (c % a.heads != 0)
    throw OptionError("heads", str("heads = ", a.heads, " does not divide C = ", c),
                      heads_that_fit(a, c), c);
  if (a.kv_heads > 0 && a.heads % a.kv_heads != 0) {
    int64_t below = std::min(a.kv_heads, a.heads);
    while (a.heads % below != 0) --below;
    throw OptionError("kv_heads",
                      str("kv_heads = ", a.kv_heads, " does not divide heads = ", a.heads),
                      str("use kv_heads: ", below, ", or another divisor of ", a.heads));
  }
  const int64_t width = c / a.heads;
  if (width % head_multiple(a) != 0)
    throw OptionError("position",
                      str("position = ", a.position, " needs heads ",
                          a.position == "rope" ? "of even width" : "whose width 4 divides",
                          ", heads = ", a.heads, " of C = ", c, " are ", width, " wide"),
                      heads_that_fit(a, c), c);
}

inline Value part_of_heads(Builder& b, Value x, int64_t begin, int64_t end,
                           const std::vector<int64_t>& shape) {
  const Value part = b.emit("slice", {x}, {{"axis", 3}, {"begin", begin}, {"end", end}});
  return b.emit("reshape", {part}, {{"shape", shape}});
}

// x [B,T,H,D] of tokens from a grid: the first half of a head turns by its row, the second by its
// column. Heo et al. 2024, arXiv 2403.13298 (axial).
inline Value rotate_in_grid(Builder& b, const Heads& a, const Stream& s, Value x) {
  const Shape& z = x.shape();
  if (b.step || s.rows * s.columns != z[1])
    throw OptionError(
        "position", "position = rope_2d needs the tokens of a grid",
        "use it between grid_to_tokens or patch_embed and a class_token, or position: "
        "rope");
  const int64_t half = z[3] / 2;
  const std::vector<int64_t> whole = {z[0], z[1], z[2], half};
  const auto turn = [&](int64_t begin, const std::vector<int64_t>& shape) {
    const Value part = part_of_heads(b, x, begin, begin + half, shape);
    const Value turned = b.emit("rope", {part}, {{"base", a.rope_base}});
    return b.emit("reshape", {turned}, {{"shape", whole}});
  };
  const Value by_row = turn(0, {z[0], s.rows, s.columns * z[2], half});
  const Value by_column = turn(half, {z[0] * s.rows, s.columns, z[2], half});
  return b.emit("concat", {by_row, by_column}, {{"axis", 3}});
}

// The stream's x [B,T,C] through "<name>.weight" to [B,T,heads,width], then its norm and its
// rotation.
inline Value project_heads(Builder& b, const Heads& a, std::string_view name, const Stream& from,
                           int64_t heads, int64_t width, bool places = true) {
  const Shape& s = from.shape();
  const Value flat = b.linear(name, from.x, heads * width, a.bias && a.qkv_bias);
  Value y = b.emit("reshape", {flat}, {{"shape", std::vector<int64_t>{s[0], s[1], heads, width}}});
  if (!places) return y;
  if (a.qk_norm) y = b.in_scope(str(name, "_norm"), [&] { return normalise(b, "rms", y); });
  if (a.position == "rope_2d") return rotate_in_grid(b, a, from, y);
  if (a.position != "rope") return y;
  return b.emit("rope", b.step ? std::vector{y, b.step->position} : std::vector{y},
                {{"base", a.rope_base}});
}

// [B,T,H,D] -> [B d, T / d, H, D]: tokens of one residue modulo d become a sequence; or the way
// back.
inline Value fold_residues(Builder& b, Value x, int64_t d, bool back) {
  const Shape& s = x.shape();
  const std::vector<int64_t> split = back ? std::vector<int64_t>{s[0] / d, d, s[1], s[2], s[3]}
                                          : std::vector<int64_t>{s[0], s[1] / d, d, s[2], s[3]};
  const std::vector<int64_t> joined = back ? std::vector<int64_t>{s[0] / d, s[1] * d, s[2], s[3]}
                                           : std::vector<int64_t>{s[0] * d, s[1] / d, s[2], s[3]};
  const Value parts = b.emit("reshape", {x}, {{"shape", split}});
  const Value turned =
      b.emit("transpose", {parts}, {{"perm", std::vector<int64_t>{0, 2, 1, 3, 4}}});
  return b.emit("reshape", {turned}, {{"shape", joined}});
}

// The same of a mask [B,S].
inline Value fold_mask(Builder& b, Value mask, int64_t d) {
  const int64_t batch = mask.shape()[0], keys = mask.shape()[1];
  const auto reshaped = [&](Value x, std::vector<int64_t> shape) {
    return b.emit("reshape", {x}, {{"shape", std::move(shape)}});
  };
  const Value folded = fold_residues(b, reshaped(mask, {batch, keys, 1, 1}), d, false);
  return reshaped(folded, {batch * d, keys / d});
}

// Optional inputs of the attention operators; none where left out.
struct AttentionInputs {
  Value bias, sinks, blocks, mask;
};

// Which tokens of the stream are real, as attention's mask [B,T]; none when all are.
inline Value real_keys(Builder& b, const Stream& s) {
  const Value mask = padding_mask(s);
  if (!mask) return {};
  return b.emit("reshape", {mask}, {{"shape", std::vector<int64_t>{s.shape()[0], s.shape()[1]}}});
}

// The attention operator on inputs that stay whole: q [B,T,H,D], k and v [B,S,G,D] to [B,T,H,D].
inline Value emit_attention(Builder& b, const Heads& a, std::vector<Value> qkv,
                            const AttentionInputs& more, Args args) {
  const bool drop = a.dropout > 0 && b.training;
  args.insert(args.end(), {{"scale", a.scale}, {"soft_cap", a.soft_cap}});
  if (drop) args.push_back({"dropout", a.dropout});
  if (drop) args.push_back({"stream", b.random_stream("weights")});
  qkv.insert(qkv.end(), {drop ? b.rng() : Value{}, more.bias, more.sinks, more.blocks, more.mask});
  while (!qkv.back()) qkv.pop_back();
  return b.emit("attention", std::move(qkv), args);
}

// The score of each head's sink [H].
inline Value sinks_of(Builder& b, const Heads& a) {
  return a.sinks ? b.weight("sinks", Weight::bias(a.heads)) : Value{};
}

// Which of the cached keys count: the `keep` with the highest scores (0: all), those of the listed
// blocks (none: all).
struct StepKeys {
  int64_t keep = 0, block = 0;
  Value blocks = {};
};

// softmax(q k^T) v of one token for the cached keys and values.
inline Value attend_step(Builder& b, const Heads& a, bool causal, Value q, Value k, Value v,
                         const StepKeys& keys = {}) {
  require(causal && a.dilation == 1,
          "only causal attention without dilation works one token at a time");
  k = remember(b, "k", k, a.window);
  v = remember(b, "v", v, a.window);
  const int64_t held = k.shape()[1];
  const Value bias = a.position == "t5"
                         ? relative_bias(b, a, relative_table(b, a), causal, {held, held, 0})
                         : Value{};
  std::vector<Value> in = {q, k, v, b.step->position, bias, sinks_of(b, a), keys.blocks};
  while (!in.back()) in.pop_back();
  return b.emit("attention_step", std::move(in),
                {{"causal", causal},
                 {"window", a.window},
                 {"alibi", a.position == "alibi"},
                 {"scale", a.scale},
                 {"soft_cap", a.soft_cap},
                 {"block", keys.block},
                 {"keep", keys.keep}});
}

// softmax(q k^T) v for q [B,T,H,D], k and v [B,S,G,D]: [B,T,H,D]. Positions count from the start of
// either sequence; `mask` [B,S] may be none.
inline Value attend(Builder& b, const Heads& a, bool causal, Value q, Value k, Value v,
                    Value mask) {
  if (b.step) return attend_step(b, a, causal, q, k, v);
  if (a.dilation > 1) {
    const int64_t t = q.shape()[1];
    if (t % a.dilation != 0)
      throw OptionError("dilation", str("dilation = ", a.dilation, " does not divide T = ", t),
                        "use a dilation that divides the number of tokens");
    for (Value* x : {&q, &k, &v}) *x = fold_residues(b, *x, a.dilation, false);
    if (mask) mask = fold_mask(b, mask, a.dilation);
  }
  AttentionInputs more;
  const Distances distances{q.shape()[1], k.shape()[1], 0, a.dilation};
  const bool alibi = a.position == "alibi";
  if (a.position == "t5")
    more.bias = relative_bias(b, a, relative_table(b, a), causal, distances);
  else if (alibi && a.dilation > 1)  // the operator's own count the tokens of one residue
    more.bias = alibi_bias(b, a, distances);
  more.sinks = sinks_of(b, a);
  more.mask = mask;
  const Value o =
      emit_attention(b, a, {q, k, v}, more,
                     {{"causal", causal}, {"window", a.window}, {"alibi", alibi && !more.bias}});
  return a.dilation > 1 ? fold_residues(b, o, a.dilation, true) : o;
}

// The heads' results o [B,T,H,D], gated from x, through "o.weight": [B,T,C].
inline Value join_heads(Builder& b, const Heads& a, Value x, Value o) {
  const Shape& s = x.shape();
  const int64_t inner = o.shape()[2] * o.shape()[3];
  Value flat = b.emit("reshape", {o}, {{"shape", std::vector<int64_t>{s[0], s[1], inner}}});
  if (a.gate) flat = b.emit("mul", {flat, b.emit("sigmoid", {b.linear("gate", x, inner, a.bias)})});
  return b.residual_linear("o", flat, s.last(), a.bias);
}
}  // namespace cambium
