// gcn: graph convolution with symmetric normalisation.
#include "blocks/gnn/support.h"

namespace cambium::block_gcn {
namespace {
struct Gcn {
  int64_t width = 0;
  bool bias = true;
  std::string activation = "none";
  double dropout = 0;

  static constexpr auto fields = std::tuple{
      field("width", &Gcn::width, "channels of the result; 0: as they are").in(0, 1 << 20),
      field("bias", &Gcn::bias, "adds a bias to every node"),
      field("activation", &Gcn::activation, "after the bias").one_of(kActivations),
      field("dropout", &Gcn::dropout, "of the incoming features, before anything else")
          .in(0, 0.999)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& o = use.attrs.as<Gcn>();
  const int64_t width = width_or_channels(o.width, s);
  const Init init = glorot(b, s.channels(), width);
  // (A X) W = A (X W): the edges carry whichever is narrower; A X would fill up the zeros of X.
  if (s.channels() <= width && !b.mostly_zero(s.x)) {
    s.x = b.linear("", propagate(b, s.adjacency, b.dropout(s.x, o.dropout), true), width, o.bias,
                   init);
  } else {
    s.x = propagate(b, s.adjacency, b.dropped_linear("", s.x, o.dropout, width, false, init), true);
    if (o.bias) s.x = add_bias(b, s.x);
  }
  s.x = activate(b, o.activation, s.x);
  return s;
}
}  // namespace

extern const Block block_gcn = {
    .name = "gcn",
    .family = "gnn",
    .doc =
        "graph convolution: a linear layer after a degree-weighted mean of each node and its "
        "neighbours",
    .formula = "y = act(D^-1/2 (A + I) D^-1/2 x W + b)",
    .paper = "Kipf and Welling 2017, arXiv 1609.02907",
    .attrs = fields_of<Gcn>,
    .primary = "width",
    .accepts = {Domain::kGraph},
    .build = build,
    .samples = {{"gcn: 5", Domain::kGraph, {6, 8}},
                {"gcn: {width: 9, activation: relu}", Domain::kGraph, {6, 4}},
                {"gcn: {bias: false, dropout: 0.5}", Domain::kGraph, {4, 3}}},
};
}  // namespace cambium::block_gcn
