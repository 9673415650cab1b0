// fuse_rope: attention turns queries and keys itself.
#include "graph/graph.h"
#include "ops/passes/passes.h"

namespace cambium {
namespace {
// How a node turns its first input by the places along an axis; none where it does not, or where
// another input says at which place it begins.
std::optional<Turn> turn_of(const Node& n) {
  if (!n.op || !n.op->turn || n.inputs.size() != 1) return {};
  return n.op->turn(n.attrs);
}

const TurnsInputs* turns_inputs(const Node& n) {
  return n.op ? n.op->turns_inputs : nullptr;
}

bool is_gradient(const Node& n) {
  return turns_inputs(n) && turns_inputs(n)->gradient;
}

bool alike(const Turn& a, const Turn& b) {
  return a.base == b.base && a.channels == b.channels && a.back == b.back;
}

// By node: whether it is a gradient of which dq and dk go into inverse turns of one kind and
// nowhere else.
std::vector<bool> gradients_turned_back(const Graph& g) {
  std::vector<bool> fits(g.nodes().size());
  for (size_t id = 0; id < fits.size(); ++id) fits[id] = is_gradient(g.node(int(id)));
  std::vector<std::optional<Turn>> known(fits.size());
  const auto refuse = [&](Port p) {
    if (p.node >= 0 && p.output < 2) fits[size_t(p.node)] = false;
  };
  for (const Node& n : g.nodes()) {
    const std::optional<Turn> turn = turn_of(n);
    for (const Port& p : n.inputs) {
      if (p.node < 0 || p.output > 1 || !is_gradient(g.node(p.node))) continue;
      std::optional<Turn>& other = known[size_t(p.node)];
      if (!turn || !turn->back || (other && !alike(*other, *turn)))
        refuse(p);
      else
        other = turn;
    }
  }
  for (const Output& o : g.outputs) refuse(o.port);
  for (const Update& u : g.updates) refuse(u.value);
  return fits;
}

// The same node on what is turned; none where its first two inputs come otherwise.
std::optional<std::vector<Value>> on_unturned(Graph& out, const Node& n,
                                              std::span<const Value> in) {
  const Node &from_q = out.node(in[0].node), &from_k = out.node(in[1].node);
  const std::optional<Turn> turn = turn_of(from_q), other = turn_of(from_k);
  if (!turn || !other || turn->back || !alike(*turn, *other)) return {};
  const Value q = out.value(from_q.inputs[0]), k = out.value(from_k.inputs[0]);
  if (q.shape()[1] != k.shape()[1]) return {};
  std::vector<Value> inputs(in.begin(), in.end());
  inputs[0] = q;
  inputs[1] = k;
  ScopeGuard guard(out, n.scope);
  const Attrs attrs = n.op->turns_inputs->with(n.attrs, *turn);
  return out.outputs_of(out.emit(n.op->name, inputs, attrs).node);
}
}  // namespace

Graph fuse_rope(const Graph& g) {
  const std::vector<bool> turned_back = gradients_turned_back(g);
  return rewrite(g,
                 [&](Graph& out, int id, const Node& n,
                     std::span<const Value> in) -> std::optional<std::vector<Value>> {
                   const TurnsInputs* turns = turns_inputs(n);
                   if (turns && (!turns->gradient || turned_back[size_t(id)]))
                     return on_unturned(out, n, in);
                   // Of the gradients, dq and dk are turned back already, dv is not.
                   if (!n.op || !n.op->turn || !in[0] || in[0].output > 1) return std::nullopt;
                   const Node& from = out.node(in[0].node);
                   if (!is_gradient(from) || turns_inputs(from)->base(from.attrs) == 0)
                     return std::nullopt;
                   return std::vector{in[0]};
                 });
}
}  // namespace cambium
