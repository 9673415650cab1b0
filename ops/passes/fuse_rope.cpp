// fuse_rope: attention turns queries and keys itself.
#include "graph/graph.h"
#include "ops/attention/support/attention.h"
#include "ops/attention/support/rope.h"
#include "ops/passes/passes.h"

namespace cambium {
namespace {
constexpr std::string_view kAttention = "attention", kGradient = "attention_grad";

// What a rope without a position of its own turns; none for any other value.
Value turned_by_rope(Value v, bool inverse) {
  Graph& g = *v.graph;
  const Node& n = g.node(v.node);
  if (n.kind() != "rope" || n.inputs.size() != 1 || n.attrs.as<Rope>().inverse != inverse)
    return {};
  return g.value(n.inputs[0]);
}

double base_of(Value rope) {
  return rope.graph->node(rope.node).attrs.as<Rope>().base;
}

// By node: whether it is an attention_grad of which dq and dk go into inverse ropes of one base and
// nowhere else.
std::vector<bool> gradients_turned_back(const Graph& g) {
  std::vector<bool> fits(g.nodes().size());
  for (size_t id = 0; id < fits.size(); ++id) fits[id] = g.node(int(id)).kind() == kGradient;
  std::vector<double> base(fits.size(), 0);
  const auto refuse = [&](Port p) {
    if (p.node >= 0 && p.output < 2) fits[size_t(p.node)] = false;
  };
  for (const Node& n : g.nodes()) {
    const bool back = n.kind() == "rope" && n.inputs.size() == 1 && n.attrs.as<Rope>().inverse;
    for (const Port& p : n.inputs) {
      if (p.node < 0 || p.output > 1 || g.node(p.node).kind() != kGradient) continue;
      double& known = base[size_t(p.node)];
      if (!back || (known != 0 && known != n.attrs.as<Rope>().base))
        refuse(p);
      else
        known = n.attrs.as<Rope>().base;
    }
  }
  for (const Output& o : g.outputs) refuse(o.port);
  for (const Update& u : g.updates) refuse(u.value);
  return fits;
}

// The same attention on what rope turns; none where its queries or keys come otherwise.
std::optional<std::vector<Value>> on_unturned(Graph& out, const Node& n,
                                              std::span<const Value> in) {
  const Value q = turned_by_rope(in[0], false), k = turned_by_rope(in[1], false);
  if (!q || !k || base_of(in[0]) != base_of(in[1]) || q.shape()[1] != k.shape()[1]) return {};
  auto attrs = n.attrs.as<Attention>();
  attrs.rope = base_of(in[0]);
  std::vector<Value> inputs(in.begin(), in.end());
  inputs[0] = q;
  inputs[1] = k;
  ScopeGuard guard(out, n.scope);
  return out.outputs_of(out.emit(n.kind(), inputs, Attrs(attrs)).node);
}
}  // namespace

Graph fuse_rope(const Graph& g) {
  const std::vector<bool> turned_back = gradients_turned_back(g);
  return rewrite(g,
                 [&](Graph& out, int id, const Node& n,
                     std::span<const Value> in) -> std::optional<std::vector<Value>> {
                   if (n.kind() == kAttention || turned_back[size_t(id)])
                     return on_unturned(out, n, in);
                   // Of the gradients, dq and dk are turned back already, dv is not.
                   if (n.kind() != "rope" || !in[0] || in[0].output > 1) return std::nullopt;
                   const Node& from = out.node(in[0].node);
                   if (from.kind() != kGradient || from.attrs.as<Attention>().rope == 0)
                     return std::nullopt;
                   return std::vector{in[0]};
                 });
}
}  // namespace cambium
