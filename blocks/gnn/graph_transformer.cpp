// graph_transformer: a transformer layer whose attention runs along the edges (and to the node
// itself). [N,C], kept
//   h = norm(x + attention(x));  y = norm(h + ffn(h))
#include "blocks/gnn/support.h"

namespace cambium::block_graph_transformer {
namespace {
struct GraphTransformer {
  int64_t heads = 4;
  double expand = 2, dropout = 0, attention_dropout = 0;
  std::string activation = "relu", norm = "layer";
  bool bias = false;

  static constexpr auto fields = std::tuple{
      field("heads", &GraphTransformer::heads, "attention heads; divides C").in(1, 4096),
      field("expand", &GraphTransformer::expand, "inner width of the feed-forward part / C")
          .in(0.01, 64),
      field("dropout", &GraphTransformer::dropout, "of both branches").in(0, 0.999),
      field("attention_dropout", &GraphTransformer::attention_dropout, "of the attention weights")
          .in(0, 0.999),
      field("activation", &GraphTransformer::activation, "of the feed-forward part")
          .one_of(kActivations),
      field("norm", &GraphTransformer::norm, "after each sum").one_of(kNorms),
      field("bias", &GraphTransformer::bias, "biases of the queries, keys and values")};
};

Value attention(Builder& b, const GraphTransformer& o, const Stream& s) {
  const int64_t c = s.channels();
  const FirstLayers layer(b, s.x, 0);
  const auto heads = [&](std::string_view name) {
    return as_heads(b, layer(name, c, o.bias), o.heads);
  };
  const Args loops = {{"self_loops", true}};
  const int64_t width = c / o.heads;
  const double scale = b.score_scale(1 / std::sqrt(double(width)), width);
  const Value q = b.emit("scale", {heads("query")}, {{"a", scale}});
  const Value scores = b.emit("edge_dot", {s.adjacency, q, heads("key")}, loops);  // [E,H]
  const Value alpha = b.dropout(b.emit("edge_softmax", {s.adjacency, scores}, loops),
                                o.attention_dropout, "attention_dropout");
  const Value y = b.emit("edge_spmm", {s.adjacency, alpha, heads("value")}, loops);
  return b.residual_linear("output", as_rows(b, y), c);
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& o = use.attrs.as<GraphTransformer>();
  const int64_t c = s.channels();
  if (c % o.heads != 0) {
    int64_t fits = o.heads;
    while (c % fits != 0) --fits;
    throw OptionError("heads", str("heads = ", o.heads, " does not divide C = ", c),
                      str("use heads: ", fits), c);
  }
  const auto join = [&](std::string_view name, Value x, Value branch) {
    const Value sum = b.emit("add", {x, b.dropout(branch, o.dropout, str(name, "_dropout"))});
    return b.in_scope(str(name, "_norm"), [&] { return normalise_places(b, o.norm, sum, s); });
  };
  const Value h = join("attention", s.x, attention(b, o, s));
  const int64_t inner = std::max<int64_t>(1, std::llround(o.expand * double(c)));
  const Value up = activate(b, o.activation, b.linear("up", h, inner));
  s.x = join("ffn", h, b.residual_linear("down", up, c));
  return s;
}
}  // namespace

extern const Block block_graph_transformer = {
    .name = "graph_transformer",
    .family = "gnn",
    .doc = "a transformer layer in which each node attends to its neighbours and itself",
    .formula =
        "alpha_ij = softmax_j(<W_q x_i, W_k x_j> / sqrt(D)); h = norm(x + O sum_j alpha_ij W_v "
        "x_j); y = norm(h + W2 act(W1 h))",
    .paper = "Dwivedi and Bresson 2021, arXiv 2012.09699, eq. 4 to 9",
    .attrs = fields_of<GraphTransformer>,
    .primary = "heads",
    .accepts = {Domain::kGraph},
    .keeps_shape = true,
    .build = build,
    .samples = {{"graph_transformer: 2", Domain::kGraph, {6, 4}},
                {"graph_transformer: {heads: 1, norm: batch, activation: gelu, expand: 0.7, bias: "
                 "true}",
                 Domain::kGraph,
                 {5, 3}},
                {"graph_transformer: {heads: 3, norm: none, dropout: 0.2, attention_dropout: 0.3}",
                 Domain::kGraph,
                 {4, 6}}},
};
}  // namespace cambium::block_graph_transformer
