// upsample: a larger grid. [B,Y,X,C] -> [B,factor Y,factor X,C]
//   nearest repeats each pixel; bilinear blends the four around a pixel's centre (PyTorch's
//   align_corners=False)
#include "blocks/layers.h"

namespace cambium::block_upsample {
namespace {
struct Upsample {
  int64_t factor = 2;
  std::string kind = "nearest";
  static constexpr auto fields =
      std::tuple{field("factor", &Upsample::factor, "rows and columns for each one").in(1, 64),
                 field("kind", &Upsample::kind, "the nearest pixel, or four weighed by distance")
                     .one_of("nearest|bilinear")};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Upsample>();
  s.x = b.emit("upsample", {s.x}, {{"factor", a.factor}, {"kind", a.kind}});
  return s;
}
}  // namespace

extern const Block block_upsample = {
    .name = "upsample",
    .family = "conv",
    .doc = "Enlarges a grid by repeating or blending its pixels",
    .formula = "y[i,j] = x[i / factor, j / factor], or a blend of the four nearest",
    .paper = "Odena et al. 2016, Distill (before a convolution, in place of a transposed one)",
    .attrs = fields_of<Upsample>,
    .primary = "factor",
    .accepts = {Domain::kGrid},
    .build = build,
    .samples = {{"upsample: 2", Domain::kGrid, {2, 3, 2, 3}},
                {"upsample: {factor: 3, kind: bilinear}", Domain::kGrid, {1, 2, 3, 2}}}};
}  // namespace cambium::block_upsample
