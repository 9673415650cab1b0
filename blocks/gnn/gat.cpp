// gat: each node attends to its neighbours and itself, with several heads.
#include "blocks/gnn/support.h"

namespace cambium {
namespace {
struct Gat {
  int64_t width = 8, heads = 8;
  bool concat = true, bias = true;
  double slope = 0.2, dropout = 0, attention_dropout = 0;
  std::string activation = "none";

  static constexpr auto fields = std::tuple{
      field("width", &Gat::width, "channels of each head").in(1, 1 << 20),
      field("heads", &Gat::heads, "attention heads").in(1, 4096),
      field("concat", &Gat::concat, "heads side by side (heads * width channels), else their mean"),
      field("bias", &Gat::bias, "adds a bias to every node"),
      field("slope", &Gat::slope, "of leaky_relu in the attention scores").in(0, 1),
      field("dropout", &Gat::dropout, "of the incoming features").in(0, 0.999),
      field("attention_dropout", &Gat::attention_dropout, "of the attention weights").in(0, 0.999),
      field("activation", &Gat::activation, "after the bias").one_of(kActivations)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& o = use.attrs.as<Gat>();
  const int64_t nodes = s.shape()[0], channels = o.heads * o.width;
  const Value xw =
      b.dropped_linear("", s.x, o.dropout, channels, false, glorot(b, s.channels(), channels));
  const Value z =
      b.emit("reshape", {xw}, {{"shape", std::vector<int64_t>{nodes, o.heads, o.width}}});
  const Init init = glorot(b, o.width, 1);
  std::vector<Value> in = {s.adjacency, z, b.param("source", {o.heads, o.width}, init),
                           b.param("target", {o.heads, o.width}, init)};
  const double dropped = b.training ? o.attention_dropout : 0;
  int64_t stream = 0;
  if (dropped > 0) {
    in.push_back(b.rng());
    stream = b.random_stream("attention");
  }
  const Value y =
      b.emit("gat_attention", in,
             {{"slope", o.slope}, {"dropout", dropped}, {"stream", stream}, {"self_loops", true}});
  if (o.concat)
    s.x = b.emit("reshape", {y}, {{"shape", std::vector<int64_t>{nodes, channels}}});
  else
    s.x = b.emit("reduce_mean", {y}, {{"axes", 1}, {"keep", false}});
  if (o.bias) s.x = add_bias(b, s.x);
  s.x = activate(b, o.activation, s.x);
  return s;
}
}  // namespace

extern const Block block_gat = {
    .name = "gat",
    .family = "gnn",
    .doc = "graph attention: each node takes a softmax-weighted mean of its neighbours and itself",
    .formula =
        "alpha_ij = softmax_j(leaky_relu(<a_src, W x_j> + <a_dst, W x_i>)); "
        "y_i = act(sum_j alpha_ij W x_j + b)",
    .paper = "Velickovic et al. 2018, arXiv 1710.10903",
    .attrs = fields_of<Gat>,
    .primary = "width",
    .accepts = {Domain::kGraph},
    .build = build,
    .samples = {{"gat: {width: 3, heads: 2}", Domain::kGraph, {6, 8}},
                {"gat: {width: 5, heads: 3, concat: false, activation: elu}",
                 Domain::kGraph,
                 {6, 4}},
                {"gat: {width: 4, heads: 1, dropout: 0.5, attention_dropout: 0.5}",
                 Domain::kGraph,
                 {4, 3}}},
};
}  // namespace cambium
