// pna: several summaries of a node's neighbours, each also scaled by how many they are.
// [N,C] -> [N,width]
//   h = x M + m;  y_i = act(x_i U + [s(d_i) a(h_j : j -> i) for all a, s] V + c)
//   a: mean, max, min, std = sqrt(relu(mean h^2 - (mean h)^2) + 1e-5), sum
//   s: identity 1; amplification log(d + 1) / delta; attenuation delta / log(d + 1), and delta /
//   log 2 for a node that hears nobody
#include "blocks/gnn/support.h"

namespace cambium::block_pna {
namespace {
struct Pna {
  int64_t width = 0, hidden = 0;
  std::vector<std::string> aggregators = {"mean", "max", "min", "std"};
  std::vector<std::string> scalers = {"identity", "amplification", "attenuation"};
  double delta = 1, dropout = 0;
  std::string activation = "relu", norm = "none";

  static constexpr auto fields = std::tuple{
      field("width", &Pna::width, "channels of the result; 0: as they are").in(0, 1 << 20),
      field("hidden", &Pna::hidden, "channels of a message; 0: width").in(0, 1 << 20),
      field("aggregators", &Pna::aggregators,
            "summaries of the neighbours: mean, max, min, std, sum")
          .one_of("mean|max|min|std|sum"),
      field("scalers", &Pna::scalers, "factors by degree: identity, amplification, attenuation")
          .one_of("identity|amplification|attenuation"),
      field("delta", &Pna::delta, "mean of log(degree + 1) over the training graphs").in(1e-3, 100),
      field("dropout", &Pna::dropout, "of the incoming features").in(0, 0.999),
      field("activation", &Pna::activation, "of the result").one_of(kActivations),
      field("norm", &Pna::norm, "before the activation").one_of(kNorms)};
};

Value aggregate(Builder& b, std::string_view kind, const Stream& s, Value h) {
  const auto mean = [&](Value x) { return b.emit("spmm", {s.adjacency, x}, {{"norm", "mean"}}); };
  if (kind == "mean") return mean(h);
  if (kind == "sum") return b.emit("spmm", {s.adjacency, h}, {{"norm", "sum"}});
  if (kind == "max") return b.emit("neighbour_max", {s.adjacency, h});
  if (kind == "min")
    return b.emit("neg", {b.emit("neighbour_max", {s.adjacency, b.emit("neg", {h})})});
  const Value spread = b.emit("sub", {mean(b.emit("square", {h})), b.emit("square", {mean(h)})});
  return b.emit("sqrt", {b.emit("scale", {b.emit("relu", {spread})}, {{"a", 1.0}, {"b", 1e-5}})});
}

// [N,1]
Value scaler(Builder& b, std::string_view kind, const Stream& s, double delta) {
  const Value logs = b.emit("log", {b.emit("scale", {in_degrees(b, s)}, {{"a", 1.0}, {"b", 1.0}})});
  if (kind == "amplification") return b.emit("scale", {logs}, {{"a", 1 / delta}});
  const Value bounded = b.emit("maximum", {logs, b.graph.scalar(std::log(2.0))});
  return b.emit("div", {b.graph.scalar(delta), bounded});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& o = use.attrs.as<Pna>();
  require_option("aggregators", !o.aggregators.empty(), "aggregators names none");
  require_option("scalers", !o.scalers.empty(), "scalers names none");
  const int64_t width = width_or_channels(o.width, s), hidden = o.hidden ? o.hidden : width;
  const FirstLayers layer(b, s.x, o.dropout);
  const Value h = layer("message", hidden);
  std::vector<Value> summaries, parts;
  for (const std::string& kind : o.aggregators) summaries.push_back(aggregate(b, kind, s, h));
  for (const std::string& kind : o.scalers) {
    const Value factor = kind == "identity" ? Value{} : scaler(b, kind, s, o.delta);
    for (Value x : summaries) parts.push_back(factor ? b.emit("mul", {x, factor}) : x);
  }
  const Value all = parts.size() == 1 ? parts[0] : b.emit("concat", parts, {{"axis", -1}});
  const Value heard =
      b.linear("summaries", all, width, false, glorot(b, all.shape().last(), width));
  const Value sum = b.emit("add", {layer("self", width), heard});
  s.x = activate(b, o.activation,
                 b.in_scope("norm", [&] { return normalise_places(b, o.norm, sum, s); }));
  return s;
}
}  // namespace

extern const Block block_pna = {
    .name = "pna",
    .family = "gnn",
    .doc =
        "principal neighbourhood aggregation: mean, maximum, minimum and spread, scaled by degree",
    .formula = "y_i = act(norm(x_i U + c + [s(d_i) a(x_j M + m : j -> i) for all a, s] V))",
    .paper = "Corso et al. 2020, arXiv 2004.05718, eq. 6 to 8",
    .attrs = fields_of<Pna>,
    .primary = "width",
    .accepts = {Domain::kGraph},
    .build = build,
    .samples = {{"pna: 3", Domain::kGraph, {6, 4}},
                {"pna: {aggregators: [sum, std], scalers: [attenuation], hidden: 5, delta: 0.8, "
                 "activation: tanh, norm: batch}",
                 Domain::kGraph,
                 {6, 3}},
                {"pna: {aggregators: mean, scalers: identity, dropout: 0.5}",
                 Domain::kGraph,
                 {4, 3}}},
};
}  // namespace cambium::block_pna
