#include "train/graphs/step/scored_head.h"

#include <algorithm>

#include "ops/product/support/products.h"
#include "train/spec/experiment.h"

namespace cambium {
namespace {
// Below this many logits saved, gathering rows is not worth it.
constexpr int64_t kLeastSaved = int64_t(1) << 20;

Value as_rows(Value x) {
  const std::vector<int64_t> shape = {x.shape().rows(), x.shape().last()};
  return x.graph->emit("reshape", {x}, {{"shape", shape}});
}

// The node of the product that makes the logits: `linear` without a residual, or what
// `linear: {tie: ...}` emits, a matmul between two reshapes; -1 where they come otherwise.
int product_of(Graph& g, Value logits) {
  const Node& last = g.node(logits.node);
  if (last.kind() == "linear") return last.inputs.size() <= 3 ? logits.node : -1;
  if (last.kind() != "reshape") return -1;
  const Node& product = g.node(last.inputs[0].node);
  if (product.kind() != "matmul") return -1;
  const Shape& rows = g.type(product.inputs[0]).shape;
  return rows.rank() == 2 && rows[0] == logits.shape().rows() ? last.inputs[0].node : -1;
}

std::optional<Head> head_of(Graph& g, int product) {
  const Node& n = g.node(product);
  const std::vector<Value> in = g.inputs_of(product);
  if (n.kind() == "matmul") {
    const auto& a = n.attrs.as<Matmul>();
    if (a.transpose_a || in[1].shape().rank() != 2) return {};
    return Head{.rows = in[0], .weights = in[1], .transposed = a.transpose_b};
  }
  if (n.attrs.as<Linear>().activation != "none") return {};
  return Head{.rows = in[0], .weights = in[1], .bias = in.size() > 2 ? in[2] : Value{}};
}
}  // namespace

Scored scored_head(Graph& g, const DataShape& data) {
  const Value logits = g.value(g.output(output_name(data)));
  const Value target = g.value({*g.find(Role::kInput, kTarget), 0});
  if (data.target_kind() == TargetKind::kSequences) {
    const auto real = std::ranges::find(g.outputs, kRealFrames, &Output::name);
    return {{logits, target, real != g.outputs.end() ? g.value(real->port) : Value{}}};
  }
  const int64_t rows = logits.shape().rows(), most = data.most_scored;
  const int product = product_of(g, logits);
  if (product < 0) return {{logits, target}};
  if (most == 0 || 2 * most > rows || (rows - most) * data.classes < kLeastSaved)
    return {{logits, target}, head_of(g, product)};
  ScopeGuard guard(g, g.node(logits.node).scope);
  const Value index = g.emit("scored_rows", {target}, {{"most", most}});
  std::vector<Value> in = g.inputs_of(product);
  in[0] = g.emit("embed", {as_rows(in[0]), index});  // [most,C]
  const Value kept = g.copy(g.node(product), std::move(in));
  return {{kept, index.nth(1)}, head_of(g, kept.node)};
}
}  // namespace cambium
