// What attention and cross_attention share: options, checks, projections, and the way to the fused
// operator.
#pragma once
#include "blocks/layers.h"

namespace cambium {
struct Heads {
  int64_t heads = 1, kv_heads = 0, window = 0, dilation = 1;
  std::string position = "none";
  double rope_base = 10000, soft_cap = 0, dropout = 0;
  bool bias = true, qk_norm = false, gate = false;
  static constexpr auto fields = std::tuple{
      field("heads", &Heads::heads, "heads of width C / heads").in(1, 1024),
      field("kv_heads", &Heads::kv_heads,
            "heads of keys and values, shared by groups of queries; 0: as many as heads")
          .in(0, 1024),
      field("window", &Heads::window, "a token sees those less than `window` places away; 0: all")
          .in(0),
      field("dilation", &Heads::dilation,
            "a token sees only those a multiple of `dilation` places away, and the window counts "
            "them; with no window the strided pattern")
          .in(1),
      field("position", &Heads::position,
            "rope: rotate queries and keys by their position; alibi: scores fall with the distance")
          .one_of("none|rope|alibi"),
      field("rope_base", &Heads::rope_base, "the longest rotation takes 2 pi rope_base positions")
          .in(1),
      field("soft_cap", &Heads::soft_cap, "scores s become cap tanh(s / cap); 0: they stay").in(0),
      field("dropout", &Heads::dropout, "drop attention weights in training").in(0, 0.99),
      field("bias", &Heads::bias, "biases in the projections"),
      field("qk_norm", &Heads::qk_norm, "RMS-normalise queries and keys per head"),
      field("gate", &Heads::gate, "multiply the heads' output by sigmoid(x Wg) before Wo")};

  int64_t groups() const { return kv_heads ? kv_heads : heads; }
};

// UserError, with heads that fit, unless C channels can be split that way.
inline void check_heads(const Heads& a, int64_t c) {
  std::vector<int64_t> fits;
  for (int64_t h = 1; h <= c && h <= 64; ++h)
    if (c % h == 0 && (a.position != "rope" || (c / h) % 2 == 0)) fits.push_back(h);
  if (c % a.heads != 0) {
    int64_t below = 0, above = 0;
    for (int64_t h : fits) {
      if (h < a.heads) below = h;
      if (h > a.heads && above == 0) above = h;
    }
    std::string help = below ? str("use heads: ", below) : std::string();
    if (above) help += help.empty() ? str("use heads: ", above) : str(" or heads: ", above);
    throw UserError(str("heads = ", a.heads, " does not divide C = ", c), help);
  }
  require(a.kv_heads == 0 || a.heads % a.kv_heads == 0, "kv_heads = ", a.kv_heads,
          " does not divide heads = ", a.heads);
  require(a.position != "rope" || (c / a.heads) % 2 == 0,
          "position = rope needs heads of even width, ", "heads = ", a.heads, " of C = ", c,
          " are ", c / a.heads, " wide");
}

// x [B,T,C] through "<name>.weight" to [B,T,heads,width], then its norm and its rotation.
inline Value project_heads(Builder& b, const Heads& a, std::string_view name, Value x,
                           int64_t heads, int64_t width, bool places = true) {
  const Shape& s = x.shape();
  const Value flat = b.linear(name, x, heads * width, a.bias);
  Value y = b.emit("reshape", {flat}, {{"shape", std::vector<int64_t>{s[0], s[1], heads, width}}});
  if (!places) return y;
  if (a.qk_norm) y = b.in_scope(str(name, "_norm"), [&] { return normalise(b, "rms", y); });
  if (a.position != "rope") return y;
  return b.emit("rope", b.step ? std::vector{y, b.step->position} : std::vector{y},
                {{"base", a.rope_base}});
}

// Writes the token's x [B,1,G,D] into the cache "<name>_cache" [B,context,G,D] and answers that.
inline Value remember(Builder& b, std::string_view name, Value x) {
  const Shape& s = x.shape();
  const Value cache =
      b.state(str(name, "_cache"), {DType::kF32, {s[0], b.step->context, s[2], s[3]}}, {});
  const Value next = b.emit("cache_write", {cache, x, b.step->position});
  b.update_state(cache, next);
  return next;
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

// softmax(q k^T) v for q [B,T,H,D], k and v [B,S,G,D]: [B,T,H,D].
inline Value attend(Builder& b, const Heads& a, bool causal, Value q, Value k, Value v) {
  const bool drop = a.dropout > 0 && b.training;
  Args args = {{"causal", causal},
               {"window", a.window},
               {"alibi", a.position == "alibi"},
               {"soft_cap", a.soft_cap}};
  if (drop) args.push_back({"dropout", a.dropout});
  if (drop) args.push_back({"stream", b.random_stream("weights")});
  if (b.step) {
    require(causal && a.dilation == 1,
            "only causal attention without dilation works one token at a time");
    return b.emit("attention_step", {q, remember(b, "k", k), remember(b, "v", v), b.step->position},
                  args);
  }
  const int64_t t = q.shape()[1];
  if (a.dilation > 1) {
    if (t % a.dilation != 0)
      throw UserError(str("dilation = ", a.dilation, " does not divide T = ", t),
                      "use a dilation that divides the number of tokens");
    for (Value* x : {&q, &k, &v}) *x = fold_residues(b, *x, a.dilation, false);
  }
  const Value o =
      b.emit("attention", drop ? std::vector{q, k, v, b.rng()} : std::vector{q, k, v}, args);
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
