// What the graph operators share: checks of (adjacency, nodes) inputs, walks over the edges, and
// ranges of rows that carry equal shares of the edges.
#pragma once
#include "core/system/parallel.h"
#include "graph/graph.h"

namespace cambium {
// The graph an operator means: with `self_loops`, the twin in which every node hears itself.
inline const Adjacency& graph_of(const Adjacency& a, bool self_loops) {
  return self_loops ? *a.looped : a;
}

// An upper bound of the edges of graph_of, from the type alone.
inline int64_t most_edges(const Shape& adjacency, bool self_loops) {
  return adjacency[2] + (self_loops ? adjacency[0] : 0);
}

// UserError unless input `a` is an adjacency and input `x` holds f32 features of its nodes.
inline void require_nodes(const Call& c, int a, int x) {
  require(c.dtype(a) == DType::kAdjacency, "input ", a, " is ", c.in[size_t(a)].type(),
          ", not an adjacency");
  require(c.dtype(x) == DType::kF32 && c.shape(x).rank() >= 2, "nodes are f32 [N,C], got ",
          c.in[size_t(x)].type());
  require(c.shape(x)[0] == c.shape(a)[0], "the graph has ", c.shape(a)[0],
          " nodes, the features have ", c.shape(x)[0], " rows");
}

// The graph that a reference answers: its caller has made one for it to fill.
inline Adjacency& answered_graph(Ref& out) {
  return const_cast<Adjacency&>(*out.adjacency);
}

// f(e, j, i) for each edge e from j to i, in the order of the graph's `in` rows.
template <class F> void for_each_edge(const Adjacency& g, const F& f) {
  for (int64_t i = 0; i < g.nodes; ++i)
    for (int64_t e = g.in.begin[size_t(i)]; e < g.in.begin[size_t(i) + 1]; ++e)
      f(e, int64_t(g.in.neighbour[size_t(e)]), i);
}

// Calls f(first, last) on disjoint ranges of rows that cover the graph, each with about the same
// number of rows plus edges, so that one crowded row does not hold up a thread. `channels` is the
// floats an edge touches. A row is never split: results do not depend on the number of threads.
template <class F> void for_row_ranges(const Csr& csr, int64_t channels, const F& f) {
  const auto rows = int64_t(csr.begin.size()) - 1;
  const auto row_at = [&](int64_t position) {  // the first row whose start is not before it
    int64_t low = 0, high = rows;
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (csr.begin[size_t(middle)] + middle < position)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  };
  constexpr int64_t kFloatsOfGrain = 200'000;  // about 20 microseconds of gathering
  const int64_t grain = kFloatsOfGrain / (channels + 16) + 1;
  parallel_for(rows + csr.begin.back(), grain, [&](int64_t begin, int64_t end) {
    const int64_t first = row_at(begin), last = row_at(end);
    if (first < last) f(first, last);
  });
}

// <x, y> of a head of n channels, in eight sums.
[[gnu::always_inline]] inline float head_dot(const float* x, const float* y, int64_t n) {
  constexpr int64_t kParts = 8;
  float part[kParts] = {};
  int64_t k = 0;
  for (; k + kParts <= n; k += kParts)
    for (int64_t l = 0; l < kParts; ++l) part[l] += x[k + l] * y[k + l];
  for (int64_t l = 0; k < n; ++k, ++l) part[l] += x[k] * y[k];
  return ((part[0] + part[4]) + (part[1] + part[5])) + ((part[2] + part[6]) + (part[3] + part[7]));
}
}  // namespace cambium
