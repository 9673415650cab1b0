// affine: y = x a + b with a trained factor and shift for each channel, the same at every place, of
// any domain. What stands where a norm would, in networks that train without statistics.
#include "blocks/block.h"

namespace cambium::block_affine {
namespace {
struct Affine {
  double start = 1;
  bool bias = true;
  static constexpr auto fields =
      std::tuple{field("start", &Affine::start, "what the factors are at first").in(-10, 10),
                 field("bias", &Affine::bias, "a trained shift too, 0 at first")};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Affine>();
  s.x = b.emit("mul", {s.x, b.weight("scale", Weight::scale(s.channels(), a.start))});
  if (a.bias) s.x = b.emit("add", {s.x, b.weight("bias", Weight::bias(s.channels()))});
  return s;
}
}  // namespace

extern const Block block_affine = {
    .name = "affine",
    .family = "structure",
    .doc = "A trained factor and shift for each channel, the same at every place",
    .formula = "y = x a + b, a and b [C]",
    .paper = "Touvron et al. 2021, arXiv 2105.03404, section 2",
    .attrs = fields_of<Affine>,
    .primary = "start",
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kGraph, Domain::kVector},
    .steps = true,
    .keeps_shape = true,
    .build = build,
    .samples = {{"affine", Domain::kTokens, {2, 3, 4}},
                {"affine: {start: 0.1, bias: false}", Domain::kGrid, {1, 2, 3, 2}},
                {"affine: 0.5", Domain::kGraph, {5, 3}},
                {"affine", Domain::kVector, {3, 4}}}};
}  // namespace cambium::block_affine
