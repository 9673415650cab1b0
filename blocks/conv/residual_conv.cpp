// residual_conv: ResNet's blocks. [B,Y,X,C] -> [B,ceil(Y/stride),ceil(X/stride),width]
//   basic:      y = relu(shortcut(x) + bn(conv(relu(bn(conv(x))))))
//   bottleneck: y = relu(shortcut(x) + bn(relu(bn(conv(relu(bn(x W1))))) W3)), width / reduction
//               channels inside; the stride is that of its convolution in the middle (ResNet v1.5),
//               which may be in groups (ResNeXt) and be weighed by channels behind it (RegNet-Y)
// Where the shape changes the shortcut is a 1x1 convolution with batch norm (option B of the paper)
// or every stride-th place with zero channels appended (option A, as in the CIFAR ResNets).
#include <cmath>

#include "blocks/conv/support.h"

namespace cambium::block_residual_conv {
namespace {
struct ResidualConv {
  int64_t width = 0, kernel = 3, stride = 1;
  int64_t reduction = 4, groups = 0, group_width = 0;
  double squeeze = 0;
  std::string kind = "basic", shortcut = "projection";
  static constexpr auto fields = std::tuple{
      field("width", &ResidualConv::width, "channels of the output; 0: as the input").in(0),
      field("kernel", &ResidualConv::kernel, "rows and columns of the windows").in(1, 64),
      field("stride", &ResidualConv::stride, "step of the first convolution, or of the middle one")
          .in(1, 64),
      field("kind", &ResidualConv::kind,
            "two convolutions, or one between two linear layers that narrow and widen")
          .one_of("basic|bottleneck"),
      field("reduction", &ResidualConv::reduction,
            "bottleneck: width / channels inside; divides width")
          .in(1, 256),
      field("groups", &ResidualConv::groups,
            "bottleneck: into so many the middle convolution is split; 0: one, or by group_width")
          .in(0),
      field("group_width", &ResidualConv::group_width,
            "bottleneck: channels of a group, in place of `groups`; 0: all")
          .in(0),
      field("squeeze", &ResidualConv::squeeze,
            "bottleneck: inner width of squeeze and excitation behind the middle convolution / C "
            "of the input; 0: none. RegNet-Y: 0.25")
          .in(0, 4),
      field("shortcut", &ResidualConv::shortcut,
            "where the shape changes: a 1x1 convolution, or subsampling and zero channels")
          .one_of("projection|pad")};
};

// What goes around the convolutions, [B,Y',X',width].
Value shortcut(Builder& b, const ResidualConv& a, const Stream& s, int64_t width) {
  const int64_t c = s.channels();
  Value x = s.x;
  if (a.stride == 1 && width == c) return x;
  if (a.shortcut == "projection") {
    const ConvOptions one{.width = width, .kernel_y = 1, .kernel_x = 1, .stride = a.stride};
    const auto project = [&] { return conv_norm_act(b, s, one, "batch", "none"); };
    return b.in_scope("shortcut", project).x;
  }
  if (width < c)
    throw OptionError("shortcut",
                      str("shortcut = pad cannot go from C = ", c, " to width = ", width), {}, c);
  if (a.stride > 1)
    x = b.emit("pool2d", {x},
               {{"kind", "avg"}, {"kernel", 1}, {"stride", a.stride}, {"padding", "same"}});
  if (width == c) return x;
  return b.emit("pad", {x}, {{"axis", 3}, {"before", 0}, {"after", width - c}});
}

Stream layer(Builder& b, std::string_view name, const Stream& s, int64_t width, int64_t kernel,
             int64_t stride, std::string_view activation, int64_t groups = 1) {
  return b.in_scope(name, [&] {
    return conv_norm_act(b, s,
                         {.width = width,
                          .kernel_y = kernel,
                          .kernel_x = kernel,
                          .stride = stride,
                          .groups = groups},
                         "batch", activation);
  });
}

Stream basic(Builder& b, const ResidualConv& a, const Stream& s, int64_t width) {
  const std::pair<std::string_view, bool> others[] = {
      {"groups", a.groups > 0}, {"group_width", a.group_width > 0}, {"squeeze", a.squeeze > 0}};
  for (const auto& [option, given] : others)
    if (given)
      throw OptionError(std::string(option), str(option, " needs a convolution in the middle"),
                        "use kind: bottleneck");
  const Stream h = layer(b, "conv_1", s, width, a.kernel, a.stride, "relu");
  return layer(b, "conv_2", h, width, a.kernel, 1, "none");
}

// Into how many groups the middle convolution of `inner` channels falls.
int64_t groups_of(const ResidualConv& a, int64_t inner) {
  require_option("groups", a.groups == 0 || a.group_width == 0, "groups = ", a.groups,
                 " and group_width = ", a.group_width, " say the same thing twice");
  const int64_t groups = std::max<int64_t>(a.groups, 1);
  if (a.group_width == 0 && inner % groups != 0)
    throw OptionError("groups",
                      str("groups = ", groups, " does not divide the ", inner, " channels inside"),
                      "width / reduction is a multiple of groups");
  if (a.group_width == 0) return groups;
  if (inner % a.group_width != 0)
    throw OptionError(
        "group_width",
        str("group_width = ", a.group_width, " does not divide the ", inner, " channels inside"),
        "width / reduction is a multiple of group_width");
  return inner / a.group_width;
}

Stream bottleneck(Builder& b, const ResidualConv& a, const Stream& s, int64_t width) {
  if (width % a.reduction != 0)
    throw OptionError("reduction",
                      str("reduction = ", a.reduction, " does not divide width = ", width),
                      str("use width: ", (width / a.reduction + 1) * a.reduction));
  const int64_t inner = width / a.reduction;
  Stream h = layer(b, "conv_1", s, inner, 1, 1, "relu");
  h = layer(b, "conv_2", h, inner, a.kernel, a.stride, "relu", groups_of(a, inner));
  if (a.squeeze > 0) {
    const int64_t hidden = std::llround(a.squeeze * double(s.channels()));
    h.x = squeeze_and_excite(b, h, std::max<int64_t>(1, hidden), "relu", "sigmoid");
  }
  return layer(b, "conv_3", h, width, 1, 1, "none");
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<ResidualConv>();
  const int64_t width = a.width ? a.width : s.channels();
  Stream y = a.kind == "basic" ? basic(b, a, s, width) : bottleneck(b, a, s, width);
  y.x = b.emit("relu", {b.emit("add", {y.x, shortcut(b, a, s, width)})});
  return y;
}
}  // namespace

extern const Block block_residual_conv = {
    .name = "residual_conv",
    .family = "conv",
    .doc = "ResNet's blocks: convolutions with batch norm around a shortcut",
    .formula =
        "y = relu(shortcut(x) + bn(conv(relu(bn(conv(x)))))); bottleneck: "
        "y = relu(shortcut(x) + bn(relu(bn(conv(relu(bn(x W1))))) W3))",
    .paper =
        "He et al. 2016, arXiv 1512.03385, figures 2 and 5 and section 4.2; Xie et al. 2017, "
        "arXiv 1611.05431 (groups); Radosavovic et al. 2020, arXiv 2003.13678 (group_width, "
        "squeeze)",
    .attrs = fields_of<ResidualConv>,
    .primary = "width",
    .accepts = {Domain::kGrid},
    .build = build,
    .samples = {
        {"residual_conv: 2", Domain::kGrid, {2, 4, 4, 2}},
        {"residual_conv: {width: 4, stride: 2}", Domain::kGrid, {2, 5, 4, 2}},
        {"residual_conv: {width: 4, stride: 2, shortcut: pad}", Domain::kGrid, {2, 5, 4, 2}},
        {"residual_conv: {kind: bottleneck, width: 4, stride: 2}", Domain::kGrid, {2, 5, 4, 2}},
        {"residual_conv: {kind: bottleneck, reduction: 2}", Domain::kGrid, {2, 3, 3, 4}},
        {"residual_conv: {kind: bottleneck, width: 8, reduction: 2, groups: 2}",
         Domain::kGrid,
         {2, 3, 4, 4}},
        {"residual_conv: {kind: bottleneck, width: 6, reduction: 1, group_width: 2, stride: 2, "
         "squeeze: 0.5}",
         Domain::kGrid,
         {2, 4, 3, 4}}}};
}  // namespace cambium::block_residual_conv
