// ffn: two linear layers with a nonlinearity between them, at every place. [...,C] -> [...,C]
//   y = act(x W1) W2, or with a gate: y = (act(x Wg) * x W1) W2
#include <cmath>

#include "blocks/layers.h"

namespace cambium::block_ffn {
namespace {
struct Ffn {
  double expand = 4;
  int64_t width = 0;
  std::string activation = "gelu";
  double dropout = 0;
  bool bias = true;
  static constexpr auto fields =
      std::tuple{field("expand", &Ffn::expand, "inner width / C, rounded").in(0.01, 64),
                 field("width", &Ffn::width, "inner width; 0: expand * C").in(0),
                 field("activation", &Ffn::activation,
                       "glu, geglu, swiglu and reglu are gated and have a third matrix")
                     .one_of(kGatedActivations),
                 field("dropout", &Ffn::dropout, "drop inner elements in training").in(0, 0.99),
                 field("bias", &Ffn::bias, "biases in all layers")};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Ffn>();
  const int64_t c = s.channels();
  const int64_t inner =
      a.width ? a.width : std::max<int64_t>(1, std::llround(a.expand * double(c)));
  const std::string_view gated_by = gate_of(a.activation);
  Value h;
  if (!gated_by.empty()) {
    const Value gate = activate(b, gated_by, b.linear("gate", s.x, inner, a.bias));
    h = b.emit("mul", {gate, b.linear("up", s.x, inner, a.bias)});
  } else {
    h = activate(b, a.activation, b.linear("up", s.x, inner, a.bias));
  }
  s.x = b.residual_linear("down", b.dropout(h, a.dropout), c, a.bias);
  return s;
}
}  // namespace

extern const Block block_ffn = {
    .name = "ffn",
    .family = "transformer",
    .doc = "The position-wise feed-forward layer, plain or gated",
    .formula = "y = act(x W1) W2 or (act(x Wg) * x W1) W2",
    .paper =
        "Vaswani et al. 2017, arXiv 1706.03762, section 3.3; Shazeer 2020, arXiv 2002.05202 "
        "(gated)",
    .attrs = fields_of<Ffn>,
    .primary = "expand",
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kGraph, Domain::kVector},
    .steps = true,
    .keeps_shape = true,
    .build = build,
    .samples = {{"ffn: {expand: 2}", Domain::kTokens, {2, 3, 4}},
                {"ffn: {width: 5, activation: swiglu, bias: false}", Domain::kTokens, {1, 4, 3}},
                {"ffn: {expand: 0.5, activation: geglu}", Domain::kGraph, {5, 4}},
                {"ffn: {width: 3, activation: glu}", Domain::kTokens, {1, 2, 3}},
                {"ffn: {width: 3, activation: reglu}", Domain::kGrid, {1, 2, 2, 3}},
                {"ffn: {width: 7, activation: prelu}", Domain::kTokens, {1, 2, 3}},
                {"ffn: {width: 5, activation: relu2}", Domain::kTokens, {1, 2, 3}},
                {"ffn: {activation: tanh, dropout: 0.2}", Domain::kVector, {3, 2}}}};
}  // namespace cambium::block_ffn
