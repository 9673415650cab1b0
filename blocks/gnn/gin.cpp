// gin: the sum of a node's neighbours through a two-layer perceptron, as discriminating as the
// Weisfeiler-Lehman test. [N,C] -> [N,width]
//   edges: what an edge carries, through a linear layer, is added to what it brings (GINE):
//   relu(x_j + e_ji W_edge + b) in place of x_j
// Hu et al. 2020, arXiv 1905.12265, with the relu of PyTorch Geometric's GINEConv.
#include "blocks/gnn/support.h"

namespace cambium::block_gin {
namespace {
struct Gin {
  int64_t width = 0, hidden = 0;
  bool train_eps = true, edges = false;
  std::string norm = "none", activation = "relu";
  double dropout = 0;

  static constexpr auto fields = std::tuple{
      field("width", &Gin::width, "channels of the result; 0: as they are").in(0, 1 << 20),
      field("hidden", &Gin::hidden, "channels inside the perceptron; 0: width").in(0, 1 << 20),
      field("train_eps", &Gin::train_eps, "learns how much a node counts itself, else 1"),
      field("edges", &Gin::edges, "messages depend on what the data's edges carry (GINE)"),
      field("norm", &Gin::norm, "inside the perceptron").one_of(kNorms),
      field("activation", &Gin::activation, "inside the perceptron").one_of(kActivations),
      field("dropout", &Gin::dropout, "after the activation").in(0, 0.999)};
};

// relu(x_j + e_ji W + b), summed at i.
Value heard_with_edges(Builder& b, const Stream& s, Value x) {
  const Value carried = b.linear("edge", edge_features(b, s), x.shape().last());  // [E,C]
  const Value brought = b.emit("edge_gather", {s.adjacency, x});
  const Value messages = b.emit("relu", {b.emit("add", {brought, carried})});
  return b.emit("edge_sum", {s.adjacency, messages});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& o = use.attrs.as<Gin>();
  const int64_t width = width_or_channels(o.width, s);
  const int64_t hidden = o.hidden > 0 ? o.hidden : width;
  const Value eps = o.train_eps ? b.weight("eps", {ParameterKind::kScale, {1}}) : Value{};
  const auto sum = [&](Value x) {
    const Value heard =
        o.edges ? heard_with_edges(b, s, x) : b.emit("spmm", {s.adjacency, x}, {{"norm", "sum"}});
    if (!eps) return b.emit("add", {heard, x});
    const Value weight = b.emit("scale", {eps}, {{"a", 1.0}, {"b", 1.0}});
    return b.emit("add", {heard, b.emit("mul", {x, weight})});
  };
  const bool bias = o.norm != "batch";
  Value inner;
  if (b.mostly_zero(s.x) &&
      !o.edges) {  // a sum over neighbours would fill up the zeros: multiply first
    inner = sum(b.linear("inner", s.x, hidden, false));
    if (bias) inner = b.emit("add", {inner, b.linear_bias("inner", s.channels(), hidden)});
  } else {
    inner = b.linear("inner", sum(s.x), hidden, bias);
  }
  const Value normed = b.in_scope("norm", [&] { return normalise_places(b, o.norm, inner, s); });
  const Value active = b.dropout(activate(b, o.activation, normed), o.dropout);
  s.x = b.linear("outer", active, width);
  return s;
}
}  // namespace

extern const Block block_gin = {
    .name = "gin",
    .family = "gnn",
    .doc = "graph isomorphism network: a perceptron on the sum of each node and its neighbours",
    .formula =
        "y_i = act(norm(((1 + eps) x_i + sum_{j -> i} m_ji) W_inner + b)) W_outer + c; "
        "m_ji = x_j, with edges: relu(x_j + e_ji W_edge + d)",
    .paper = "Xu et al. 2019, arXiv 1810.00826, eq. 4.1; Hu et al. 2020, arXiv 1905.12265 (edges)",
    .attrs = fields_of<Gin>,
    .primary = "width",
    .accepts = {Domain::kGraph},
    .build = build,
    .samples = {{"gin: 5", Domain::kGraph, {6, 4}},
                {"gin: {width: 3, hidden: 7, norm: batch}", Domain::kGraph, {8, 4}},
                {"gin: {width: 3, hidden: 6, edges: true}", Domain::kGraph, {6, 4}},
                {"gin: {train_eps: false, activation: gelu, dropout: 0.5}",
                 Domain::kGraph,
                 {4, 3}}},
};
}  // namespace cambium::block_gin
