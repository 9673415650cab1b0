#include "core/adjacency.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace cambium {
namespace {
std::vector<int32_t> row_starts(int64_t nodes, std::span<const Edge> edges, int32_t Edge::*row) {
  std::vector<int32_t> begin(size_t(nodes) + 1, 0);
  for (const Edge& e : edges) ++begin[size_t(e.*row) + 1];
  for (size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
  return begin;
}

// Sorted by destination, then source; no edge twice.
void normalise(std::vector<Edge>& edges) {
  std::ranges::sort(edges, {}, [](const Edge& e) { return std::pair(e.second, e.first); });
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
}

Adjacency build(int64_t nodes, std::span<const Edge> edges) {
  Adjacency a{.nodes = nodes, .edges = int64_t(edges.size())};
  a.in.begin = row_starts(nodes, edges, &Edge::second);
  a.out.begin = row_starts(nodes, edges, &Edge::first);
  a.out.neighbour.resize(edges.size());
  a.out_edge.resize(edges.size());
  std::vector<int32_t> next(a.out.begin.begin(), a.out.begin.end());
  for (size_t e = 0; e < edges.size(); ++e) {  // by destination, so each out row stays sorted
    a.in.neighbour.push_back(edges[e].first);
    const auto k = size_t(next[size_t(edges[e].first)]++);
    a.out.neighbour[k] = edges[e].second;
    a.out_edge[k] = int32_t(e);
  }
  for (size_t i = 0; i < size_t(nodes); ++i) {
    const auto degree = float(a.in.begin[i + 1] - a.in.begin[i]);
    a.inv_degree.push_back(degree > 0 ? 1 / degree : 0);
    a.rsqrt_degree.push_back(degree > 0 ? 1 / std::sqrt(degree) : 0);
  }
  return a;
}
}  // namespace

Adjacency make_adjacency(int64_t nodes, std::span<const Edge> edges, bool undirected) {
  std::vector<Edge> all;
  for (auto [u, v] : edges) {
    require(u >= 0 && v >= 0 && u < nodes && v < nodes, "edge ", u, " -> ", v,
            " leaves the graph of ", nodes, " nodes");
    all.emplace_back(u, v);
    if (undirected) all.emplace_back(v, u);
  }
  normalise(all);
  Adjacency a = build(nodes, all);
  for (int32_t i = 0; i < nodes; ++i) all.emplace_back(i, i);
  normalise(all);
  a.looped = std::make_shared<const Adjacency>(build(nodes, all));
  return a;
}
}  // namespace cambium
