// Adjacency: the edges of a graph as CSR by destination, with everything a kernel needs built once.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace cambium {
// Compressed rows: the neighbours of row i are neighbour[begin[i] .. begin[i+1]).
struct Csr {
  std::vector<int32_t> begin;      // [rows + 1]
  std::vector<int32_t> neighbour;  // [edges]
};

// Immutable after make_adjacency. Edge e of `in` runs from in.neighbour[e] to its row. `out` is the
// transpose (row = source); out_edge[k] is the position in `in` of out's k-th entry, so that edge
// data is stored once. Rows are sorted by neighbour: two graphs with equal edges have equal arrays.
struct Adjacency {
  int64_t nodes = 0, edges = 0;
  Csr in, out;
  std::vector<int32_t> out_edge;            // [edges]
  std::vector<float> rsqrt_degree;          // [nodes], in-degree^-1/2, 0 for a node without edges
  std::vector<float> inv_degree;            // [nodes], 1 / in-degree, 0 for a node without edges
  std::shared_ptr<const Adjacency> looped;  // the same graph with i -> i added to every node
};

using Edge = std::pair<int32_t, int32_t>;  // source, destination

// Builds the graph, its transpose and its looped twin. `undirected` adds the reverse of every edge;
// duplicate edges are kept once. UserError when an end is outside [0, nodes).
Adjacency make_adjacency(int64_t nodes, std::span<const Edge> edges, bool undirected = true);

// The disjoint union of `copies` of a graph: node i of copy k is k nodes + i.
Adjacency repeat_adjacency(const Adjacency& one, int64_t copies);

// What the arrays of a graph and of its looped twin take; exact when no node has a loop already.
int64_t adjacency_bytes(int64_t nodes, int64_t edges);

// A graph whose size is known before it is made, by the first who asks for it. Thread-safe.
class LazyAdjacency {
 public:
  explicit LazyAdjacency(std::shared_ptr<const Adjacency> made);

  // `make` answers a graph of these sizes.
  LazyAdjacency(int64_t nodes, int64_t edges, std::function<Adjacency()> make)
      : nodes_(nodes), edges_(edges), make_(std::move(make)) {}

  int64_t nodes() const { return nodes_; }

  int64_t edges() const { return edges_; }

  const Adjacency& get() const;

 private:
  int64_t nodes_, edges_;
  std::function<Adjacency()> make_;
  mutable std::once_flag once_;
  mutable std::shared_ptr<const Adjacency> made_;
};
}  // namespace cambium
