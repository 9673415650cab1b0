// tokens_to_graph: tokens become nodes that hear the tokens near them.
#include "blocks/adapters/neighbours.h"

namespace cambium::block_tokens_to_graph {
namespace {
struct TokensToGraph {
  std::string neighbours = "grid8";
  int64_t window = 1, k = 8;
  bool causal = false;

  static constexpr auto fields = std::tuple{
      field(
          "neighbours", &TokensToGraph::neighbours,
          "grid4, grid8: beside it in the grid the tokens came from (8: diagonals too); "
          "window: at most `window` places away; knn: the `k` nearest places, in the grid if there "
          "is one; full: every other token; original: the edges of the graph they came from")
          .one_of("grid4|grid8|window|knn|full|original"),
      field("window", &TokensToGraph::window, "reach of neighbours: window").in(1, 1 << 20),
      field("k", &TokensToGraph::k, "how many nearest places neighbours: knn takes").in(1, 256),
      field("causal", &TokensToGraph::causal, "a token hears earlier ones only")};
};

// Who hears whom among the tokens of one example: along a line, or in a grid of `columns`.
std::vector<Edge> edges_of(const TokensToGraph& o, int64_t tokens, int64_t columns) {
  const bool grid = columns > 0;
  const int64_t rows = grid ? tokens / columns : tokens;
  if (o.neighbours == "knn") return nearest_edges(rows, grid ? columns : 1, o.k, o.causal);
  std::vector<Edge> edges;
  if (o.neighbours.starts_with("grid")) {
    edges = grid_edges(rows, columns, o.neighbours == "grid8");
  } else {
    const int64_t reach = o.neighbours == "full" ? tokens : o.window;
    for (int64_t t = 0; t < tokens; ++t)
      for (int64_t u = std::max<int64_t>(0, t - reach); u <= std::min(tokens - 1, t + reach); ++u)
        if (u != t) edges.emplace_back(int32_t(u), int32_t(t));
  }
  if (o.causal) std::erase_if(edges, [](const Edge& e) { return e.first > e.second; });
  return edges;
}

// About the edges of one example, half of them when a token hears only those before it.
double about_edges(const TokensToGraph& o, int64_t tokens) {
  double heard = double(std::max<int64_t>(0, tokens - 1));
  if (o.neighbours == "window") heard = std::min(heard, 2 * double(o.window));
  if (o.neighbours == "knn") heard = std::min(heard, double(o.k));
  if (o.neighbours.starts_with("grid")) heard = std::min(heard, 8.0);
  return double(tokens) * heard * (o.causal && o.neighbours != "knn" ? 0.5 : 1);
}

// The k nearest real tokens of each, which differ from example to example.
Value nearest_real(Builder& b, const TokensToGraph& o, const Stream& s, int64_t columns) {
  const int64_t batch = s.shape()[0], tokens = s.shape()[1], rows = tokens / columns;
  check_edges(about_spare_edges(rows, columns, o.k), batch, tokens, o.neighbours);
  const auto edges = [=, k = o.k, causal = o.causal] {
    return spare_edges(rows, columns, k, causal);
  };
  const Adjacency one = make_adjacency(tokens, edges(), false);
  const Value order = distances(b, one, columns, batch);
  return adjacency_of_places(b, s, adjacency_of_batch(edges, batch, tokens), order, o.k);
}

// The edges that the tokens remember, such as those of the data, which may carry something.
Value original_edges(const TokensToGraph& o, const Stream& s) {
  const int64_t tokens = s.shape()[0] * s.shape()[1];
  if (!s.edges)
    throw OptionError("neighbours",
                      "neighbours = original needs tokens that came from a graph in their order",
                      "use it behind graph_to_tokens and blocks that leave the tokens in their "
                      "order, or use other neighbours");
  if (s.edges.shape()[0] != tokens)
    throw OptionError("neighbours",
                      str("neighbours = original: the graph had ", s.edges.shape()[0],
                          " nodes in all its examples, here are ", tokens, " tokens"),
                      "keep the number of tokens; drop_latents takes trained ones out");
  if (o.causal)
    throw OptionError("causal", "causal = true asks for other edges than neighbours = original",
                      "leave causal out");
  return s.edges;
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& o = use.attrs.as<TokensToGraph>();
  const int64_t batch = s.shape()[0], tokens = s.shape()[1];
  if (o.neighbours.starts_with("grid") && (s.columns == 0 || s.rows * s.columns != tokens))
    throw OptionError(
        "neighbours",
        str("neighbours = ", o.neighbours, " needs tokens that came from a grid, got ", tokens,
            " tokens of no grid"),
        "use neighbours: window or neighbours: full");
  const bool grid = s.columns > 0 && s.rows * s.columns == tokens;
  const int64_t columns = grid ? s.columns : 0;
  if (o.neighbours == "original") {
    s.adjacency = original_edges(o, s);
  } else if (s.mask && o.neighbours == "knn") {
    s.adjacency = nearest_real(b, o, s, std::max<int64_t>(1, columns));
  } else {
    check_edges(about_edges(o, tokens), batch, tokens, o.neighbours);
    s.adjacency = adjacency_of_places(
        b, s, adjacency_of_batch([=] { return edges_of(o, tokens, columns); }, batch, tokens));
  }
  s.domain = Domain::kGraph;
  s.batch = batch;
  s.edges = {};
  s.x = b.emit("reshape", {s.x}, {{"shape", std::vector<int64_t>{batch * tokens, s.channels()}}});
  return s;
}
}  // namespace

extern const Block block_tokens_to_graph = {
    .name = "tokens_to_graph",
    .family = "adapters",
    .doc = "tokens [B,T,C] -> nodes [B T,C] of B equal graphs with edges between near tokens",
    .formula = "y[b T + t] = x[b,t]; u -> t when u is a neighbour of t",
    .paper =
        "Han et al. 2022, arXiv 2206.00272 (pictures as graphs of patches); Rampasek et al. 2022, "
        "arXiv 2205.12454 (original: attention and messages in turn)",
    .attrs = fields_of<TokensToGraph>,
    .primary = "neighbours",
    .accepts = {Domain::kTokens},
    .looks_back_with = "causal: true",
    .build = build,
    .samples = {{"tokens_to_graph: {neighbours: window, window: 2}", Domain::kTokens, {2, 5, 3}},
                {"tokens_to_graph: {neighbours: full, causal: true}", Domain::kTokens, {1, 4, 2}},
                {"tokens_to_graph: {neighbours: knn, k: 3}", Domain::kTokens, {2, 5, 2}},
                {"[graph_to_tokens, {attention: 1}, {tokens_to_graph: original}, {gcn: 2}]",
                 Domain::kGraph,
                 {6, 3}}},
};
}  // namespace cambium::block_tokens_to_graph
