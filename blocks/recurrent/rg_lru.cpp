// rg_lru: the recurrent block of Griffin around its real gated linear
// recurrence. [B,T,C] -> [B,T,C]
//   u = conv(x Wx), z = gelu(x Wz)  [B,T,I];  r = sigmoid(u Wr + br), i =
//   sigmoid(u Wi + bi) log a_t = -c softplus(L) r_t;  h_t = a_t h_{t-1} +
//   sqrt(1 - a_t^2) (i_t u_t);  y = (h * z) Wo
// a = e^(-c softplus(L)) starts uniform in a^2 within [least^2, most^2] (0.9
// and 0.999), c = 8. Wr and Wi are block diagonal with `blocks` blocks. 1 - a^2
// is kept above 1e-12 before the root.
#include <cmath>

#include "blocks/layers.h"
#include "blocks/linear_attention/heads.h"
#include "blocks/linear_attention/starts.h"
#include "blocks/steps.h"

namespace cambium::block_rg_lru {
namespace {
struct RgLru {
  double expand = 1, c = 8, least = 0.9, most = 0.999;
  int64_t conv = 4, blocks = 1;
  bool gate = true, bias = true;
  static constexpr auto fields = std::tuple{
      field("expand", &RgLru::expand, "inner width / C").in(0.01, 64),
      field("conv", &RgLru::conv, "tokens the short causal convolution sees; 0: none").in(0, 64),
      field("blocks", &RgLru::blocks, "diagonal blocks of the gates' weights").in(1, 1024),
      field("c", &RgLru::c, "exponent of the decay").in(0.01, 1000),
      field("least", &RgLru::least, "the least decay a at the start").in(0.001, 0.99999),
      field("most", &RgLru::most, "the largest decay a at the start").in(0.001, 0.99999),
      field("gate", &RgLru::gate, "multiply the output by gelu(x Wz)"),
      field("bias", &RgLru::bias, "biases in the projections into and out of the block")};
};

// x times a block diagonal matrix, with a bias.
Value block_linear(Builder& b, std::string_view name, Value x, int64_t blocks) {
  const Shape s = x.shape();
  if (blocks == 1) return b.linear(name, x, s[2]);
  const Value grid = b.emit("reshape", {x}, {{"shape", std::vector<int64_t>{s[0], s[1], 1, s[2]}}});
  const Value y = b.in_scope(name, [&] {
    return convolve(b, grid, {.width = s[2], .kernel_y = 1, .kernel_x = 1, .groups = blocks});
  });
  return b.emit("reshape", {y}, {{"shape", std::vector<int64_t>{s[0], s[1], s[2]}}});
}

// -c softplus(L) [I]
Value log_decay(Builder& b, const RgLru& a, int64_t inner) {
  Random random(0, uint64_t(b.start_stream("decay")));
  const Value l = weight_from(b, "decay", ParameterKind::kDynamics, {inner}, [&](int64_t) {
    const double low = a.least * a.least, square = low + (a.most * a.most - low) * random.uniform();
    return std::log(std::expm1(-std::log(square) / (2 * a.c)));  // softplus backwards
  });
  return b.emit("scale", {b.emit("softplus", {l})}, {{"a", -a.c}});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<RgLru>();
  if (a.least > a.most)
    throw OptionError("least", str("least = ", a.least, " is above most = ", a.most),
                      str("use least: ", a.most, " or less"));
  const int64_t c = s.channels();
  const auto inner = std::max<int64_t>(1, std::llround(a.expand * double(c)));
  if (inner % a.blocks != 0)
    throw OptionError("blocks",
                      str("blocks = ", a.blocks, " does not divide the inner width ", inner),
                      "use blocks: 1, or another number that divides it");
  Stream u = s;
  u.x = b.linear("in", s.x, inner, a.bias);
  u.rows = u.columns = 0;
  if (a.conv > 0)
    u = b.in_scope("conv", [&] { return depthwise(b, u, {.kernel = a.conv, .causal = true}); });
  const Value r = b.emit("sigmoid", {block_linear(b, "r", u.x, a.blocks)});
  const Value i = b.emit("sigmoid", {block_linear(b, "i", u.x, a.blocks)});
  const Value log_a = b.emit("mul", {r, log_decay(b, a, inner)});  // [B,T,I]
  const Value square = b.emit("exp", {b.emit("scale", {log_a}, {{"a", 2.0}})});
  const Value rest = b.emit("sub", {b.graph.scalar(1), square});
  const Value root = b.emit("sqrt", {b.emit("maximum", {rest, b.graph.scalar(1e-12)})});
  const Value h =
      scan_linearly(b, b.emit("exp", {log_a}), b.emit("mul", {root, b.emit("mul", {i, u.x})}));
  Value y = h;
  if (a.gate) y = b.emit("mul", {y, b.emit("gelu", {b.linear("gate", s.x, inner, a.bias)})});
  s.x = b.residual_linear("o", y, c, a.bias);
  return s;
}
}  // namespace

extern const Block block_rg_lru = {
    .name = "rg_lru",
    .family = "recurrence",
    .doc =
        "Griffin's recurrent block: a gated linear recurrence behind a "
        "short convolution",
    .formula =
        "h_t = a_t h_{t-1} + sqrt(1 - a_t^2) (i_t u_t); y_t = (h_t * "
        "gelu(x_t Wz)) Wo",
    .paper = "De et al. 2024, arXiv 2402.19427",
    .attrs = fields_of<RgLru>,
    .primary = "expand",
    .accepts = {Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .build = build,
    .samples = {{"rg_lru: 1", Domain::kTokens, {2, 5, 3}},
                {"rg_lru: {expand: 2, blocks: 4, conv: 2}", Domain::kTokens, {1, 6, 4}},
                {"rg_lru: {conv: 0, gate: false, bias: false, c: 2}", Domain::kTokens, {2, 4, 5}}}};
}  // namespace cambium::block_rg_lru
