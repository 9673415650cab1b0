// tokens_to_graph: tokens become nodes that hear the tokens near them.
#include "blocks/block.h"

namespace cambium {
namespace {
struct TokensToGraph {
  std::string neighbours = "grid8";
  int64_t window = 1;
  bool causal = false;

  static constexpr auto fields = std::tuple{
      field("neighbours", &TokensToGraph::neighbours,
            "grid4, grid8: beside it in the grid the tokens came from (8: diagonals too); "
            "window: at most `window` places away; full: every other token")
          .one_of("grid4|grid8|window|full"),
      field("window", &TokensToGraph::window, "reach of neighbours: window").in(1, 1 << 20),
      field("causal", &TokensToGraph::causal, "a token hears earlier ones only")};
};

// Whether token t hears token u != t, both in [0, T).
bool hears(const TokensToGraph& o, int64_t columns, int64_t t, int64_t u) {
  if (o.causal && u > t) return false;
  if (o.neighbours == "full") return true;
  if (o.neighbours == "window") return std::abs(t - u) <= o.window;
  const int64_t dy = std::abs(t / columns - u / columns), dx = std::abs(t % columns - u % columns);
  return o.neighbours == "grid4" ? dy + dx == 1 : std::max(dy, dx) == 1;
}

std::shared_ptr<const Adjacency> adjacency_of(const TokensToGraph& o, int64_t batch, int64_t tokens,
                                              int64_t columns) {
  std::vector<Edge> one;
  for (int64_t t = 0; t < tokens; ++t) {
    // Nothing farther than this is heard, so long sequences with short windows stay cheap.
    const int64_t reach = o.neighbours == "full"     ? tokens
                          : o.neighbours == "window" ? o.window
                                                     : columns + 1;
    for (int64_t u = std::max<int64_t>(0, t - reach); u <= std::min(tokens - 1, t + reach); ++u)
      if (u != t && hears(o, columns, t, u)) one.emplace_back(int32_t(u), int32_t(t));
  }
  constexpr int64_t kMostEdges = 100'000'000;
  require(int64_t(one.size()) * batch <= kMostEdges, "neighbours = ", o.neighbours, " makes ",
          int64_t(one.size()) * batch, " edges for a batch of ", batch, " x ", tokens,
          " tokens, more than ", kMostEdges);
  std::vector<Edge> all;
  all.reserve(one.size() * size_t(batch));
  for (int64_t k = 0; k < batch; ++k)
    for (auto [u, v] : one) all.emplace_back(u + int32_t(k * tokens), v + int32_t(k * tokens));
  return std::make_shared<const Adjacency>(make_adjacency(batch * tokens, all, false));
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& o = use.attrs.as<TokensToGraph>();
  const int64_t batch = s.shape()[0], tokens = s.shape()[1];
  if (o.neighbours.starts_with("grid") && (s.columns == 0 || s.rows * s.columns != tokens))
    throw UserError(str("neighbours = ", o.neighbours, " needs tokens that came from a grid, got ",
                        tokens, " tokens of no grid"),
                    "use neighbours: window or neighbours: full");
  s.domain = Domain::kGraph;
  s.adjacency = b.graph.constant(adjacency_of(o, batch, tokens, s.columns));
  s.batch = batch;
  s.x = b.emit("reshape", {s.x}, {{"shape", std::vector<int64_t>{batch * tokens, s.channels()}}});
  return s;
}
}  // namespace

extern const Block block_tokens_to_graph = {
    .name = "tokens_to_graph",
    .family = "adapters",
    .doc = "tokens [B,T,C] -> nodes [B T,C] of B equal graphs with edges between near tokens",
    .formula = "y[b T + t] = x[b,t]; u -> t when u is a neighbour of t",
    .attrs = fields_of<TokensToGraph>,
    .primary = "neighbours",
    .accepts = {Domain::kTokens},
    .build = build,
    .samples = {{"tokens_to_graph: {neighbours: window, window: 2}", Domain::kTokens, {2, 5, 3}},
                {"tokens_to_graph: {neighbours: full, causal: true}", Domain::kTokens, {1, 4, 2}}},
};
}  // namespace cambium
