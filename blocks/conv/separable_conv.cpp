// separable_conv: a filter of its own for each channel, then a linear layer over channels: a
// convolution in kernel^2 C + C width weights. [B,Y,X,C] -> [B,Y',X',width], or along tokens
#include "blocks/padding.h"

namespace cambium::block_separable_conv {
namespace {
struct SeparableConv {
  int64_t width = 0, kernel = 3, stride = 1, dilation = 1;
  bool causal = false, bias = true, between = false;
  std::string norm = "none", activation = "none";
  static constexpr auto fields = std::tuple{
      field("width", &SeparableConv::width, "channels of the output; 0: as the input")
          .in(0, 1 << 20),
      field("kernel", &SeparableConv::kernel, "rows and columns of the window, or tokens")
          .in(1, 256),
      field("stride", &SeparableConv::stride, "step of the window; grids only").in(1, 64),
      field("dilation", &SeparableConv::dilation, "distance between the window's places")
          .in(1, 4096),
      field("causal", &SeparableConv::causal,
            "tokens: position t sees 0..t only; not with norm: batch, group or instance"),
      field("bias", &SeparableConv::bias, "trainable biases; left out before batch norm"),
      field("between", &SeparableConv::between,
            "norm and activation between the two parts too, as in MobileNet"),
      field("norm", &SeparableConv::norm, "behind the linear layer").one_of(kNorms),
      field("activation", &SeparableConv::activation, "behind the norm").one_of(kActivations)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<SeparableConv>();
  require_causal_norm(a.causal, a.norm);
  const bool bias = a.bias && a.norm != "batch";
  const auto finish = [&](Value x, std::string_view name) {
    const bool fused = a.norm == "batch" && a.activation == "relu";
    const Value y = b.in_scope(str(name, "_norm"),
                               [&] { return normalise_places(b, a.norm, x, s, {.relu = fused}); });
    return fused ? y : activate(b, a.activation, y, str(name, "_prelu"));
  };
  const int64_t width = a.width ? a.width : s.channels();
  s = b.in_scope("depthwise", [&] {
    return depthwise(b, s,
                     {.kernel = a.kernel,
                      .stride = a.stride,
                      .dilation = a.dilation,
                      .causal = a.causal,
                      .bias = a.between ? bias : false});  // the linear layer's bias is enough
  });
  if (a.between) s.x = finish(s.x, "depthwise");
  s.x = finish(b.linear("pointwise", s.x, width, bias), "pointwise");
  return s;
}
}  // namespace

extern const Block block_separable_conv = {
    .name = "separable_conv",
    .family = "conv",
    .doc = "Depthwise convolution, then a linear layer over channels",
    .formula = "y = act(norm((w_c * x[..,c]) W + b))",
    .paper = "Chollet 2017, arXiv 1610.02357; Howard et al. 2017, arXiv 1704.04861 (between)",
    .attrs = fields_of<SeparableConv>,
    .primary = "width",
    .accepts = {Domain::kGrid, Domain::kTokens},
    .steps = true,
    .looks_back_with = "causal: true",
    .build = build,
    .samples = {
        {"separable_conv: 3", Domain::kGrid, {2, 4, 3, 2}},
        {"separable_conv: {width: 3, kernel: 2, stride: 2, norm: batch, activation: relu, "
         "between: true}",
         Domain::kGrid,
         {2, 5, 4, 2}},
        {"separable_conv: {kernel: 3, causal: true, norm: rms, activation: silu}",
         Domain::kTokens,
         {2, 5, 3}},
        {"separable_conv: {kernel: 2, dilation: 3, bias: false, norm: layer, between: true, "
         "activation: prelu}",
         Domain::kTokens,
         {1, 7, 2}}}};
}  // namespace cambium::block_separable_conv
