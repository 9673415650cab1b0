// scale: a fixed factor; nothing about it is trained.
#include "blocks/block.h"

namespace cambium::block_scale {
namespace {
struct Scale {
  double factor = 0;
  static constexpr auto fields =
      std::tuple{field("factor", &Scale::factor,
                       "what every number is multiplied with; not 0, and not trained")
                     .in(-1e4, 1e4)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const double factor = use.attrs.as<Scale>().factor;
  if (factor == 0)
    throw OptionError("factor", "the factor is missing, or 0, behind which nothing is heard",
                      "write scale: 0.5");
  s.x = b.emit("scale", {s.x}, {{"a", factor}});
  return s;
}
}  // namespace

extern const Block block_scale = {
    .name = "scale",
    .family = "structure",
    .doc = "Multiplies the stream with a constant; a trained one is `layer_scale` of residual",
    .formula = "y = factor x",
    .paper = "Gulati et al. 2020, arXiv 2005.08100 (halves); Chen et al. 2020, arXiv 2007.02133",
    .attrs = fields_of<Scale>,
    .primary = "factor",
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kGraph, Domain::kVector},
    .steps = true,
    .keeps_shape = true,
    .build = build,
    .samples = {{"scale: 0.5", Domain::kTokens, {2, 3, 4}},
                {"scale: -2", Domain::kGrid, {1, 2, 3, 2}},
                {"{residual: [{linear: 3}, {scale: 0.1}]}", Domain::kGraph, {4, 3}},
                {"scale: {factor: 1e-3}", Domain::kVector, {2, 3}}}};
}  // namespace cambium::block_scale
