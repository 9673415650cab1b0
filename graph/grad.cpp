// Reverse-mode differentiation: walks the nodes backwards once and emits each op's vjp.
#include <map>

#include "graph/graph.h"

namespace cambium {
namespace {
// Nodes between the parameters and the loss: only their gradients are worth emitting.
std::vector<bool> depends_on(const Graph& g, std::span<const Value> wrt, int last) {
  std::vector<bool> needs(size_t(last) + 1, false);
  for (Value w : wrt)
    if (w.node <= last) needs[size_t(w.node)] = true;
  for (int id = 0; id <= last; ++id)
    for (Port p : g.node(id).inputs)
      if (p.node >= 0 && needs[size_t(p.node)]) needs[size_t(id)] = true;
  return needs;
}

bool is_float(Value v) {
  return v && (v.type().dtype == DType::kF32 || v.type().dtype == DType::kBf16);
}
}  // namespace

std::vector<Value> grad(Value loss, std::span<const Value> wrt) {
  Graph& g = *loss.graph;
  ensure(loss.shape().rank() == 0, "the loss has shape ", loss.shape(), ", not a scalar");
  const std::vector<bool> needs = depends_on(g, wrt, loss.node);
  std::map<Port, Value> d;  // port -> dLoss/dport
  ScopeGuard outer(g, {.path = "loss", .phase = Phase::kBackward});
  d[port_of(loss)] = g.scalar(1.0);
  for (int id = loss.node; id >= 0; --id) {
    if (!needs[size_t(id)] || !g.node(id).op) continue;
    const std::vector<Value> out = g.outputs_of(id);
    std::vector<Value> dy(out.size());
    bool reached = false;
    for (size_t k = 0; k < out.size(); ++k)
      if (const auto it = d.find(port_of(out[k])); it != d.end()) {
        dy[k] = it->second;
        reached = true;
      }
    if (!reached) continue;
    const Node& n = g.node(id);
    Scope scope = n.scope;
    scope.phase = Phase::kBackward;
    ScopeGuard guard(g, scope);
    if (!n.op->vjp)
      throw UserError(str(n.op->name, " '", scope.path, "' is not differentiable"), {}, scope.mark);
    const std::vector<Value> in = g.inputs_of(id);
    const std::vector<Value> din = n.op->vjp({in, n.attrs, out}, dy);
    ensure(din.size() == in.size(), n.op->name, ": vjp answers ", din.size(), " gradients for ",
           in.size(), " inputs");
    for (size_t i = 0; i < in.size(); ++i) {
      if (!din[i] || !is_float(in[i]) || !needs[size_t(in[i].node)]) continue;
      ensure(din[i].type() == in[i].type(), n.op->name, ": gradient of input ", i, " is ",
             din[i].type(), ", not ", in[i].type());
      const auto [slot, fresh] = d.try_emplace(port_of(in[i]), din[i]);
      if (!fresh) slot->second = g.emit("add", {slot->second, din[i]});
    }
  }
  std::vector<Value> out;
  for (Value w : wrt) {
    const auto it = d.find(port_of(w));
    out.push_back(it == d.end() ? Value{} : it->second);
  }
  return out;
}
}  // namespace cambium
