// What the recompute passes share: which values are one buffer, and the graph in which the backward
// pass computes some of them again.
#pragma once
#include <set>

#include "graph/graph.h"

namespace cambium {
// The values that views show, by node: a port's own for every op that is no view.
class ViewRoots {
 public:
  explicit ViewRoots(const Graph& g);

  Port of(Port p) const {
    return p.node >= 0 && views_[size_t(p.node)].node >= 0 ? views_[size_t(p.node)] : p;
  }

 private:
  std::vector<Port> views_;  // by node; node -1: no view
};

bool is_forward(const Node& n);  // an op of the forward pass

// The graph in which nodes after the forward pass read no value of `dropped`: the ops that make
// those are cloned, in the backward phase, right before the first node that needs them. With a
// value, `dropped` holds its views.
Graph compute_again(const Graph& g, const std::set<Port>& dropped);
}  // namespace cambium
