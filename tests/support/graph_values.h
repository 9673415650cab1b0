// What tests of graph passes ask of a graph: numbers for its leaves, and how many of an op it has.
#pragma once
#include "core/rng.h"
#include "graph/graph.h"

namespace cambium::test {
// Standard normal numbers that depend on the leaf's name alone.
inline Ref random_leaf(const Node& n) {
  Random random(7, stream_of(n.scope.path));
  Ref r{std::vector<double>(size_t(n.outputs[0].shape.count()))};
  for (double& x : r.data) x = random.normal();
  return r;
}

inline int count_ops(const Graph& g, std::string_view op) {
  int n = 0;
  for (const Node& node : g.nodes()) n += node.kind() == op;
  return n;
}
}  // namespace cambium::test
