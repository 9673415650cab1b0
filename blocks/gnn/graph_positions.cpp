// graph_positions: tells nodes where they stand in their graph. [N,C] -> [N,C], or [N,C+size]
//   laplacian: eigenvectors of the graph's Laplacian, whose signs mean nothing: training flips each
//   at random. random_walk: chances that walks of 1 .. size steps come back.
// Both are computed once a graph. Of graphs that fall apart each part has its own.
#include <algorithm>

#include "blocks/layers.h"

namespace cambium::block_graph_positions {
namespace {
struct GraphPositions {
  std::string kind = "laplacian", combine = "add";
  int64_t size = 8;
  bool flip = true;
  static constexpr auto fields =
      std::tuple{field("kind", &GraphPositions::kind,
                       "eigenvectors of the Laplacian, or chances that random walks come back")
                     .one_of("laplacian|random_walk"),
                 field("size", &GraphPositions::size, "eigenvectors, or steps of the longest walk")
                     .in(1, 4096),
                 field("combine", &GraphPositions::combine,
                       "add: through a linear layer to the features; concat: behind them")
                     .one_of("add|concat"),
                 field("flip", &GraphPositions::flip,
                       "laplacian: a random sign for each eigenvector in every step of training")};
};

// p [N,size] times a sign a column: 2 or 0 from dropout, less 1.
Value with_random_signs(Builder& b, Value p) {
  const Value one = b.filled({1, p.shape().last()}, 1);
  return b.emit("mul", {p, b.emit("sub", {b.dropout(one, 0.5, "signs"), one})});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<GraphPositions>();
  const bool waves = a.kind == "laplacian";
  Value p = waves ? b.emit("laplacian_vectors", {s.adjacency}, {{"count", a.size}})
                  : b.emit("walk_returns", {s.adjacency}, {{"steps", a.size}});
  if (waves && a.flip && b.training) p = with_random_signs(b, p);
  s.x = a.combine == "concat" ? b.emit("concat", {s.x, p}, {{"axis", 1}})
                              : b.emit("add", {s.x, b.linear("", p, s.channels())});
  return s;
}
}  // namespace

extern const Block block_graph_positions = {
    .name = "graph_positions",
    .family = "gnn",
    .doc = "tells nodes where they stand in their graph",
    .formula =
        "y = x + p W + b or [x, p]; p: eigenvectors of I - D^-1/2 A D^-1/2, or diag((D^-1 "
        "A)^k)",
    .paper =
        "Dwivedi et al. 2020, arXiv 2003.00982 (laplacian); Dwivedi et al. 2021, arXiv "
        "2110.07875 (random_walk)",
    .attrs = fields_of<GraphPositions>,
    .primary = "kind",
    .accepts = {Domain::kGraph},
    .build = build,
    .samples = {
        {"graph_positions: {size: 3}", Domain::kGraph, {7, 4}},
        {"graph_positions: {kind: random_walk, size: 5}", Domain::kGraph, {6, 3}},
        {"graph_positions: {size: 9, combine: concat, flip: false}", Domain::kGraph, {5, 2}}}};
}  // namespace cambium::block_graph_positions
