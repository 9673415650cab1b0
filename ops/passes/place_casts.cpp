// place_casts: where operands of products are rounded to bf16.
#include <algorithm>

#include "ops/passes/passes.h"
#include "ops/support/bf16.h"

namespace cambium {
namespace {
// The operands that this use wants in bf16; none of the optimizer's products, which are f32, nor
// where they are not worth a pass over them.
std::vector<int> worthwhile(const Node& n, std::span<const Value> in) {
  if (!n.op->bf16 || n.scope.phase == Phase::kUpdate) return {};
  std::vector<int> operands = n.op->bf16({in, n.attrs}).operands;
  if (operands.empty()) return {};
  const auto count = [&](int i) { return in[size_t(i)].shape().count(); };
  const auto [least, most] = std::ranges::minmax(operands, {}, count);
  if (count(least) < 256 || count(most) < 4096) return {};
  return operands;
}
}  // namespace

Graph place_casts(const Graph& g) {
  return rewrite(g,
                 [](Graph& out, int, const Node& n,
                    std::span<const Value> in) -> std::optional<std::vector<Value>> {
                   const std::vector<int> narrow = worthwhile(n, in);
                   if (narrow.empty()) return std::nullopt;
                   ScopeGuard guard(out, n.scope);
                   std::vector<Value> operands(in.begin(), in.end());
                   for (int i : narrow) operands[size_t(i)] = cast_to_bf16(in[size_t(i)]);
                   return out.outputs_of(out.copy(n, operands).node);
                 });
}
}  // namespace cambium
