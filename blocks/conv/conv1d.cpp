// conv1d: a convolution along tokens. [B,T,C] -> [B,T',width]
//   same: T' = ceil(T / stride); valid: no padding; causal: zeros in front alone, so that the
//   output at t sees tokens t, t - dilation, ... only
#include "blocks/conv/support.h"

namespace cambium::block_conv1d {
namespace {
struct Conv1d {
  int64_t width = 0, kernel = 3, stride = 1, dilation = 1, groups = 1;
  std::string padding = "same", norm = "none", activation = "none";
  bool bias = true;
  static constexpr auto fields = std::tuple{
      field("width", &Conv1d::width, "channels of the output; 0: as the input").in(0, 1 << 20),
      field("kernel", &Conv1d::kernel, "tokens of the window").in(1, 4096),
      field("stride", &Conv1d::stride, "step of the window").in(1, 4096),
      field("dilation", &Conv1d::dilation, "distance between the window's tokens").in(1, 4096),
      field("groups", &Conv1d::groups, "channels are split into this many separate convolutions")
          .in(1),
      field("padding", &Conv1d::padding, "zeros on both sides, none, or in front alone")
          .one_of("same|valid|causal"),
      field("norm", &Conv1d::norm, "behind the convolution").one_of(kNorms),
      field("activation", &Conv1d::activation, "behind the norm").one_of(kActivations),
      field("bias", &Conv1d::bias, "a trainable bias; left out before batch norm")};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Conv1d>();
  require_causal_norm(a.padding == "causal", a.norm);
  s = convolve_line(b, s,
                    {.width = a.width ? a.width : s.channels(),
                     .kernel = a.kernel,
                     .stride = a.stride,
                     .dilation = a.dilation,
                     .groups = a.groups,
                     .padding = a.padding,
                     .bias = a.bias && a.norm != "batch"});
  s.x = b.in_scope("norm", [&] { return normalise_places(b, a.norm, s.x, s); });
  s.x = activate(b, a.activation, s.x);
  return s;
}
}  // namespace

extern const Block block_conv1d = {
    .name = "conv1d",
    .family = "conv",
    .doc = "Convolution along tokens, with norm and activation behind it when asked",
    .formula = "y_t = act(norm(sum_k x_(t stride + k dilation) W_k + b))",
    .paper = "LeCun et al. 1998; Oord et al. 2016, arXiv 1609.03499 (causal)",
    .attrs = fields_of<Conv1d>,
    .primary = "width",
    .accepts = {Domain::kTokens},
    .steps = true,
    .looks_back_with = "padding: causal",
    .build = build,
    .samples = {
        {"conv1d: 3", Domain::kTokens, {2, 5, 2}},
        {"conv1d: {width: 4, kernel: 4, stride: 2, groups: 2, norm: batch, activation: gelu}",
         Domain::kTokens,
         {2, 7, 2}},
        {"conv1d: {padding: valid, dilation: 2, bias: false}", Domain::kTokens, {1, 6, 3}},
        {"conv1d: {width: 2, kernel: 2, padding: causal, norm: rms}", Domain::kTokens, {2, 4, 3}},
        {"conv1d: {width: 2, kernel: 3, stride: 3, padding: causal}", Domain::kTokens, {1, 1, 1}}}};
}  // namespace cambium::block_conv1d
