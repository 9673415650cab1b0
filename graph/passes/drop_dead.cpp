// drop_dead: keeps inputs, and whatever an output or an update needs.
#include "graph/passes/passes.h"

namespace cambium {
namespace {
std::vector<bool> live_nodes(const Graph& g) {
  std::vector<bool> live(g.nodes().size());
  for (const Output& o : g.outputs) live[size_t(o.port.node)] = true;
  for (const Update& u : g.updates) live[size_t(u.node)] = live[size_t(u.value.node)] = true;
  for (int id = int(live.size()) - 1; id >= 0; --id) {
    if (g.node(id).role == Role::kInput) live[size_t(id)] = true;
    if (!live[size_t(id)]) continue;
    for (Port p : g.node(id).inputs)
      if (p.node >= 0) live[size_t(p.node)] = true;
  }
  return live;
}
}  // namespace

Graph drop_dead(const Graph& g) {
  const std::vector<bool> live = live_nodes(g);
  Graph out(g.ops());
  std::vector<int> map(live.size(), -1);
  const auto moved = [&](Port p) { return p.node < 0 ? p : Port{map[size_t(p.node)], p.output}; };
  for (int id = 0; const Node& n : g.nodes()) {
    if (live[size_t(id)]) {
      std::vector<Value> in;
      for (Port p : n.inputs) in.push_back(out.value(moved(p)));
      map[size_t(id)] = out.copy(n, in).node;
    }
    ++id;
  }
  for (const Output& o : g.outputs) out.outputs.push_back({o.name, moved(o.port)});
  for (const Update& u : g.updates) out.updates.push_back({map[size_t(u.node)], moved(u.value)});
  return out;
}
}  // namespace cambium
