// verify: the invariants that every pass must keep.
#include "graph/graph.h"

namespace cambium {
namespace {
void verify_port(const Graph& g, Port p, int before, std::string_view what) {
  ensure(p.node < before, what, " uses node ", p.node, ", which comes later");
  ensure(p.output >= 0 && p.output < int(g.node(p.node).outputs.size()), what, " uses output ",
         p.output, " of node ", p.node, ", which has ", g.node(p.node).outputs.size());
}
}  // namespace

void verify(const Graph& g) {
  auto& handles = const_cast<Graph&>(g);  // Values are handles; nothing is emitted here
  const int count = int(g.nodes().size());
  for (int id = 0; id < count; ++id) {
    const Node& n = g.node(id);
    const std::string what = str("node ", id, " (", n.kind(), " '", n.scope.path, "')");
    ensure((n.role == Role::kOp) == (n.op != nullptr), what, " has a role that does not fit");
    for (Port p : n.inputs)
      if (p.node >= 0) verify_port(g, p, id, what);
    if (!n.op) continue;
    const std::vector<Value> in = handles.inputs_of(id);
    ensure(n.op->shape({in, n.attrs}) == n.outputs, what, " has types its inputs do not give");
    for (Port p : n.inputs)
      ensure(p.node < 0 || n.scope.phase == Phase::kUpdate || !g.node(p.node).op ||
                 g.node(p.node).scope.phase != Phase::kUpdate,
             what, " uses an update before updates run");
  }
  for (const Output& o : g.outputs) verify_port(g, o.port, count, str("output '", o.name, "'"));
  for (const Update& u : g.updates) {
    const Role role = g.node(u.node).role;
    ensure(role == Role::kParameter || role == Role::kState, "update of node ", u.node,
           ", which is no state");
    verify_port(g, u.value, count, str("update of node ", u.node));
    ensure(g.type(u.value) == g.node(u.node).outputs[0], "update of '", g.node(u.node).scope.path,
           "' has type ", g.type(u.value));
  }
}
}  // namespace cambium
