// gatv2: graph attention whose scores may rank neighbours differently for each node, because the
// nonlinearity stands between the sum and the attention vector. [N,C] -> [N,heads width]
//   edges: what an edge carries enters its score, <a, leaky_relu(W_s x_j + W_t x_i + W_e e_ji)>;
//   what a node says to itself carries the mean of what reaches it, as in PyTorch Geometric's
//   GATv2Conv
#include "blocks/gnn/support.h"

namespace cambium::block_gatv2 {
namespace {
struct Gatv2 {
  int64_t width = 8, heads = 8;
  bool concat = true, bias = true, share_weights = false, edges = false;
  double slope = 0.2, dropout = 0, attention_dropout = 0;
  std::string activation = "none";

  static constexpr auto fields = std::tuple{
      field("width", &Gatv2::width, "channels of each head").in(1, 1 << 20),
      field("heads", &Gatv2::heads, "attention heads").in(1, 4096),
      field("concat", &Gatv2::concat,
            "heads side by side (heads * width channels), else their mean"),
      field("bias", &Gatv2::bias, "adds a bias to every node"),
      field("share_weights", &Gatv2::share_weights, "one matrix for both ends of an edge"),
      field("edges", &Gatv2::edges, "scores depend on what the data's edges carry"),
      field("slope", &Gatv2::slope, "of leaky_relu in the attention scores").in(0, 1),
      field("dropout", &Gatv2::dropout, "of the incoming features").in(0, 0.999),
      field("attention_dropout", &Gatv2::attention_dropout, "of the attention weights")
          .in(0, 0.999),
      field("activation", &Gatv2::activation, "after the bias").one_of(kActivations)};
};

// alpha [E,H] from what both ends of each edge hold, [N,H,D].
Value attention_weights(Builder& b, const Gatv2& o, const Stream& s, Value source, Value target) {
  const Args loops = {{"self_loops", true}};
  Value pair = b.emit("edge_gather", {s.adjacency, source, target}, loops);  // [E,H,D]
  if (o.edges) {
    const Value carried = edge_features_with_loops(b, s);  // [E,F]
    const int64_t channels = o.heads * o.width;
    const Value term =
        b.linear("edge", carried, channels, false, glorot(b, carried.shape().last(), channels));
    pair = b.emit("add", {pair, as_heads(b, term, o.heads)});
  }
  const Value bent = b.emit("leaky_relu", {pair}, {{"slope", o.slope}});
  const Value a =
      b.weight("attention", Weight::head_vectors(o.heads, o.width, glorot(b, o.width, 1)));
  const Value scores =
      b.emit("reduce_sum", {b.emit("mul", {bent, a})}, {{"axes", -1}, {"keep", false}});
  return b.dropout(b.emit("edge_softmax", {s.adjacency, scores}, loops), o.attention_dropout,
                   "attention_dropout");
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& o = use.attrs.as<Gatv2>();
  const FirstLayers layer(b, s.x, o.dropout);
  const int64_t channels = o.heads * o.width;
  const Value source = as_heads(b, layer("source", channels), o.heads);
  const Value target = o.share_weights ? source : as_heads(b, layer("target", channels), o.heads);
  const Value y =
      b.emit("edge_spmm", {s.adjacency, attention_weights(b, o, s, source, target), source},
             {{"self_loops", true}});
  s.x = o.concat ? as_rows(b, y) : b.emit("reduce_mean", {y}, {{"axes", 1}, {"keep", false}});
  if (o.bias) s.x = add_bias(b, s.x);
  s.x = activate(b, o.activation, s.x);
  return s;
}
}  // namespace

extern const Block block_gatv2 = {
    .name = "gatv2",
    .family = "gnn",
    .doc = "graph attention with dynamic scores: each node ranks its neighbours in its own way",
    .formula =
        "alpha_ij = softmax_j(<a, leaky_relu(W_s x_j + W_t x_i)>); y_i = act(sum_j alpha_ij W_s "
        "x_j + b); with edges: <a, leaky_relu(W_s x_j + W_t x_i + W_e e_ji)>",
    .paper = "Brody, Alon and Yahav 2022, arXiv 2105.14491, eq. 7",
    .attrs = fields_of<Gatv2>,
    .primary = "width",
    .accepts = {Domain::kGraph},
    .build = build,
    .samples = {{"gatv2: {width: 3, heads: 2}", Domain::kGraph, {6, 8}},
                {"gatv2: {width: 5, heads: 3, concat: false, share_weights: true, activation: elu}",
                 Domain::kGraph,
                 {6, 4}},
                {"gatv2: {width: 3, heads: 2, edges: true}", Domain::kGraph, {6, 4}},
                {"gatv2: {width: 4, heads: 1, dropout: 0.5, attention_dropout: 0.5, bias: false}",
                 Domain::kGraph,
                 {4, 3}}},
};
}  // namespace cambium::block_gatv2
