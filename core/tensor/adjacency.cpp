#include "core/tensor/adjacency.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/tensor/adjacency_rows.h"

namespace cambium {
namespace {
// Sorted by destination, then source; no edge twice.
void normalise(std::vector<Edge>& edges) {
  std::ranges::sort(edges, {}, [](const Edge& e) { return std::pair(e.second, e.first); });
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
}

// From sorted edges.
Adjacency build(int64_t nodes, std::span<const Edge> edges) {
  Adjacency a{.nodes = nodes};
  a.in.begin.assign(size_t(nodes) + 1, 0);
  a.in.neighbour.reserve(edges.size());
  for (const Edge& e : edges) {
    a.in.neighbour.push_back(e.first);
    ++a.in.begin[size_t(e.second) + 1];
  }
  std::partial_sum(a.in.begin.begin(), a.in.begin.end(), a.in.begin.begin());
  complete_rows(a);
  return a;
}

// The entries of `one`, then those of each further copy, `step` larger than the copy's before.
std::vector<int32_t> repeated(std::span<const int32_t> one, int64_t copies, int64_t step) {
  std::vector<int32_t> out;
  out.reserve(one.size() * size_t(copies));
  for (int64_t k = 0; k < copies; ++k)
    for (const int32_t x : one) out.push_back(x + int32_t(k * step));
  return out;
}

std::vector<float> repeated(std::span<const float> one, int64_t copies) {
  std::vector<float> out;
  out.reserve(one.size() * size_t(copies));
  for (int64_t k = 0; k < copies; ++k) out.insert(out.end(), one.begin(), one.end());
  return out;
}

Csr repeated(const Csr& one, int64_t copies, int64_t nodes, int64_t edges) {
  Csr out{{}, repeated(one.neighbour, copies, nodes)};
  out.begin.reserve(size_t(nodes * copies) + 1);
  for (int64_t k = 0; k < copies; ++k)
    for (int64_t i = 0; i < nodes; ++i)
      out.begin.push_back(one.begin[size_t(i)] + int32_t(k * edges));
  out.begin.push_back(int32_t(copies * edges));
  return out;
}
}  // namespace

void complete_rows(Adjacency& a) {
  const auto nodes = size_t(a.nodes);
  a.edges = int64_t(a.in.neighbour.size());
  // The starts of the transpose stand one place further on while they count, and move back as their
  // rows fill up.
  a.out.begin.assign(nodes + 1, 0);
  for (const int32_t from : a.in.neighbour)
    if (size_t(from) + 2 <= nodes) ++a.out.begin[size_t(from) + 2];
  std::partial_sum(a.out.begin.begin(), a.out.begin.end(), a.out.begin.begin());
  a.out.neighbour.resize(size_t(a.edges));
  a.out_edge.resize(size_t(a.edges));
  a.inv_degree.resize(nodes);
  a.rsqrt_degree.resize(nodes);
  for (size_t i = 0; i < nodes; ++i) {  // by destination, so each out row stays sorted
    for (int32_t e = a.in.begin[i]; e < a.in.begin[i + 1]; ++e) {
      const auto k = size_t(a.out.begin[size_t(a.in.neighbour[size_t(e)]) + 1]++);
      a.out.neighbour[k] = int32_t(i);
      a.out_edge[k] = e;
    }
    const auto degree = float(a.in.begin[i + 1] - a.in.begin[i]);
    a.inv_degree[i] = degree > 0 ? 1 / degree : 0;
    a.rsqrt_degree[i] = degree > 0 ? 1 / std::sqrt(degree) : 0;
  }
}

Adjacency make_adjacency(int64_t nodes, std::span<const Edge> edges, bool undirected) {
  std::vector<Edge> all;
  all.reserve(edges.size() * (undirected ? 2 : 1) + size_t(nodes));
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

Adjacency repeat_adjacency(const Adjacency& one, int64_t copies) {
  Adjacency a{.nodes = one.nodes * copies, .edges = one.edges * copies};
  a.in = repeated(one.in, copies, one.nodes, one.edges);
  a.out = repeated(one.out, copies, one.nodes, one.edges);
  a.out_edge = repeated(one.out_edge, copies, one.edges);
  a.rsqrt_degree = repeated(one.rsqrt_degree, copies);
  a.inv_degree = repeated(one.inv_degree, copies);
  if (one.looped)
    a.looped = std::make_shared<const Adjacency>(repeat_adjacency(*one.looped, copies));
  return a;
}

int64_t adjacency_bytes(int64_t nodes, int64_t edges) {
  const auto arrays = [&](int64_t e) {
    return int64_t(sizeof(int32_t)) * (2 * (nodes + 1) + 3 * e) +
           int64_t(sizeof(float)) * 2 * nodes;
  };
  return arrays(edges) + arrays(edges + nodes);
}

LazyAdjacency::LazyAdjacency(std::shared_ptr<const Adjacency> made)
    : nodes_(made->nodes), edges_(made->edges), made_(std::move(made)) {}

const Adjacency& LazyAdjacency::get() const {
  std::call_once(once_, [this] {
    if (made_) return;
    made_ = std::make_shared<const Adjacency>(make_());
    ensure(made_->nodes == nodes_ && made_->edges == edges_, "a graph of ", nodes_, " nodes and ",
           edges_, " edges has ", made_->nodes, " and ", made_->edges);
  });
  return *made_;
}
}  // namespace cambium
