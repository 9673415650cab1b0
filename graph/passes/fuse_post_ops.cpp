// fuse_post_ops: an op that is the only reader of its input moves into the op that makes it, when
// that op says it can absorb it (Op::absorb): activations and residual additions into linear and
// convolution.
#include <map>

#include "graph/passes.h"

namespace cambium {
namespace {
// For each node, the only reader of its output 0; -1 when there are none or several, when the
// outside sees it, or when another output is read before that reader (the node could not wait for
// it).
std::vector<int> only_readers(const Graph& g) {
  std::vector<int> reader(g.nodes().size(), -1), reads(g.nodes().size(), 0);
  for (int id = 0; const Node& n : g.nodes()) {
    for (Port p : n.inputs) {
      if (p.node < 0) continue;
      if (p.output == 0) {
        reader[size_t(p.node)] = id;
        ++reads[size_t(p.node)];
      } else if (reads[size_t(p.node)] == 0) {
        reads[size_t(p.node)] = 2;
      }
    }
    ++id;
  }
  for (const Output& o : g.outputs) ++reads[size_t(o.port.node)];
  for (const Update& u : g.updates) ++reads[size_t(u.value.node)];
  for (size_t i = 0; i < reader.size(); ++i)
    if (reads[i] != 1) reader[i] = -1;
  return reader;
}

// Emits `n` absorbed into the producer of its input `k`, or answers nothing.
std::optional<std::vector<Value>> absorb(Graph& out, const Node& n, std::span<const Value> in,
                                         size_t k) {
  const Node producer = out.node(in[k].node);
  if (!producer.op || !producer.op->absorb || producer.scope.phase != n.scope.phase) return {};
  const std::vector<Value> args = out.inputs_of(in[k].node);
  const std::vector<Value> made = out.outputs_of(in[k].node);
  const Value operand = in.size() == 2 ? in[1 - k] : Value{};
  auto fused = producer.op->absorb({args, producer.attrs, made}, n.op->name, n.attrs, operand);
  if (!fused) return {};
  ScopeGuard guard(out, producer.scope);
  return out.outputs_of(
      out.emit(producer.op->name, std::move(fused->inputs), std::move(fused->attrs)).node);
}
}  // namespace

Graph fuse_post_ops(const Graph& g) {
  const std::vector<int> reader = only_readers(g);
  // A producer with several outputs (batch norm's statistics) is re-emitted where its reader stood,
  // and later readers of the other outputs must follow it there.
  std::map<Port, Value> moved;
  return rewrite(g,
                 [&](Graph& out, int id, const Node& n,
                     std::span<const Value> in) -> std::optional<std::vector<Value>> {
                   std::vector<Value> now(in.begin(), in.end());
                   for (Value& v : now)
                     if (const auto it = moved.find(port_of(v)); v && it != moved.end())
                       v = it->second;
                   if (n.inputs.size() <= 2 && n.outputs.size() == 1) {
                     for (size_t k = 0; k < now.size(); ++k) {
                       if (n.inputs[k].node < 0 || reader[size_t(n.inputs[k].node)] != id) continue;
                       const auto fused = absorb(out, n, now, k);
                       if (!fused) continue;
                       for (size_t o = 1; o < fused->size(); ++o)
                         moved[{now[k].node, int(o)}] = (*fused)[o];
                       return std::vector{(*fused)[0]};
                     }
                   }
                   return out.outputs_of(out.copy(n, now).node);
                 });
}
}  // namespace cambium
