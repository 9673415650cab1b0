// What attention and cross_attention share: options, checks and projections.
#pragma once
#include "blocks/transformer/relative.h"

namespace cambium {
inline constexpr int64_t kMostHeadWidth = 1 << 16;

struct Heads : Relative {
  int64_t kv_heads = 0, head_dim = 0, value_dim = 0, rotary_dim = 0, window = 0, dilation = 1;
  double rope_base = 10000, scale = 0, soft_cap = 0, dropout = 0, qk_norm_eps = 1e-5;
  bool bias = true, qkv_bias = true, o_bias = true, qk_norm = false, gate = false, sinks = false;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{
          field("heads", &Heads::heads, "heads, of width C / heads unless head_dim says another")
              .in(1, 1024),
          field("kv_heads", &Heads::kv_heads,
                "heads of keys and values, shared by groups of queries; 0: as many as heads")
              .in(0, 1024),
          field("head_dim", &Heads::head_dim,
                "width D of a head's queries and keys; 0: C / heads, which heads must divide")
              .in(0, kMostHeadWidth),
          field("value_dim", &Heads::value_dim, "width of a head's values; 0: that of its keys")
              .in(0, kMostHeadWidth),
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
          field("rotary_dim", &Heads::rotary_dim,
                "rope: channels of a head that turn, the first ones, an even number; 0: all")
              .in(0, kMostHeadWidth),
          field("scale", &Heads::scale, "factor of the scores q . k; 0: 1 / sqrt(D)").in(0),
          field("soft_cap", &Heads::soft_cap, "scores s become cap tanh(s / cap); 0: they stay")
              .in(0),
          field("sinks", &Heads::sinks,
                "a learned score a head that takes weight and gives nothing, so that a token may "
                "look at none"),
          field("dropout", &Heads::dropout, "drop attention weights in training").in(0, 0.99),
          field("bias", &Heads::bias, "biases in the projections"),
          field("qkv_bias", &Heads::qkv_bias, "those of queries, keys and values; off: o's alone"),
          field("o_bias", &Heads::o_bias, "that of the output; off: those of q, k and v alone"),
          field("qk_norm", &Heads::qk_norm, "RMS-normalise queries and keys per head"),
          field("qk_norm_eps", &Heads::qk_norm_eps, "qk_norm: added to the mean square")
              .in(1e-12, 1),
          field("gate", &Heads::gate, "multiply the heads' output by sigmoid(x Wg) before Wo")});

  int64_t groups() const { return kv_heads ? kv_heads : heads; }

  // Of a head of C channels: of queries and keys, and of values.
  int64_t width(int64_t c) const { return head_dim ? head_dim : c / heads; }

  int64_t value_width(int64_t c) const { return value_dim ? value_dim : width(c); }
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

// UserErrors for what the position would not read.
inline void check_position_options(const Heads& a) {
  const auto goes_with = [&](std::string_view option, bool changed, auto... positions) {
    if (!changed || ((a.position == positions) || ...)) return;
    std::string use;
    ((use += str(use.empty() ? "" : " or ", positions)), ...);
    throw OptionError(std::string(option), str(option, " does not go with position = ", a.position),
                      str("use position: ", use, ", or leave ", option, " out"));
  };
  const Heads usual;
  goes_with("rotary_dim", a.rotary_dim > 0, "rope");
  goes_with("rope_base", a.rope_base != usual.rope_base, "rope", "rope_2d");
  goes_with("buckets", a.buckets != usual.buckets, "t5");
  goes_with("max_distance", a.max_distance != usual.max_distance, "t5");
  goes_with("share_bias", !a.share_bias.empty(), "t5", "relative_2d");
}

// UserError unless rotary_dim of a head's `width` channels can turn.
inline void check_rotary(const Heads& a, int64_t width) {
  if (a.rotary_dim == 0) return;
  if (a.rotary_dim > width)
    throw OptionError("rotary_dim",
                      str("rotary_dim = ", a.rotary_dim, " of heads that are ", width, " wide"),
                      str("use rotary_dim: ", width / 2 * 2, " or less"));
  if (a.rotary_dim % 2 != 0)
    throw OptionError("rotary_dim",
                      str("rotary_dim = ", a.rotary_dim, " is odd, and rope turns pairs"),
                      str("use rotary_dim: ", a.rotary_dim + (a.rotary_dim < width ? 1 : -1)));
}

// UserError, with what fits, unless heads can have the width that the options say.
inline void check_width(const Heads& a, int64_t c) {
  const int64_t width = a.width(c), multiple = head_multiple(a);
  check_position_options(a);
  check_rotary(a, width);
  if (a.rotary_dim > 0 || width % multiple == 0) return;
  const std::string needs = str("position = ", a.position, " needs heads ",
                                multiple == 2 ? "of even width" : "whose width 4 divides");
  if (a.head_dim == 0)
    throw OptionError("position",
                      str(needs, ", heads = ", a.heads, " of C = ", c, " are ", width, " wide"),
                      heads_that_fit(a, c), c);
  throw OptionError("head_dim", str(needs, ", head_dim = ", width),
                    str("use head_dim: ", (width / multiple + 1) * multiple));
}

// UserError, with heads that fit, unless C channels can be split that way.
inline void check_heads(const Heads& a, int64_t c) {
  if (a.head_dim == 0 && c % a.heads != 0)
    throw OptionError("heads", str("heads = ", a.heads, " does not divide C = ", c),
                      heads_that_fit(a, c), c);
  if (a.kv_heads > 0 && a.heads % a.kv_heads != 0) {
    int64_t below = std::min(a.kv_heads, a.heads);
    while (a.heads % below != 0) --below;
    throw OptionError("kv_heads",
                      str("kv_heads = ", a.kv_heads, " does not divide heads = ", a.heads),
                      str("use kv_heads: ", below, ", or another divisor of ", a.heads));
  }
  check_width(a, c);
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
  if (a.qk_norm)
    y = b.in_scope(str(name, "_norm"),
                   [&] { return normalise(b, "rms", y, {.eps = a.qk_norm_eps}); });
  if (a.position == "rope_2d") return rotate_in_grid(b, a, from, y);
  if (a.position != "rope") return y;
  return b.emit("rope", b.step ? std::vector{y, b.step->position} : std::vector{y},
                {{"base", a.rope_base}, {"channels", a.rotary_dim}});
}

// The heads' results o [B,T,H,D], gated from x, through "o.weight": [B,T,C].
inline Value join_heads(Builder& b, const Heads& a, Value x, Value o) {
  const Shape& s = x.shape();
  const int64_t inner = o.shape()[2] * o.shape()[3];
  Value flat = b.emit("reshape", {o}, {{"shape", std::vector<int64_t>{s[0], s[1], inner}}});
  if (a.gate) flat = b.emit("mul", {flat, b.emit("sigmoid", {b.linear("gate", x, inner, a.bias)})});
  return b.residual_linear("o", flat, s.last(), a.bias && a.o_bias);
}
}  // namespace cambium
