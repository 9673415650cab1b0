// fold_constants: an op whose inputs are all constants is computed once, here, by its reference.
#include <algorithm>

#include "graph/passes/passes.h"

namespace cambium {
namespace {
constexpr int64_t kLargest =
    1 << 20;  // elements; larger results are cheaper to recompute than to keep

bool foldable(const Graph& g, const Node& n, std::span<const Value> in) {
  if (in.empty() || !n.op->reference || n.outputs.size() != 1) return false;
  if (n.outputs[0].dtype != DType::kF32 || n.outputs[0].shape.count() > kLargest) return false;
  return std::ranges::all_of(in, [&](Value v) {
    return v && g.node(v.node).constant && v.type().dtype == DType::kF32 &&
           v.shape().count() <= kLargest;
  });
}

Ref compute(Graph& g, const Node& n, std::span<const Value> in) {
  std::vector<Ref> args;
  for (Value v : in) {
    const auto data = g.node(v.node).constant->f32();
    args.push_back({{data.begin(), data.end()}});
  }
  if (n.op->view) return args[0];
  Ref out{std::vector<double>(size_t(n.outputs[0].shape.count()))};
  // References ask for output shapes, so the call needs a node to point at: a constant of that
  // type.
  const Value shape_only = g.constant(std::make_shared<const Tensor>(n.outputs[0]));
  n.op->reference({in, n.attrs, {&shape_only, 1}}, args, {&out, 1});
  return out;
}
}  // namespace

Graph fold_constants(const Graph& g) {
  return rewrite(g,
                 [&](Graph& out, int, const Node& n,
                     std::span<const Value> in) -> std::optional<std::vector<Value>> {
                   if (!foldable(out, n, in)) return std::nullopt;
                   const Ref value = compute(out, n, in);
                   auto t = std::make_shared<Tensor>(n.outputs[0]);
                   for (int64_t i = 0; i < value.size(); ++i) t->f32()[size_t(i)] = float(value[i]);
                   return std::vector{out.constant(std::shared_ptr<const Tensor>(std::move(t)))};
                 });
}
}  // namespace cambium
