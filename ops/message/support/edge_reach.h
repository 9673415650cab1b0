// Reaches along the edges of a graph; channels of nodes and edges are not told apart.
#pragma once
#include "ops/message/support/edges.h"
#include "ops/support/reach.h"

namespace cambium {
// [N] of nodes or [E] of edges from their values of any rank, and back.
Reach without_channels(const Reach& r);
Reach with_channels(const Reach& rows, const Shape& to);

// The graph an operator's input 0 means; nothing is known of its edges where it has none.
class EdgeReach {
 public:
  EdgeReach(const Call& c, const Reach& graph, bool self_loops);

  // Each edge hears, of nodes [N], its source and its target where they are asked for.
  Reach edges_of(const Reach& nodes, bool source, bool target) const;
  // Each node hears, of edges [E], those that reach it, or leave it.
  Reach nodes_of(const Reach& edges, bool leaving = false) const;
  // Each node hears, of nodes [N], those with an edge to it, or from it.
  Reach neighbours_of(const Reach& nodes, bool leaving = false) const;

 private:
  const Adjacency* graph_;
  int64_t nodes_, edges_;
};
}  // namespace cambium
