// store_narrow: results between convolutions and batch norm in bf16.
#include "graph/graph.h"
#include "ops/support/batch_norm.h"
#include "ops/support/bf16.h"
#include "ops/support/conv.h"

namespace cambium {
namespace {
// Whether this use of the op can write output 0 in bf16.
bool can_write_narrow(const Graph& g, const Node& n) {
  if (n.op->name == "batch_norm" || n.op->name == "batch_norm_apply" ||
      n.op->name == "batch_norm_grad")
    return true;
  return (n.op->name == "conv2d" || n.op->name == "conv2d_grad_input") &&
         g.type(n.inputs[0]).dtype == DType::kBf16;
}

bool reads_narrow(const Node& n, size_t input) {
  if (!n.op) return false;
  if (n.op->name == "cast") return is_narrowing(n.op->name, n.attrs);
  if (n.op->name == "batch_norm" || n.op->name == "batch_norm_apply") return input == 0;
  return n.op->name == "batch_norm_grad" && (input <= 1 || input == 5);
}

// By node: output 0 is read, and only by what reads bf16 as well.
std::vector<bool> narrow_values(const Graph& g) {
  std::vector<int> wide(g.nodes().size(), 0), read(g.nodes().size(), 0);
  for (const Node& n : g.nodes())
    for (size_t i = 0; i < n.inputs.size(); ++i) {
      const Port p = n.inputs[i];
      if (p.node < 0 || p.output != 0) continue;
      ++read[size_t(p.node)];
      wide[size_t(p.node)] += !reads_narrow(n, i);
    }
  for (const Output& o : g.outputs) ++wide[size_t(o.port.node)];
  for (const Update& u : g.updates) ++wide[size_t(u.value.node)];
  std::vector<bool> narrow(g.nodes().size());
  for (size_t id = 0; id < narrow.size(); ++id) {
    const Node& n = g.node(int(id));
    narrow[id] = n.op && read[id] > 0 && wide[id] == 0 && can_write_narrow(g, n);
  }
  return narrow;
}

template <class A> Attrs narrowed(const Attrs& attrs) {
  A a = attrs.as<A>();
  a.to = "bf16";
  return a;
}

Attrs narrowed(const Node& n) {
  if (n.op->name == "conv2d") return narrowed<Conv>(n.attrs);
  if (n.op->name == "conv2d_grad_input") return narrowed<ConvGradInput>(n.attrs);
  return narrowed<BatchNormAttrs>(n.attrs);
}
}  // namespace

Graph store_narrow(const Graph& g) {
  const std::vector<bool> narrow = narrow_values(g);
  return rewrite(
      g,
      [&](Graph& out, int id, const Node& n,
          std::span<const Value> in) -> std::optional<std::vector<Value>> {
        if (n.op->name == "cast" && is_narrowing(n.op->name, n.attrs) &&
            in[0].type().dtype == DType::kBf16)
          return std::vector{in[0]};
        if (!narrow[size_t(id)]) return std::nullopt;
        ScopeGuard guard(out, n.scope);
        return out.outputs_of(out.emit(n.op->name, {in.begin(), in.end()}, narrowed(n)).node);
      });
}
}  // namespace cambium
