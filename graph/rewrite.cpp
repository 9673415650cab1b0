// rewrite: copies a graph in order; a rule may answer with a replacement for any op node.
#include "graph/graph.h"

namespace cambium {
Graph rewrite(const Graph& g, const Rule& rule) {
  Graph out(g.ops());
  std::vector<std::vector<Value>> map;  // old node -> its outputs in the new graph
  const auto moved = [&](Port p) {
    return p.node < 0 ? Value{} : map[size_t(p.node)][size_t(p.output)];
  };
  for (int id = 0; const Node& n : g.nodes()) {
    std::vector<Value> in;
    for (Port p : n.inputs) in.push_back(moved(p));
    std::optional<std::vector<Value>> replaced;
    if (n.op) {
      ScopeGuard guard(out, n.scope);
      replaced = rule(out, id, n, in);
    }
    if (!replaced) {
      const Value v = out.copy(n, in);
      replaced = out.outputs_of(v.node);
    }
    ensure(replaced->size() == n.outputs.size(), n.kind(), ": replacement has ", replaced->size(),
           " outputs, not ", n.outputs.size());
    map.push_back(std::move(*replaced));
    ++id;
  }
  for (const Output& o : g.outputs) out.outputs.push_back({o.name, port_of(moved(o.port))});
  for (const Update& u : g.updates)
    out.updates.push_back({map[size_t(u.node)][0].node, port_of(moved(u.value))});
  return out;
}
}  // namespace cambium
