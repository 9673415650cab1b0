// fuse_post_ops: an op that is the only reader of its input moves into the op that makes it, when
// that op says it can absorb it (Op::absorb): activations and residual additions into linear and
// convolution.
#include "graph/passes/passes.h"

namespace cambium {
namespace {
// For each node, the only reader of its output 0; -1 when there are none or several, or when the
// outside sees it.
std::vector<int> only_readers(const Graph& g) {
  std::vector<int> reader(g.nodes().size(), -1), reads(g.nodes().size(), 0);
  for (int id = 0; const Node& n : g.nodes()) {
    for (Port p : n.inputs)
      if (p.node >= 0 && p.output == 0) {
        reader[size_t(p.node)] = id;
        ++reads[size_t(p.node)];
      }
    ++id;
  }
  for (const Output& o : g.outputs) ++reads[size_t(o.port.node)];
  for (const Update& u : g.updates) ++reads[size_t(u.value.node)];
  for (size_t i = 0; i < reader.size(); ++i)
    if (reads[i] != 1) reader[i] = -1;
  return reader;
}

class Fuser {
 public:
  explicit Fuser(const Graph& g) : graph_(g), reader_(only_readers(g)), made_(g.nodes().size()) {}

  std::vector<Value> operator()(Graph& out, int id, const Node& n, std::span<const Value> in) {
    std::vector<Value>& made = made_[size_t(id)];
    if (!made.empty()) return made;  // its producer has taken it in
    made = into_producer(out, id, n, in);
    if (made.empty()) {
      made = out.outputs_of(out.copy(n, {in.begin(), in.end()}).node);
      if (made.size() > 1) take_readers(out, id);
    }
    return made;
  }

 private:
  // Emits reader `n` absorbed into the producer of its input `k`, or answers nothing.
  static std::vector<Value> absorb(Graph& out, const Node& n, std::span<const Value> in, size_t k) {
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

  // Where the reader stands, its other operand is there in any case. Its producer may wait for it
  // when nothing else of it is read.
  std::vector<Value> into_producer(Graph& out, int id, const Node& n, std::span<const Value> in) {
    if (n.inputs.size() > 2 || n.outputs.size() != 1) return {};
    for (size_t k = 0; k < in.size(); ++k) {
      const Port p = n.inputs[k];
      if (p.node < 0 || reader_[size_t(p.node)] != id || graph_.node(p.node).outputs.size() != 1)
        continue;
      if (auto fused = absorb(out, n, in, k); !fused.empty()) return fused;
    }
    return {};
  }

  // A producer whose other outputs are read too (batch norm's statistics) stays where it is and
  // takes in the readers whose operands exist there: one after another.
  void take_readers(Graph& out, int id) {
    std::vector<Value>& made = made_[size_t(id)];
    for (int last = id, next; (next = reader_[size_t(last)]) >= 0; last = next) {
      const Node& n = graph_.node(next);
      if (!n.op || n.inputs.size() > 2 || n.outputs.size() != 1) return;
      std::vector<Value> in;
      size_t k = 0;
      for (size_t i = 0; i < n.inputs.size(); ++i) {
        const Port p = n.inputs[i];
        if (p == Port{last, 0}) k = i;
        if (p.node < 0 || made_[size_t(p.node)].empty()) return;
        in.push_back(p.node == last ? made[0] : made_[size_t(p.node)][size_t(p.output)]);
      }
      auto fused = absorb(out, n, in, k);
      if (fused.empty()) return;
      made = std::move(fused);
      made_[size_t(next)] = {made[0]};
    }
  }

  const Graph& graph_;
  std::vector<int> reader_;
  std::vector<std::vector<Value>> made_;  // by node of graph_: empty when it is not there yet
};
}  // namespace

Graph fuse_post_ops(const Graph& g) {
  Fuser fuser(g);
  return rewrite(g, [&](Graph& out, int id, const Node& n, std::span<const Value> in) {
    return std::optional(fuser(out, id, n, in));
  });
}
}  // namespace cambium
