#include "search/coordinates/block_outputs.h"

#include <algorithm>
#include <set>

namespace cambium {
namespace {
bool inside(std::string_view scope, std::string_view path) {
  return scope.starts_with(path) && (scope.size() == path.size() || scope[path.size()] == '.');
}

// Whether a node that stands outside hears it.
bool used_outside(const Graph& g, int id, std::string_view path) {
  for (const Output& o : g.outputs)
    if (o.port.node == id) return true;
  for (const Node& n : g.nodes()) {
    if (n.role != Role::kOp || inside(n.scope.path, path)) continue;
    for (const Port p : n.inputs)
      if (p.node == id) return true;
  }
  return false;
}

std::optional<Port> last_value(const Graph& g, std::string_view path) {
  for (int id = int(g.nodes().size()) - 1; id >= 0; --id) {
    const Node& n = g.node(id);
    if (n.role != Role::kOp || n.scope.phase != Phase::kForward) continue;
    if (!inside(n.scope.path, path) || n.outputs[0].dtype != DType::kF32) continue;
    if (used_outside(g, id, path)) return Port{id, 0};
  }
  return {};
}
}  // namespace

std::vector<BlockOutput> expose_blocks(Graph& g,
                                       const std::map<std::string, const Block*>& blocks) {
  std::map<Port, std::string> last;  // the innermost block of those that hand the same value on
  for (const auto& [path, block] : blocks)
    if (const auto port = last_value(g, path))
      if (std::string& held = last[*port]; path.size() > held.size()) held = path;
  std::vector<BlockOutput> out;
  g.outputs.clear();
  g.updates.clear();
  for (const auto& [port, path] : last) {
    g.outputs.push_back({path, port});
    out.push_back({path, std::string(blocks.at(path)->name)});
  }
  return out;
}
}  // namespace cambium
