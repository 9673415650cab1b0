// Passes: pure functions from graph to graph, and a runner that times and verifies each.
#pragma once
#include <functional>
#include <iosfwd>
#include <set>

#include "graph/graph.h"

namespace cambium {
Graph fold_constants(const Graph& g);  // ops whose inputs are all constants are computed once
Graph share_common(const Graph& g);    // same op, attributes and inputs: one node
Graph drop_dead(const Graph& g);  // keeps leaves that are inputs, and what outputs or updates need
Graph fuse_post_ops(const Graph& g);  // activation (and residual add) into the op that feeds it

// A block of which the backward pass computes the forward values again instead of keeping them
// (on), or keeps them after all (off, inside one that is on). Each copy of a repeated block is a
// segment of its own.
struct RecomputeMark {
  std::string path;
  bool on = true, each_copy = false;
  Mark mark = {};  // of the entry in the spec; blocks inside repeated ones share it
};

// Chen et al. 2016, arXiv 1604.06174. The innermost mark around a node says to which segment it
// belongs. Of a segment, the backward pass finds only what it takes in, what it hands on and what
// an update reads; the rest it computes again, bit for bit, right before the first use.
Graph recompute_blocks(const Graph& g, std::span<const RecomputeMark> marks);

// The segments that are computed again, by path, in the order of the forward pass.
std::vector<std::string> recomputed_segments(const Graph& g, std::span<const RecomputeMark> marks);

// Computing it again costs about a pass over its values: pointwise operators, and those that say
// so.
bool is_cheap(const Node& n);

// Keeps the fewest bytes for the backward pass from which cheap operators alone give what it
// reads: a minimum cut, values weighing their bytes.
Graph recompute_cheap(const Graph& g);

// Of the forward values that later phases read; views count with what they view.
int64_t kept_bytes(const Graph& g);

struct Pass {
  std::string_view name, doc;
  Graph (*run)(const Graph&);
};

// Which passes of a pipeline run, and who looks on.
struct PassChoice {
  std::set<std::string, std::less<>> off = {};  // by name (--no-pass)
  std::function<void(std::string_view pass, const Graph&)> after = {};
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
