// graph_sage: a node's own features and a summary of its neighbours', each with its own weights.
#include "blocks/gnn/support.h"

namespace cambium::block_graph_sage {
namespace {
struct GraphSage {
  int64_t width = 0;
  std::string aggregate = "mean";
  bool bias = true;
  std::string activation = "none";
  double dropout = 0;

  static constexpr auto fields = std::tuple{
      field("width", &GraphSage::width, "channels of the result; 0: as they are").in(0, 1 << 20),
      field("aggregate", &GraphSage::aggregate, "how the neighbours are summarised")
          .one_of("mean|max|sum"),
      field("bias", &GraphSage::bias, "adds a bias to every node"),
      field("activation", &GraphSage::activation, "after the sum").one_of(kActivations),
      field("dropout", &GraphSage::dropout, "of the incoming features").in(0, 0.999)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& o = use.attrs.as<GraphSage>();
  const int64_t width = width_or_channels(o.width, s);
  const bool sparse = b.mostly_zero(s.x);
  const bool any_order = o.aggregate != "max";  // sums commute with the linear layer
  // Dropped out once for both layers, or in each with the same mask when x is mostly zeros.
  const Value x = sparse && any_order ? s.x : b.dropout(s.x, o.dropout);
  const Value own = sparse ? s.x : x;
  const auto multiply = [&](std::string_view name, Value v, bool bias) {
    return b.dropped_linear(name, v, b.mostly_zero(v) ? o.dropout : 0, width, bias);
  };
  const auto aggregate = [&](Value v) {
    if (o.aggregate == "max") return b.emit("neighbour_max", {s.adjacency, v});
    return b.emit("spmm", {s.adjacency, v}, {{"norm", o.aggregate}});
  };
  // The edges carry the narrower side, and never a sum that fills up zeros.
  const bool linear_first = any_order && (width < s.channels() || sparse);
  const Value heard = linear_first ? aggregate(multiply("neighbours", x, false))
                                   : multiply("neighbours", aggregate(x), false);
  s.x = activate(b, o.activation, b.emit("add", {multiply("self", own, o.bias), heard}));
  return s;
}
}  // namespace

extern const Block block_graph_sage = {
    .name = "graph_sage",
    .family = "gnn",
    .doc =
        "linear in a node's own features plus linear in the mean, maximum or sum of its "
        "neighbours'",
    .formula = "y_i = act(x_i W_self + aggregate(x_j : j -> i) W_neighbours + b)",
    .paper = "Hamilton, Ying and Leskovec 2017, arXiv 1706.02216",
    .attrs = fields_of<GraphSage>,
    .primary = "width",
    .accepts = {Domain::kGraph},
    .build = build,
    .samples = {{"graph_sage: 5", Domain::kGraph, {6, 8}},
                {"graph_sage: {width: 7, aggregate: max, activation: relu}",
                 Domain::kGraph,
                 {6, 4}},
                {"graph_sage: {aggregate: sum, bias: false}", Domain::kGraph, {4, 3}}},
};
}  // namespace cambium::block_graph_sage
