// gated_gcn: neighbours are summed through a gate for each edge and channel. [N,C] -> [N,width]
//   eta_ij = sigmoid(x_i A + x_j B + c);  y_i = act(norm(x_i U + sum_j eta_ij (x_j V) + d))
//   edges: what an edge carries opens its gate too, eta_ij = sigmoid(x_i A + x_j B + e_ji E + c);
//   it is the data's in every layer (Dwivedi et al. let it change from layer to layer).
//   normalise: the sum is divided by 1e-6 + sum_j eta_ij (Dwivedi et al. 2020, arXiv 2003.00982).
#include "blocks/gnn/support.h"

namespace cambium::block_gated_gcn {
namespace {
struct GatedGcn {
  int64_t width = 0;
  bool normalise = true, edges = false;
  std::string norm = "none", activation = "relu";
  double dropout = 0;

  static constexpr auto fields = std::tuple{
      field("width", &GatedGcn::width, "channels of the result; 0: as they are").in(0, 1 << 20),
      field("normalise", &GatedGcn::normalise, "divide by the sum of the gates"),
      field("edges", &GatedGcn::edges, "gates depend on what the data's edges carry"),
      field("norm", &GatedGcn::norm, "before the activation").one_of(kNorms),
      field("activation", &GatedGcn::activation, "of the result").one_of(kActivations),
      field("dropout", &GatedGcn::dropout, "of the incoming features").in(0, 0.999)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& o = use.attrs.as<GatedGcn>();
  const int64_t width = width_or_channels(o.width, s), nodes = s.shape()[0];
  const FirstLayers layer(b, s.x, o.dropout);
  const Value ends = b.emit("edge_gather", {s.adjacency, layer("gate_source", width, false),
                                            layer("gate_target", width)});
  const Value gate = activate(
      b, "sigmoid", with_edges(b, s, ends, o.edges));  // [E,width], a head for each channel
  const Value messages = as_heads(b, layer("neighbours", width, false), width);
  Value heard = b.emit("reshape", {b.emit("edge_spmm", {s.adjacency, gate, messages})},
                       {{"shape", std::vector<int64_t>{nodes, width}}});
  if (o.normalise) {
    const Value total = b.emit("edge_sum", {s.adjacency, gate});
    heard = b.emit("div", {heard, b.emit("scale", {total}, {{"a", 1.0}, {"b", 1e-6}})});
  }
  const Value sum = b.emit("add", {layer("self", width), heard});
  s.x = activate(b, o.activation,
                 b.in_scope("norm", [&] { return normalise_places(b, o.norm, sum, s); }));
  return s;
}
}  // namespace

extern const Block block_gated_gcn = {
    .name = "gated_gcn",
    .family = "gnn",
    .doc =
        "linear in a node's own features plus a gated sum of its neighbours', channel by channel",
    .formula =
        "eta_ij = sigmoid(x_i A + x_j B + c); y_i = act(norm(x_i U + d + sum_j eta_ij (x_j V) / "
        "(1e-6 + sum_j eta_ij))); with edges: eta_ij = sigmoid(x_i A + x_j B + e_ji E + c)",
    .paper =
        "Bresson and Laurent 2017, arXiv 1711.07553, eq. 11; Dwivedi et al. 2020, arXiv "
        "2003.00982 (normalise)",
    .attrs = fields_of<GatedGcn>,
    .primary = "width",
    .accepts = {Domain::kGraph},
    .build = build,
    .samples = {{"gated_gcn: 3", Domain::kGraph, {6, 4}},
                {"gated_gcn: {normalise: false, norm: batch, activation: tanh}",
                 Domain::kGraph,
                 {6, 5}},
                {"gated_gcn: {width: 3, edges: true}", Domain::kGraph, {6, 4}},
                {"gated_gcn: {width: 2, dropout: 0.5}", Domain::kGraph, {4, 3}}},
};
}  // namespace cambium::block_gated_gcn
