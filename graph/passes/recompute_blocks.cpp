// recompute_blocks: which forward values the backward pass must compute again, by the paths of the
// blocks that ask for it.
#include <algorithm>

#include "graph/passes/passes.h"
#include "graph/passes/recompute.h"

namespace cambium {
namespace {
bool lies_in(std::string_view path, std::string_view block) {
  return path.starts_with(block) && (path.size() == block.size() || path[block.size()] == '.');
}

// The segment a path belongs to; empty: none, its values are kept.
std::string segment_of(const std::string& path, std::span<const RecomputeMark> marks) {
  const RecomputeMark* innermost = nullptr;
  for (const RecomputeMark& m : marks)
    if (lies_in(path, m.path) && (!innermost || m.path.size() >= innermost->path.size()))
      innermost = &m;
  if (!innermost || !innermost->on) return {};
  if (!innermost->each_copy) return innermost->path;
  return path.substr(0, path.find('.', innermost->path.size() + 1));
}
}  // namespace

std::vector<std::string> recomputed_segments(const Graph& g, std::span<const RecomputeMark> marks) {
  std::vector<std::string> segments;
  for (const Node& n : g.nodes()) {
    std::string segment = is_forward(n) ? segment_of(n.scope.path, marks) : "";
    if (!segment.empty() && !std::ranges::count(segments, segment))
      segments.push_back(std::move(segment));
  }
  return segments;
}

Graph recompute_blocks(const Graph& g, std::span<const RecomputeMark> marks) {
  const ViewRoots roots(g);
  std::vector<std::string> segment;
  for (const Node& n : g.nodes())
    segment.push_back(is_forward(n) ? segment_of(n.scope.path, marks) : "");
  std::set<Port> kept;  // what leaves its segment, or outlives the backward pass
  for (int id = 0; const Node& n : g.nodes()) {
    const bool leaves = n.op && !n.op->view && n.scope.phase != Phase::kBackward;
    for (Port p : n.inputs) {
      const Port root = roots.of(p);
      if (leaves && root.node >= 0 && segment[size_t(id)] != segment[size_t(root.node)])
        kept.insert(root);
    }
    ++id;
  }
  for (const Output& o : g.outputs) kept.insert(roots.of(o.port));
  for (const Update& u : g.updates) kept.insert(roots.of(u.value));
  std::set<Port> dropped;
  for (int id = 0; const Node& n : g.nodes()) {
    for (int k = 0; k < int(n.outputs.size()); ++k) {
      const Port root = roots.of({id, k});
      if (is_forward(n) && !segment[size_t(root.node)].empty() && !kept.contains(root))
        dropped.insert({id, k});
    }
    ++id;
  }
  return compute_again(g, dropped);
}
}  // namespace cambium
