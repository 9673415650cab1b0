// interpret: runs a graph through the ops' references, in double. The oracle of everything else.
#include <deque>

#include "graph/graph.h"

namespace cambium {
namespace {
Ref constant_value(const Node& n) {
  Ref r;
  r.adjacency = n.adjacency ? &n.adjacency->get() : nullptr;
  if (!n.constant) return r;
  const Tensor& t = *n.constant;
  if (t.type().dtype == DType::kF32) r.data.assign(t.f32().begin(), t.f32().end());
  if (t.type().dtype == DType::kI32) r.data.assign(t.i32().begin(), t.i32().end());
  if (t.type().dtype == DType::kI64) r.data.assign(t.i64().begin(), t.i64().end());
  return r;
}

// What a reference fills. Adjacencies live in `made` as long as the run.
Ref empty_answer(const ValueType& t, std::deque<Adjacency>& made) {
  if (t.dtype == DType::kAdjacency) return {{}, &made.emplace_back()};
  return {std::vector<double>(size_t(t.shape.count()), 0.0)};
}
}  // namespace

Interpreted interpret(const Graph& g, const std::function<Ref(const Node&)>& leaves) {
  std::vector<std::vector<Ref>> values;
  std::deque<Adjacency> made;
  auto& mutable_graph = const_cast<Graph&>(g);  // Values are handles; nothing is emitted here
  for (int id = 0; const Node& n : g.nodes()) {
    std::vector<Ref> out;
    if (n.op) {
      const std::vector<Value> in = mutable_graph.inputs_of(id);
      const std::vector<Value> results = mutable_graph.outputs_of(id);
      std::vector<Ref> args;
      for (Port p : n.inputs)
        args.push_back(p.node < 0 ? Ref{} : values[size_t(p.node)][size_t(p.output)]);
      for (const ValueType& t : n.outputs) out.push_back(empty_answer(t, made));
      if (n.op->view)
        out[0] = args[0];
      else
        n.op->reference({in, n.attrs, results}, args, out);
    } else {
      out.push_back(n.role == Role::kConstant ? constant_value(n) : leaves(n));
    }
    values.push_back(std::move(out));
    ++id;
  }
  Interpreted result;
  const auto at = [&](Port p) { return values[size_t(p.node)][size_t(p.output)]; };
  for (const Output& o : g.outputs) result.outputs.push_back(at(o.port));
  for (const Update& u : g.updates) result.updates.push_back(at(u.value));
  return result;
}
}  // namespace cambium
