// norm: over the channels of each place (layer, rms, scale, l2), all places (batch), the places of
// each example (group, instance), or dynamic_tanh, which needs no statistics. Batch counts real
// places alone where smaller graphs or shorter texts are padded; group and instance count all.
#include "blocks/padding.h"

namespace cambium::block_norm {
namespace {
struct Norm {
  std::string kind = "layer";
  double eps = 1e-5, momentum = 0.1;
  int64_t groups = 0;
  bool bias = true;
  static constexpr auto fields = std::tuple{
      field("kind", &Norm::kind, "what is normalised").one_of(kNorms),
      field("eps", &Norm::eps, "added to the variance or mean square; dynamic_tanh has none")
          .in(1e-12, 1),
      field("momentum", &Norm::momentum, "batch: how fast running statistics follow").in(0, 1),
      field("bias", &Norm::bias, "a trainable shift; rms, scale and l2 never have one"),
      field("groups", &Norm::groups,
            "group: groups of channels; 0: the largest divisor of C up to 32")
          .in(0)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Norm>();
  s.x =
      normalise_places(b, a.kind, s.x, s,
                       {.eps = a.eps, .bias = a.bias, .momentum = a.momentum, .groups = a.groups});
  return s;
}
}  // namespace

extern const Block block_norm = {
    .name = "norm",
    .family = "transformer",
    .doc =
        "Normalises: layer, rms, scale and l2 over the channels of a place, batch over all places "
        "per channel but those that pad the data, instance and group over the places of an example "
        "per channel or group of channels; dynamic_tanh squashes instead",
    .formula =
        "y = (x - mean) / sqrt(var + eps) gamma + beta; rms: y = x / sqrt(mean(x^2) + eps) gamma; "
        "scale: y = g x / |x|; l2: y = x / |x|; dynamic_tanh: y = gamma tanh(alpha x) + beta",
    .paper =
        "Ba et al. 2016, arXiv 1607.06450; Zhang and Sennrich 2019, arXiv 1910.07467; "
        "Ioffe and Szegedy 2015, arXiv 1502.03167; Wu and He 2018, arXiv 1803.08494 (group); "
        "Ulyanov et "
        "al. 2016, arXiv 1607.08022 (instance); Nguyen and Salazar 2019, arXiv 1910.05895 (scale); "
        "Zhu "
        "et al. 2025, arXiv 2503.10622 (dynamic_tanh)",
    .attrs = fields_of<Norm>,
    .primary = "kind",
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kGraph, Domain::kVector},
    .steps = true,
    .keeps_shape = true,
    .looks_back_with = "kind: rms or kind: layer, which take each token by itself",
    .build = build,
    .samples = {{"norm: layer", Domain::kTokens, {2, 3, 5}},
                {"norm: {kind: layer, bias: false}", Domain::kVector, {3, 4}},
                {"norm: rms", Domain::kGraph, {5, 4}},
                {"norm: batch", Domain::kGrid, {2, 3, 2, 3}},
                {"norm: batch", Domain::kVector, {5, 2}},
                {"norm: group", Domain::kGrid, {2, 3, 2, 6}},
                {"norm: {kind: group, groups: 2, bias: false}", Domain::kVector, {3, 4}},
                {"norm: {kind: group, groups: 5}", Domain::kGraph, {3, 5}},
                {"norm: instance", Domain::kTokens, {2, 5, 3}},
                {"norm: {kind: instance, eps: 0.1}", Domain::kGraph, {4, 3}},
                {"norm: scale", Domain::kTokens, {2, 3, 5}},
                {"norm: l2", Domain::kTokens, {2, 3, 5}},
                {"norm: dynamic_tanh", Domain::kGrid, {2, 3, 1, 3}},
                {"norm: {kind: dynamic_tanh, bias: false}", Domain::kVector, {2, 3}}}};
}  // namespace cambium::block_norm
