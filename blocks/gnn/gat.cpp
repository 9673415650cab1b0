// gat: each node attends to its neighbours and itself, with several heads. [N,C] -> [N,heads width]
//   edges: what an edge carries adds <a_edge, W_e e_ji> to its score; what a node says to itself
//   carries the mean of what reaches it, as in PyTorch Geometric's GATConv
#include "blocks/gnn/support.h"

namespace cambium::block_gat {
namespace {
struct Gat {
  int64_t width = 8, heads = 8;
  bool concat = true, bias = true, edges = false;
  double slope = 0.2, dropout = 0, attention_dropout = 0;
  std::string activation = "none";

  static constexpr auto fields = std::tuple{
      field("width", &Gat::width, "channels of each head").in(1, 1 << 20),
      field("heads", &Gat::heads, "attention heads").in(1, 4096),
      field("concat", &Gat::concat, "heads side by side (heads * width channels), else their mean"),
      field("bias", &Gat::bias, "adds a bias to every node"),
      field("edges", &Gat::edges, "scores depend on what the data's edges carry"),
      field("slope", &Gat::slope, "of leaky_relu in the attention scores").in(0, 1),
      field("dropout", &Gat::dropout, "of the incoming features").in(0, 0.999),
      field("attention_dropout", &Gat::attention_dropout, "of the attention weights").in(0, 0.999),
      field("activation", &Gat::activation, "after the bias").one_of(kActivations)};
};

// <a, z> head by head, [...,H,D] -> [...,H].
Value dot_heads(Builder& b, Value z, Value a) {
  return b.emit("reduce_sum", {b.emit("mul", {z, a})}, {{"axes", -1}, {"keep", false}});
}

// <a_edge, W_e e>, [E,H], with the matrix of both: no value of size E H D is made.
Value edge_scores(Builder& b, const Gat& o, const Stream& s, const Init& init) {
  const Value carried = edge_features_with_loops(b, s);  // [E,F]
  const int64_t features = carried.shape().last(), channels = o.heads * o.width;
  const Value w = b.in_scope("edge", [&] {
    return b.weight("weight", Weight::matrix(features, channels, glorot(b, features, channels)));
  });
  const Value a = b.weight("edge_score", Weight::head_vectors(o.heads, o.width, init));
  return b.emit("matmul", {carried, dot_heads(b, as_heads(b, w, o.heads), a)});
}

// What every node takes from its neighbours z and itself, [N,H,D], where edges have a say.
Value attend_with_edges(Builder& b, const Gat& o, const Stream& s, Value z) {
  const Args loops = {{"self_loops", true}};
  const Init init = glorot(b, o.width, 1);
  const Value source =
      dot_heads(b, z, b.weight("source", Weight::head_vectors(o.heads, o.width, init)));
  const Value target =
      dot_heads(b, z, b.weight("target", Weight::head_vectors(o.heads, o.width, init)));
  const Value ends = b.emit("edge_gather", {s.adjacency, source, target}, loops);  // [E,H]
  const Value scores = b.emit("leaky_relu", {b.emit("add", {ends, edge_scores(b, o, s, init)})},
                              {{"slope", o.slope}});
  const Value weights = b.dropout(b.emit("edge_softmax", {s.adjacency, scores}, loops),
                                  o.attention_dropout, "attention");
  return b.emit("edge_spmm", {s.adjacency, weights, z}, loops);
}

// The same without edges, as one operator.
Value attend(Builder& b, const Gat& o, const Stream& s, Value z) {
  const Init init = glorot(b, o.width, 1);
  std::vector<Value> in = {s.adjacency, z,
                           b.weight("source", Weight::head_vectors(o.heads, o.width, init)),
                           b.weight("target", Weight::head_vectors(o.heads, o.width, init))};
  const double dropped = b.training ? o.attention_dropout : 0;
  int64_t stream = 0;
  if (dropped > 0) {
    in.push_back(b.rng());
    stream = b.random_stream("attention");
  }
  return b.emit(
      "gat_attention", in,
      {{"slope", o.slope}, {"dropout", dropped}, {"stream", stream}, {"self_loops", true}});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& o = use.attrs.as<Gat>();
  const int64_t channels = o.heads * o.width;
  const Value xw =
      b.dropped_linear("", s.x, o.dropout, channels, false, glorot(b, s.channels(), channels));
  const Value z = as_heads(b, xw, o.heads);
  const Value y = o.edges ? attend_with_edges(b, o, s, z) : attend(b, o, s, z);
  s.x = o.concat ? as_rows(b, y) : b.emit("reduce_mean", {y}, {{"axes", 1}, {"keep", false}});
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
        "y_i = act(sum_j alpha_ij W x_j + b); with edges: <a_edge, W_e e_ji> is added to the score",
    .paper = "Velickovic et al. 2018, arXiv 1710.10903",
    .attrs = fields_of<Gat>,
    .primary = "width",
    .accepts = {Domain::kGraph},
    .build = build,
    .samples = {{"gat: {width: 3, heads: 2}", Domain::kGraph, {6, 8}},
                {"gat: {width: 5, heads: 3, concat: false, activation: elu}",
                 Domain::kGraph,
                 {6, 4}},
                {"gat: {width: 3, heads: 2, edges: true}", Domain::kGraph, {6, 4}},
                {"gat: {width: 4, heads: 1, dropout: 0.5, attention_dropout: 0.5}",
                 Domain::kGraph,
                 {4, 3}}},
};
}  // namespace cambium::block_gat
