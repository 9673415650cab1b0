// store_narrow: results between convolutions, batch norm and pointwise ops in bf16.
#include <algorithm>

#include "graph/graph.h"
#include "ops/conv/support/conv.h"
#include "ops/norm/support/batch_norm.h"
#include "ops/product/support/products.h"
#include "ops/support/bf16.h"
#include "ops/support/pointwise.h"

namespace cambium {
namespace {
bool is_batch_norm(const Node& n) {
  return n.op->name == "batch_norm" || n.op->name == "batch_norm_apply";
}

constexpr std::string_view kWriters[] = {"conv2d", "conv2d_grad_input", "linear", "matmul"};

// Whether this use of the op can write output 0 in bf16, with a cast in its chain if need be.
bool can_write_narrow(const Graph& g, const Node& n) {
  if (is_batch_norm(n) || n.op->name == "batch_norm_grad" || is_plain_pointwise(g, n)) return true;
  if (n.op->name == "linear" &&
      !linear_writes_bf16(n.attrs.as<Linear>(), n.inputs.size() > 3 && n.inputs[3].node >= 0))
    return false;
  return std::ranges::find(kWriters, n.op->name) != std::end(kWriters) &&
         g.type(n.inputs[0]).dtype == DType::kBf16;
}

bool reads_narrow(const Graph& g, const Node& n, size_t input) {
  if (!n.op) return false;
  if (n.op->name == "cast") return is_narrowing(n.op->name, n.attrs);
  if (n.op->name == "batch_norm") return input == 0 || input == 3;
  if (n.op->name == "batch_norm_apply") return input == 0 || input == 5;
  if (n.op->name == "batch_norm_grad") return input <= 1 || input == 5;
  return is_plain_pointwise(g, n);
}

struct Reads {
  int all = 0, wide = 0;  // wide: of those that need f32
  int alone = 0;          // by ops that are no chain: the value is in memory in any case
};

std::vector<Reads> reads_of(const Graph& g) {
  std::vector<Reads> reads(g.nodes().size());
  for (const Node& n : g.nodes())
    for (size_t i = 0; i < n.inputs.size(); ++i) {
      const Port p = n.inputs[i];
      if (p.node < 0 || p.output != 0) continue;
      Reads& r = reads[size_t(p.node)];
      ++r.all;
      r.wide += !reads_narrow(g, n, i);
      r.alone += n.op && !is_plain_pointwise(g, n);
    }
  for (const Output& o : g.outputs) ++reads[size_t(o.port.node)].wide;
  for (const Update& u : g.updates) ++reads[size_t(u.value.node)].wide;
  return reads;
}

// By node: output 0 is read, and only by what reads bf16 as well. What only chains read stays wide:
// it may never reach memory.
std::vector<bool> narrow_values(const Graph& g) {
  const std::vector<Reads> reads = reads_of(g);
  std::vector<bool> narrow(g.nodes().size());
  for (size_t id = 0; id < narrow.size(); ++id) {
    const Node& n = g.node(int(id));
    const Reads& r = reads[id];
    if (!n.op || r.all == 0 || r.wide > 0 || !can_write_narrow(g, n)) continue;
    narrow[id] = !is_plain_pointwise(g, n) || (r.alone > 0 && r.all > 1);
  }
  return narrow;
}

template <class A> Attrs narrowed(const Attrs& attrs) {
  A a = attrs.as<A>();
  a.to = "bf16";
  return a;
}

// Of an op that has the attribute `to`.
Attrs narrowed(const Node& n) {
  if (n.op->name == "conv2d") return narrowed<Conv>(n.attrs);
  if (n.op->name == "conv2d_grad_input") return narrowed<ConvGradInput>(n.attrs);
  if (n.op->name == "linear") return narrowed<Linear>(n.attrs);
  if (n.op->name == "matmul") return narrowed<Matmul>(n.attrs);
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
        if (is_plain_pointwise(g, n)) {
          const Value wide = out.copy(n, {in.begin(), in.end()});
          return std::vector{out.emit("cast", {wide}, {{"to", "bf16"}})};
        }
        return out.outputs_of(out.emit(n.op->name, {in.begin(), in.end()}, narrowed(n)).node);
      });
}
}  // namespace cambium
