// activation: y = f(x), element by element. prelu alone has parameters, a slope [C].
#include "blocks/layers.h"

namespace cambium::block_activation {
namespace {
struct Activation {
  std::string kind = "relu";
  static constexpr auto fields = std::tuple{
      field("kind", &Activation::kind, "the function; gelu is the tanh form").one_of(kActivations)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  s.x = activate(b, use.attrs.as<Activation>().kind, s.x);
  return s;
}
}  // namespace

extern const Block block_activation = {
    .name = "activation",
    .family = "structure",
    .doc = "A pointwise nonlinearity; prelu learns a slope for each channel",
    .formula = "y = f(x)",
    .paper = "Hendrycks and Gimpel 2016, arXiv 1606.08415 (gelu)",
    .attrs = fields_of<Activation>,
    .primary = "kind",
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kGraph, Domain::kVector},
    .steps = true,
    .keeps_shape = true,
    .build = build,
    .samples = {{"activation: gelu", Domain::kTokens, {2, 3, 4}},
                {"activation: gelu_erf", Domain::kVector, {2, 3}},
                {"activation: silu", Domain::kGrid, {1, 2, 3, 2}},
                {"activation: elu", Domain::kGraph, {5, 3}},
                {"activation: sigmoid", Domain::kVector, {3, 1}},
                {"activation: relu2", Domain::kTokens, {2, 3, 4}},
                {"activation: mish", Domain::kTokens, {2, 3, 4}},
                {"activation: selu", Domain::kGraph, {5, 3}},
                {"activation: softplus", Domain::kVector, {3, 2}},
                {"activation: hardswish", Domain::kGrid, {1, 2, 3, 2}},
                {"activation: hard_sigmoid", Domain::kGrid, {1, 2, 3, 2}},
                {"activation: prelu", Domain::kTokens, {2, 3, 4}},
                {"activation: none", Domain::kVector, {3, 1}}}};
}  // namespace cambium::block_activation
