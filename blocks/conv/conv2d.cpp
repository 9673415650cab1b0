// conv2d: a convolution over a grid, channels last. [B,Y,X,C] -> [B,Y',X',width]
#include "blocks/layers.h"

namespace cambium::block_conv2d {
namespace {
struct Conv2d {
  int64_t width = 0, kernel = 3, stride = 1, dilation = 1, groups = 1;
  std::string padding = "same", norm = "none", activation = "none";
  bool bias = true;
  static constexpr auto fields = std::tuple{
      field("width", &Conv2d::width, "channels of the output").in(1),
      field("kernel", &Conv2d::kernel, "rows and columns of the window").in(1, 64),
      field("stride", &Conv2d::stride, "step of the window").in(1, 64),
      field("dilation", &Conv2d::dilation, "distance between the window's places").in(1, 64),
      field("groups", &Conv2d::groups, "channels are split into this many separate convolutions")
          .in(1),
      field("padding", &Conv2d::padding, "same: ceil(Y / stride) rows leave; valid: no padding")
          .one_of("same|valid"),
      field("norm", &Conv2d::norm, "behind the convolution").one_of(kNorms),
      field("activation", &Conv2d::activation, "behind the norm").one_of(kActivations),
      field("bias", &Conv2d::bias, "a trainable bias; left out before batch norm")};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Conv2d>();
  return conv_norm_act(b, std::move(s),
                       {.width = a.width,
                        .kernel_y = a.kernel,
                        .kernel_x = a.kernel,
                        .stride = a.stride,
                        .dilation = a.dilation,
                        .groups = a.groups,
                        .padding = a.padding,
                        .bias = a.bias},
                       a.norm, a.activation);
}
}  // namespace

extern const Block block_conv2d = {
    .name = "conv2d",
    .family = "conv",
    .doc = "Convolution over a grid, with norm and activation behind it when asked",
    .formula = "y = act(norm(W * x + b))",
    .paper = "LeCun et al. 1998; He et al. 2015, arXiv 1502.01852 (initial weights)",
    .attrs = fields_of<Conv2d>,
    .primary = "width",
    .accepts = {Domain::kGrid},
    .build = build,
    .samples = {{"conv2d: 3", Domain::kGrid, {2, 4, 5, 2}},
                {"conv2d: {width: 4, kernel: 3, stride: 2, groups: 2, activation: silu}",
                 Domain::kGrid,
                 {1, 5, 4, 2}},
                {"conv2d: {width: 2, kernel: 2, padding: valid, norm: batch, activation: tanh}",
                 Domain::kGrid,
                 {2, 3, 3, 1}},
                {"conv2d: {width: 2, dilation: 2, bias: false}", Domain::kGrid, {1, 5, 5, 1}}}};
}  // namespace cambium::block_conv2d
