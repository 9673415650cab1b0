#include "graph/cost.h"

namespace cambium {
namespace {
double bytes_of(const Graph& g, const Node& n) {
  double bytes = 0;
  for (Port p : n.inputs)
    if (p.node >= 0) bytes += double(g.type(p).bytes());
  for (const ValueType& t : n.outputs) bytes += double(t.bytes());
  return bytes;
}

// "a.b.c" -> "", "a", "a.b", "a.b.c"
template <class F> void for_each_prefix(const std::string& path, const F& f) {
  f(std::string());
  for (size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1))
    f(path.substr(0, dot));
  if (!path.empty()) f(path);
}

ScopeCost node_cost(const Graph& g, int id) {
  const Node& n = g.node(id);
  ScopeCost c;
  if (n.role == Role::kParameter) c.parameters = n.outputs[0].shape.count();
  if (!n.op) return c;
  const Cost cost = cost_of(g, id);
  c.bytes = cost.bytes;
  c.products = cost.products;
  switch (n.scope.phase) {
    case Phase::kForward:
      c.forward_flops = cost.flops;
      c.forward_products = cost.products;
      if (!n.op->view)
        for (const ValueType& t : n.outputs) c.activation_bytes += t.bytes();
      break;
    case Phase::kBackward:
      c.backward_flops = cost.flops;
      break;
    case Phase::kUpdate:
      c.update_flops = cost.flops;
      break;
  }
  return c;
}
}  // namespace

ScopeCost& ScopeCost::operator+=(const ScopeCost& o) {
  forward_flops += o.forward_flops;
  backward_flops += o.backward_flops;
  update_flops += o.update_flops;
  bytes += o.bytes;
  parameters += o.parameters;
  activation_bytes += o.activation_bytes;
  products += o.products;
  forward_products += o.forward_products;
  return *this;
}

Cost cost_of(const Graph& g, int id) {
  const Node& n = g.node(id);
  if (!n.op || n.op->view) return {};
  if (!n.op->cost) return {double(n.outputs[0].shape.count()), bytes_of(g, n)};
  auto& handles = const_cast<Graph&>(g);
  const std::vector<Value> in = handles.inputs_of(id), out = handles.outputs_of(id);
  Cost c = n.op->cost({in, n.attrs, out});
  if (c.bytes == 0) c.bytes = bytes_of(g, n);
  return c;
}

std::map<std::string, ScopeCost> cost_by_scope(const Graph& g) {
  std::map<std::string, ScopeCost> costs;
  for (int id = 0; id < int(g.nodes().size()); ++id) {
    const Node& n = g.node(id);
    const ScopeCost c = node_cost(g, id);
    std::string path = n.scope.path;
    if (n.role == Role::kParameter)  // "attn.q.weight" belongs to the scope "attn.q"
      path.resize(path.find('.') == std::string::npos ? 0 : path.rfind('.'));
    for_each_prefix(path, [&](const std::string& prefix) { costs[prefix] += c; });
  }
  return costs;
}

ScopeCost total_cost(const Graph& g) {
  ScopeCost total;
  for (int id = 0; id < int(g.nodes().size()); ++id) total += node_cost(g, id);
  return total;
}
}  // namespace cambium
