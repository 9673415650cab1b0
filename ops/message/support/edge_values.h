// What the operators on values of edges share. A value of edges is [E,...] with one row for each
// edge of the graph's `in` rows, E being the most edges the adjacency may have: rows past the real
// edges are 0 where an operator writes them and ignored where one reads them.
#pragma once
#include <algorithm>

#include "ops/message/support/edges.h"
#include "ops/support/simd_math.h"

namespace cambium {
struct EdgeAttrs {
  bool self_loops = false;
  static constexpr auto fields =
      std::tuple{field("self_loops", &EdgeAttrs::self_loops, "every node also hears itself")};
};

// `s` with its first axis replaced.
inline Shape with_rows(Shape s, int64_t rows) {
  s.set(0, rows);
  return s;
}

// UserError unless input `m` holds f32 rows for the edges of adjacency 0.
inline void require_edges(const Call& c, int m, bool self_loops) {
  require(c.dtype(0) == DType::kAdjacency, "input 0 is ", c.in[0].type(), ", not an adjacency");
  const int64_t edges = most_edges(c.shape(0), self_loops);
  require(c.dtype(m) == DType::kF32 && c.shape(m).rank() >= 2 && c.shape(m)[0] == edges,
          "values of edges are f32 [", edges, ",C], got ", c.in[size_t(m)].type());
}

// UserError unless w is [E,H] and the nodes are [N,H,D].
inline void require_heads(const Call& c, int w, int x, bool self_loops) {
  require_edges(c, w, self_loops);
  require_nodes(c, 0, x);
  require(c.shape(x).rank() == 3 && c.shape(w).rank() == 2 && c.shape(w)[1] == c.shape(x)[1],
          "weights are [E,H] and nodes [N,H,D], got ", c.shape(w), " and ", c.shape(x));
}

inline int64_t row_size(const Shape& s) {
  return s.count_between(1, s.rank());
}

// Clears the rows past the real edges.
inline void clear_tail(float* y, int64_t edges, int64_t most, int64_t channels) {
  std::fill(y + edges * channels, y + most * channels, 0.0f);
}

inline Cost edge_cost(const Call& c, bool self_loops, double flops_per_edge,
                      double products_per_edge = 0) {
  const auto edges = double(most_edges(c.shape(0), self_loops));
  Cost cost{
      .flops = flops_per_edge * edges, .bytes = 4 * edges, .products = products_per_edge * edges};
  for (int i = 1; i < c.inputs(); ++i)
    if (c.has(i)) cost.bytes += double(c.in[size_t(i)].type().bytes());
  for (Value v : c.out) cost.bytes += double(v.type().bytes());
  return cost;
}
}  // namespace cambium
