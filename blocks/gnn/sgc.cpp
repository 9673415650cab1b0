// sgc: graph convolution without nonlinearities in between: several steps, one matrix.
// [N,C] -> [N,width]
#include "blocks/gnn/support.h"

namespace cambium::block_sgc {
namespace {
struct Sgc {
  int64_t width = 0, steps = 2;
  bool bias = true;
  std::string activation = "none";
  double dropout = 0;

  static constexpr auto fields = std::tuple{
      field("width", &Sgc::width, "channels of the result; 0: as they are").in(0, 1 << 20),
      field("steps", &Sgc::steps, "how far features travel").in(0, 64),
      field("bias", &Sgc::bias, "adds a bias to every node"),
      field("activation", &Sgc::activation, "after the bias").one_of(kActivations),
      field("dropout", &Sgc::dropout, "of the incoming features").in(0, 0.999)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& o = use.attrs.as<Sgc>();
  const int64_t width = width_or_channels(o.width, s);
  const FirstLayers layer(b, s.x, o.dropout);
  const auto travel = [&](Value x) {
    for (int64_t k = 0; k < o.steps; ++k) x = propagate(b, s.adjacency, x, true);
    return x;
  };
  // S^K (X W) = (S^K X) W: the edges carry whichever is narrower; S X would fill up the zeros of X.
  if (layer.skips_zeros() || width < s.channels())
    s.x = travel(layer("", width, false));
  else
    s.x = b.linear("", travel(layer.x()), width, false, glorot(b, s.channels(), width));
  if (o.bias) s.x = add_bias(b, s.x);
  s.x = activate(b, o.activation, s.x);
  return s;
}
}  // namespace

extern const Block block_sgc = {
    .name = "sgc",
    .family = "gnn",
    .doc = "simplified graph convolution: features travel several steps, then one linear layer",
    .formula = "y = act((D^-1/2 (A + I) D^-1/2)^steps x W + b)",
    .paper = "Wu et al. 2019, arXiv 1902.07153",
    .attrs = fields_of<Sgc>,
    .primary = "width",
    .accepts = {Domain::kGraph},
    .build = build,
    .samples = {{"sgc: 5", Domain::kGraph, {6, 3}},
                {"sgc: {width: 2, steps: 3, activation: relu, dropout: 0.5}",
                 Domain::kGraph,
                 {6, 4}},
                {"sgc: {steps: 0, bias: false}", Domain::kGraph, {4, 3}}},
};
}  // namespace cambium::block_sgc
