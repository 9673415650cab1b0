// grid_to_graph: every place of a grid is a node that hears those beside it.
// [B,Y,X,C] -> nodes [B Y X,C] of B equal graphs, a view
#include "blocks/adapters/neighbours.h"

namespace cambium::block_grid_to_graph {
namespace {
struct GridToGraph {
  int64_t neighbours = 8;
  static constexpr auto fields = std::tuple{
      field("neighbours", &GridToGraph::neighbours, "4: beside, above and below; 8: diagonals too")
          .in(4, 8)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const int64_t neighbours = use.attrs.as<GridToGraph>().neighbours;
  if (neighbours != 4 && neighbours != 8)
    throw OptionError("neighbours", str("neighbours = ", neighbours, " is neither 4 nor 8"),
                      "use neighbours: 4 or neighbours: 8");
  const Shape in = s.shape();
  const int64_t batch = in[0], places = in[1] * in[2];
  check_edges(double(places) * double(neighbours), batch, places, str(neighbours));
  s.adjacency = adjacency_of_places(
      b, s,
      adjacency_of_batch([=] { return grid_edges(in[1], in[2], neighbours == 8); }, batch, places));
  s.x = b.emit("reshape", {s.x}, {{"shape", std::vector<int64_t>{batch * places, in[3]}}});
  s.domain = Domain::kGraph;
  s.batch = batch;
  s.rows = in[1];
  s.columns = in[2];
  return s;
}
}  // namespace

extern const Block block_grid_to_graph = {
    .name = "grid_to_graph",
    .family = "adapters",
    .doc = "grid [B,Y,X,C] -> nodes [B Y X,C] of B equal graphs with edges between neighbours",
    .formula = "y[b Y X + i X + j] = x[b,i,j]; (u,v) -> (i,j) when they touch",
    .attrs = fields_of<GridToGraph>,
    .primary = "neighbours",
    .accepts = {Domain::kGrid},
    .build = build,
    .samples = {{"grid_to_graph", Domain::kGrid, {2, 3, 2, 4}},
                {"grid_to_graph: 4", Domain::kGrid, {1, 1, 5, 2}},
                {"{repeat: 1, body: [grid_to_graph, {gcn: 2}, graph_to_tokens, tokens_to_grid]}",
                 Domain::kGrid,
                 {2, 3, 4, 2}}}};
}  // namespace cambium::block_grid_to_graph
