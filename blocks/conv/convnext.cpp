// convnext: a wide depthwise convolution, then a feed-forward layer at every place, around a
// shortcut. [B,Y,X,C], kept; along tokens [B,T,C] too
//   y = x + gamma (act(norm(depthwise(x)) W1 + b1) W2 + b2)
#include <cmath>

#include "blocks/compose/restore.h"
#include "blocks/padding.h"

namespace cambium::block_convnext {
namespace {
struct Convnext {
  int64_t kernel = 7, dilation = 1;
  double expand = 4, layer_scale = 1e-6, drop_path = 0;
  std::string activation = "gelu", norm = "layer";
  bool causal = false;
  static constexpr auto fields = std::tuple{
      field("kernel", &Convnext::kernel, "rows and columns of the window, or tokens").in(1, 256),
      field("dilation", &Convnext::dilation, "distance between the window's places").in(1, 4096),
      field("expand", &Convnext::expand, "inner width / C, rounded").in(0.01, 64),
      field("layer_scale", &Convnext::layer_scale,
            "start of a trained factor for each channel of the branch; 0: none")
          .in(0, 10),
      field("drop_path", &Convnext::drop_path, "leave the branch out of this part of the examples")
          .in(0, 0.99),
      field("activation", &Convnext::activation, "of the inner layer, gated ones too")
          .one_of(kGatedActivations),
      field("norm", &Convnext::norm, "behind the convolution").one_of(kNorms),
      field("causal", &Convnext::causal,
            "tokens: position t sees 0..t only; not with norm: batch, group or instance")};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Convnext>();
  require_causal_norm(a.causal, a.norm);
  const Restore inside(b.in_branch, true);
  const int64_t c = s.channels(), inner = std::max<int64_t>(1, std::llround(a.expand * double(c)));
  Value h =
      b.in_scope("depthwise", [&] {
         return depthwise(b, s, {.kernel = a.kernel, .dilation = a.dilation, .causal = a.causal});
       }).x;
  h = b.in_scope("norm", [&] { return normalise_places(b, a.norm, h, s, {.eps = 1e-6}); });
  const std::string_view gate = gate_of(a.activation);
  if (gate.empty()) {
    h = activate(b, a.activation, b.linear("up", h, inner));
  } else {
    const Value weight = activate(b, gate, b.linear("gate", h, inner));
    h = b.emit("mul", {weight, b.linear("up", h, inner)});
  }
  h = layer_scale(b, b.residual_linear("down", h, c), a.layer_scale);
  s.x = b.emit("add", {s.x, b.branch(drop_path(b, s, h, a.drop_path))});
  return s;
}
}  // namespace

extern const Block block_convnext = {
    .name = "convnext",
    .family = "conv",
    .doc =
        "ConvNeXt's block: depthwise convolution, norm, feed-forward layer, layer scale, shortcut",
    .formula = "y = x + gamma (act(norm(depthwise(x)) W1 + b1) W2 + b2)",
    .paper = "Liu et al. 2022, arXiv 2201.03545, figure 4",
    .attrs = fields_of<Convnext>,
    .primary = "kernel",
    .accepts = {Domain::kGrid, Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .looks_back_with = "causal: true",
    .build = build,
    .samples = {{"convnext: {kernel: 3, layer_scale: 0.5}", Domain::kGrid, {2, 3, 4, 3}},
                {"convnext: {expand: 2, activation: gelu_erf, drop_path: 0.4, layer_scale: 1}",
                 Domain::kGrid,
                 {3, 2, 3, 2}},
                {"convnext: {kernel: 3, causal: true, activation: swiglu, layer_scale: 0}",
                 Domain::kTokens,
                 {2, 5, 3}},
                {"convnext: {kernel: 2, dilation: 2, norm: rms}", Domain::kTokens, {1, 1, 2}}}};
}  // namespace cambium::block_convnext
