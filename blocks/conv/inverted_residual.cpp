// inverted_residual: MobileNet's block. [B,Y,X,C] -> [B,ceil(Y/stride),ceil(X/stride),width]
//   h = act(norm(x We));  h = act(norm(depthwise(h)));  h = h SE(h);  y = norm(h Wp)
// with y + x when the shape stays. The first layer is left out when it would not widen. Squeeze and
// excitation has, as in MobileNetV3, squeeze * hidden channels inside, rounded to a multiple of 8,
// relu and a hard sigmoid; or, as in EfficientNet, a share of the block's input.
#include <cmath>

#include "blocks/compose/restore.h"
#include "blocks/conv/support.h"

namespace cambium::block_inverted_residual {
namespace {
struct InvertedResidual {
  int64_t width = 0, hidden = 0, kernel = 3, stride = 1;
  double expand = 6, squeeze = 0, drop_path = 0;
  std::string activation = "hardswish", norm = "batch";
  std::string squeeze_of = "hidden", squeeze_activation = "relu", gate = "hard_sigmoid";
  static constexpr auto fields = std::tuple{
      field("width", &InvertedResidual::width, "channels of the output; 0: as the input")
          .in(0, 1 << 20),
      field("hidden", &InvertedResidual::hidden, "channels inside; 0: expand * C").in(0, 1 << 20),
      field("kernel", &InvertedResidual::kernel, "rows and columns of the window").in(1, 64),
      field("stride", &InvertedResidual::stride, "step of the window").in(1, 64),
      field("expand", &InvertedResidual::expand, "channels inside / C, rounded").in(0.1, 64),
      field("squeeze", &InvertedResidual::squeeze,
            "inner width of squeeze and excitation / channels of `squeeze_of`; 0: none. "
            "MobileNetV3 and EfficientNet: 0.25")
          .in(0, 4),
      field("squeeze_of", &InvertedResidual::squeeze_of,
            "hidden: a share of the channels inside, rounded to a multiple of 8; input: of the "
            "block's input, rounded")
          .one_of("hidden|input"),
      field("squeeze_activation", &InvertedResidual::squeeze_activation,
            "inside squeeze and excitation")
          .one_of(kActivations),
      field("gate", &InvertedResidual::gate, "of the factors of squeeze and excitation")
          .one_of("sigmoid|hard_sigmoid"),
      field("drop_path", &InvertedResidual::drop_path,
            "leave the branch out of this part of the examples")
          .in(0, 0.99),
      field("activation", &InvertedResidual::activation, "of the first two layers")
          .one_of(kActivations),
      field("norm", &InvertedResidual::norm, "behind each layer").one_of(kNorms)};
};

// Channels inside squeeze and excitation.
int64_t squeezed(const InvertedResidual& a, int64_t c, int64_t hidden) {
  if (a.squeeze_of == "hidden") return to_multiple_of_8(a.squeeze * double(hidden));
  return std::max<int64_t>(1, std::llround(a.squeeze * double(c)));
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<InvertedResidual>();
  const int64_t c = s.channels(), width = a.width ? a.width : c;
  const int64_t hidden =
      a.hidden ? a.hidden : std::max<int64_t>(1, std::llround(a.expand * double(c)));
  const Restore inside(b.in_branch, b.in_branch || (width == c && a.stride == 1));
  const auto conv = [&](std::string_view name, const Stream& x, const ConvOptions& o,
                        std::string_view activation) {
    return b.in_scope(name, [&] { return conv_norm_act(b, x, o, a.norm, activation); });
  };
  Stream h = s;
  if (hidden != c)
    h = conv("expand", h, {.width = hidden, .kernel_y = 1, .kernel_x = 1}, a.activation);
  h = conv("depthwise", h,
           {.width = hidden,
            .kernel_y = a.kernel,
            .kernel_x = a.kernel,
            .stride = a.stride,
            .groups = hidden},
           a.activation);
  if (a.squeeze > 0)
    h.x = squeeze_and_excite(b, h, squeezed(a, c, hidden), a.squeeze_activation, a.gate);
  h = conv("project", h, {.width = width, .kernel_y = 1, .kernel_x = 1}, "none");
  if (h.shape() == s.shape())
    h.x = b.emit("add", {s.x, b.branch(drop_path(b, s, h.x, a.drop_path))});
  return h;
}
}  // namespace

extern const Block block_inverted_residual = {
    .name = "inverted_residual",
    .family = "conv",
    .doc =
        "MobileNet's block: widen, convolve each channel, weigh channels (V3), narrow, around a "
        "shortcut",
    .formula = "y = x + norm(SE(act(norm(dw(act(norm(x We)))))) Wp)",
    .paper =
        "Sandler et al. 2018, arXiv 1801.04381; Howard et al. 2019, arXiv 1905.02244 (squeeze); "
        "Tan and Le 2019, arXiv 1905.11946 (squeeze_of: input)",
    .attrs = fields_of<InvertedResidual>,
    .primary = "width",
    .accepts = {Domain::kGrid},
    .build = build,
    .samples = {{"inverted_residual: {expand: 2}", Domain::kGrid, {2, 3, 4, 2}},
                {"inverted_residual: {width: 3, hidden: 4, stride: 2, squeeze: 0.25}",
                 Domain::kGrid,
                 {2, 5, 4, 2}},
                {"inverted_residual: {expand: 1, kernel: 5, activation: relu, drop_path: 0.3}",
                 Domain::kGrid,
                 {2, 3, 3, 2}},
                {"inverted_residual: {expand: 3, norm: layer, activation: prelu, squeeze: 1}",
                 Domain::kGrid,
                 {1, 2, 2, 1}}}};
}  // namespace cambium::block_inverted_residual
