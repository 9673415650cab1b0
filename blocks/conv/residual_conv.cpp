// residual_conv: ResNet's basic block. [B,Y,X,C] -> [B,ceil(Y/stride),ceil(X/stride),width]
//   y = relu(shortcut(x) + bn(conv(relu(bn(conv(x))))))
// Where the shape changes the shortcut is a 1x1 convolution with batch norm (option B of the paper)
// or every stride-th place with zero channels appended (option A, as in the CIFAR ResNets).
#include "blocks/layers.h"

namespace cambium {
namespace {
struct ResidualConv {
  int64_t width = 0, kernel = 3, stride = 1;
  std::string shortcut = "projection";
  static constexpr auto fields = std::tuple{
      field("width", &ResidualConv::width, "channels of the output; 0: as the input").in(0),
      field("kernel", &ResidualConv::kernel, "rows and columns of both windows").in(1, 64),
      field("stride", &ResidualConv::stride, "step of the first convolution").in(1, 64),
      field("shortcut", &ResidualConv::shortcut,
            "where the shape changes: a 1x1 convolution, or subsampling and zero channels")
          .one_of("projection|pad")};
};

Value shortcut(Builder& b, const ResidualConv& a, Value x, int64_t width) {
  const int64_t c = x.shape().last();
  if (a.stride == 1 && width == c) return x;
  if (a.shortcut == "projection")
    return b.in_scope("shortcut", [&] {
      return conv_norm_act(b, x, {.width = width, .kernel_y = 1, .kernel_x = 1, .stride = a.stride},
                           "batch", "none");
    });
  require(width >= c, "shortcut = pad cannot go from C = ", c, " to width = ", width);
  if (a.stride > 1)
    x = b.emit("pool2d", {x},
               {{"kind", "avg"}, {"kernel", 1}, {"stride", a.stride}, {"padding", "same"}});
  if (width == c) return x;
  return b.emit("pad", {x}, {{"axis", 3}, {"before", 0}, {"after", width - c}});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<ResidualConv>();
  const int64_t width = a.width ? a.width : s.channels();
  ConvOptions conv{.width = width, .kernel_y = a.kernel, .kernel_x = a.kernel, .stride = a.stride};
  const Value h =
      b.in_scope("conv_1", [&] { return conv_norm_act(b, s.x, conv, "batch", "relu"); });
  conv.stride = 1;
  const Value y = b.in_scope("conv_2", [&] { return conv_norm_act(b, h, conv, "batch", "none"); });
  s.x = b.emit("relu", {b.emit("add", {y, shortcut(b, a, s.x, width)})});
  return s;
}
}  // namespace

extern const Block block_residual_conv = {
    .name = "residual_conv",
    .family = "conv",
    .doc = "ResNet's basic block: two convolutions with batch norm around a shortcut",
    .formula = "y = relu(shortcut(x) + bn(conv(relu(bn(conv(x))))))",
    .paper = "He et al. 2016, arXiv 1512.03385, figure 2 and section 4.2",
    .attrs = fields_of<ResidualConv>,
    .primary = "width",
    .accepts = {Domain::kGrid},
    .build = build,
    .samples = {
        {"residual_conv: 2", Domain::kGrid, {2, 4, 4, 2}},
        {"residual_conv: {width: 4, stride: 2}", Domain::kGrid, {2, 5, 4, 2}},
        {"residual_conv: {width: 4, stride: 2, shortcut: pad}", Domain::kGrid, {2, 5, 4, 2}}}};
}  // namespace cambium
