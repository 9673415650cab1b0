// Passes: pure functions from graph to graph, and a runner that times and verifies each.
#pragma once
#include <iosfwd>
#include <set>

#include "graph/graph.h"

namespace cambium {
Graph fold_constants(const Graph& g);  // ops whose inputs are all constants are computed once
Graph share_common(const Graph& g);    // same op, attributes and inputs: one node
Graph drop_dead(const Graph& g);  // keeps leaves that are inputs, and what outputs or updates need
Graph fuse_post_ops(const Graph& g);  // activation (and residual add) into the op that feeds it

struct Pass {
  std::string_view name;
  Graph (*run)(const Graph&);
};

std::span<const Pass> training_pipeline();

struct PassOptions {
  std::set<std::string> off;    // names to skip (--no-pass)
  std::ostream* log = nullptr;  // one line a pass: name, nodes before and after, ms, "(unchanged)"
  bool dump = false;            // with log: the graph's text after each pass that changed it
};

// UserError for an unknown name in `off`. Each result is verified.
Graph run_passes(Graph g, std::span<const Pass> passes, const PassOptions& options = {});
}  // namespace cambium
