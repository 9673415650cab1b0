// mpnn: messages from a two-layer perceptron on both ends of each edge, then a linear update.
// [N,C] -> [N,width]
//   m_ij = act(x_j S + x_i T + b);  y_i = act(x_i U + aggregate_j(m_ij) V + c)
//   edges: what an edge carries enters its message, m_ij = act(x_j S + x_i T + e_ji E + b)
// The perceptron's second layer commutes with sum and mean, so it is one matrix V with the
// update's, applied once a node instead of once an edge.
#include "blocks/gnn/support.h"

namespace cambium::block_mpnn {
namespace {
struct Mpnn {
  int64_t width = 0, hidden = 0;
  std::string aggregate = "sum", activation = "relu", norm = "none";
  bool edges = false;
  double dropout = 0;

  static constexpr auto fields = std::tuple{
      field("width", &Mpnn::width, "channels of the result; 0: as they are").in(0, 1 << 20),
      field("hidden", &Mpnn::hidden, "channels of a message; 0: width").in(0, 1 << 20),
      field("aggregate", &Mpnn::aggregate, "of a node's messages").one_of("sum|mean"),
      field("activation", &Mpnn::activation, "of messages and of the result").one_of(kActivations),
      field("edges", &Mpnn::edges, "messages depend on what the data's edges carry"),
      field("norm", &Mpnn::norm, "before the last activation").one_of(kNorms),
      field("dropout", &Mpnn::dropout, "of the incoming features").in(0, 0.999)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& o = use.attrs.as<Mpnn>();
  const int64_t width = width_or_channels(o.width, s), hidden = o.hidden ? o.hidden : width;
  const FirstLayers layer(b, s.x, o.dropout);
  const Value ends =
      b.emit("edge_gather", {s.adjacency, layer("source", hidden, false), layer("target", hidden)});
  const Value messages =
      activate(b, o.activation, with_edges(b, s, ends, o.edges), "message_prelu");  // [E,hidden]
  Value heard = b.emit("edge_sum", {s.adjacency, messages});
  if (o.aggregate == "mean") {
    const Value one = b.graph.scalar(1);
    heard = b.emit("div", {heard, b.emit("maximum", {in_degrees(b, s), one})});
  }
  const Value sum = b.emit("add", {layer("self", width), b.linear("messages", heard, width, false,
                                                                  glorot(b, hidden, width))});
  const Value normed = b.in_scope("norm", [&] { return normalise_places(b, o.norm, sum, s); });
  s.x = activate(b, o.activation, normed);
  return s;
}
}  // namespace

extern const Block block_mpnn = {
    .name = "mpnn",
    .family = "gnn",
    .doc = "message passing with a perceptron on both ends of each edge",
    .formula =
        "m_ij = act(x_j S + x_i T + b); y_i = act(norm(x_i U + c + aggregate_j(m_ij) V)); "
        "with edges: m_ij = act(x_j S + x_i T + e_ji E + b)",
    .paper = "Gilmer et al. 2017, arXiv 1704.01212, section 2",
    .attrs = fields_of<Mpnn>,
    .primary = "width",
    .accepts = {Domain::kGraph},
    .build = build,
    .samples = {{"mpnn: 3", Domain::kGraph, {6, 4}},
                {"mpnn: {aggregate: mean, hidden: 5, activation: tanh, norm: layer}",
                 Domain::kGraph,
                 {6, 3}},
                {"mpnn: {width: 3, hidden: 4, edges: true}", Domain::kGraph, {6, 4}},
                {"mpnn: {width: 2, activation: prelu, dropout: 0.5}", Domain::kGraph, {4, 3}}},
};
}  // namespace cambium::block_mpnn
