// Minimum cut of a directed graph with capacities; Boost.Graph is included by its .cpp alone.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace cambium {
struct CutEdge {
  int from, to;
  int64_t capacity;  // >= 0
};

// For each vertex, whether the smallest cut between source and sink leaves it with the sink; of
// several, the one nearest to the sink.
std::vector<bool> sink_side(int vertices, std::span<const CutEdge> edges, int source, int sink);
}  // namespace cambium
