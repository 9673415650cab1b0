// causal_conv: a convolution along tokens that never looks ahead. [B,T,C] -> [B,T,width]
//   y_t = sum over k < kernel of x_(t - k dilation) W_k + b, tokens before the first being zero
#include "blocks/conv/support.h"

namespace cambium::block_causal_conv {
namespace {
struct CausalConv {
  int64_t kernel = 4, width = 0, dilation = 1, groups = 1;
  std::string norm = "none", activation = "none";
  bool bias = true;
  static constexpr auto fields = std::tuple{
      field("kernel", &CausalConv::kernel, "tokens of the window").in(1, 4096),
      field("width", &CausalConv::width, "channels of the output; 0: as the input").in(0, 1 << 20),
      field("dilation", &CausalConv::dilation, "distance between the window's tokens").in(1, 4096),
      field("groups", &CausalConv::groups, "separate convolutions; C: one for each channel").in(1),
      field("norm", &CausalConv::norm, "behind the convolution; not batch, group or instance")
          .one_of(kNorms),
      field("activation", &CausalConv::activation, "behind the norm").one_of(kActivations),
      field("bias", &CausalConv::bias, "a trainable bias")};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<CausalConv>();
  require_causal_norm(true, a.norm);
  s = convolve_line(b, s,
                    {.width = a.width ? a.width : s.channels(),
                     .kernel = a.kernel,
                     .dilation = a.dilation,
                     .groups = a.groups,
                     .padding = "causal",
                     .bias = a.bias});
  s.x = activate(b, a.activation, b.in_scope("norm", [&] { return normalise(b, a.norm, s.x); }));
  return s;
}
}  // namespace

extern const Block block_causal_conv = {
    .name = "causal_conv",
    .family = "conv",
    .doc = "Convolution over a token and those before it",
    .formula = "y_t = act(norm(sum_k x_(t - k dilation) W_k + b))",
    .paper = "Oord et al. 2016, arXiv 1609.03499; Bai et al. 2018, arXiv 1803.01271",
    .attrs = fields_of<CausalConv>,
    .primary = "kernel",
    .accepts = {Domain::kTokens},
    .steps = true,
    .build = build,
    .samples = {{"causal_conv: 3", Domain::kTokens, {2, 5, 2}},
                {"causal_conv: {kernel: 2, width: 3, dilation: 4, norm: layer, activation: silu}",
                 Domain::kTokens,
                 {1, 6, 2}},
                {"causal_conv: {kernel: 1, groups: 3, bias: false}", Domain::kTokens, {2, 1, 3}}}};
}  // namespace cambium::block_causal_conv
