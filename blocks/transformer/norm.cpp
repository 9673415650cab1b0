// norm: layer or RMS norm over the channels of each place, or batch norm over all places.
#include "blocks/layers.h"

namespace cambium {
namespace {
struct Norm {
  std::string kind = "layer";
  double eps = 1e-5, momentum = 0.1;
  bool bias = true;
  static constexpr auto fields = std::tuple{
      field("kind", &Norm::kind, "what is normalised").one_of("layer|rms|batch"),
      field("eps", &Norm::eps, "added to the variance").in(1e-12, 1),
      field("momentum", &Norm::momentum, "batch: how fast running statistics follow").in(0, 1),
      field("bias", &Norm::bias, "a trainable shift; rms never has one")};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Norm>();
  s.x = normalise(b, a.kind, s.x, {.eps = a.eps, .bias = a.bias, .momentum = a.momentum});
  return s;
}
}  // namespace

extern const Block block_norm = {
    .name = "norm",
    .family = "transformer",
    .doc =
        "Normalises: layer and rms over the channels of a place, batch over all places per channel",
    .formula =
        "y = (x - mean) / sqrt(var + eps) gamma + beta; rms: y = x / sqrt(mean(x^2) + eps) gamma",
    .paper =
        "Ba et al. 2016, arXiv 1607.06450; Zhang and Sennrich 2019, arXiv 1910.07467; "
        "Ioffe and Szegedy 2015, arXiv 1502.03167",
    .attrs = fields_of<Norm>,
    .primary = "kind",
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kGraph, Domain::kVector},
    .keeps_shape = true,
    .build = build,
    .samples = {{"norm: layer", Domain::kTokens, {2, 3, 5}},
                {"norm: {kind: layer, bias: false}", Domain::kVector, {3, 4}},
                {"norm: rms", Domain::kGraph, {5, 4}},
                {"norm: batch", Domain::kGrid, {2, 3, 2, 3}},
                {"norm: batch", Domain::kVector, {5, 2}}}};
}  // namespace cambium
