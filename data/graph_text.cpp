#include "data/graph_text.h"

#include "core/text/format.h"

namespace cambium {
std::string edges_text(const Adjacency& graph) {
  int64_t loops = 0;
  for (int64_t i = 0; i < graph.nodes; ++i)
    for (int32_t k = graph.in.begin[size_t(i)]; k < graph.in.begin[size_t(i) + 1]; ++k)
      loops += graph.in.neighbour[size_t(k)] == i;
  const std::string edges = str((graph.edges - loops) / 2, " edges");
  return loops == 0 ? edges : str(edges, " and ", loops, loops == 1 ? " self loop" : " self loops");
}
}  // namespace cambium
