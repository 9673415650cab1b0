// depthwise_conv: one small filter for each channel, over a grid or along tokens.
#include "blocks/padding.h"

namespace cambium::block_depthwise_conv {
namespace {
struct DepthwiseConv {
  int64_t kernel = 3, stride = 1, dilation = 1;
  bool causal = false, bias = true;
  std::string norm = "none", activation = "none";
  static constexpr auto fields = std::tuple{
      field("kernel", &DepthwiseConv::kernel, "rows and columns of the window, or tokens")
          .in(1, 256),
      field("stride", &DepthwiseConv::stride, "step of the window; grids only").in(1, 64),
      field("dilation", &DepthwiseConv::dilation, "distance between the window's places")
          .in(1, 4096),
      field("causal", &DepthwiseConv::causal, "tokens: position t sees 0..t only"),
      field("bias", &DepthwiseConv::bias, "a trainable bias for each channel"),
      field("norm", &DepthwiseConv::norm, "behind the convolution").one_of(kNorms),
      field("activation", &DepthwiseConv::activation, "behind the norm").one_of(kActivations)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<DepthwiseConv>();
  require_causal_norm(a.causal, a.norm);
  s = depthwise(b, s,
                {.kernel = a.kernel,
                 .stride = a.stride,
                 .dilation = a.dilation,
                 .causal = a.causal,
                 .bias = a.bias});
  if (a.norm != "none")
    s.x = b.in_scope("norm", [&] { return normalise_places(b, a.norm, s.x, s); });
  s.x = activate(b, a.activation, s.x);
  return s;
}
}  // namespace

extern const Block block_depthwise_conv = {
    .name = "depthwise_conv",
    .family = "conv",
    .doc =
        "A filter of its own for each channel; tokens that came from a grid are convolved as a "
        "grid",
    .formula = "y[..,c] = w_c * x[..,c] + b_c",
    .paper = "Chollet 2017, arXiv 1610.02357",
    .attrs = fields_of<DepthwiseConv>,
    .primary = "kernel",
    .accepts = {Domain::kGrid, Domain::kTokens},
    .steps = true,
    .looks_back_with = "causal: true",
    .build = build,
    .samples = {
        {"depthwise_conv: 3", Domain::kGrid, {2, 4, 3, 3}},
        {"depthwise_conv: {kernel: 3, stride: 2, norm: layer, activation: gelu}",
         Domain::kGrid,
         {1, 5, 5, 2}},
        {"depthwise_conv: {kernel: 4, causal: true, activation: silu}", Domain::kTokens, {2, 6, 3}},
        {"depthwise_conv: {kernel: 2, causal: true, dilation: 3}", Domain::kTokens, {1, 5, 2}},
        {"depthwise_conv: {kernel: 3, bias: false}", Domain::kTokens, {1, 5, 2}}}};
}  // namespace cambium::block_depthwise_conv
