#include "train/scored_head.h"

#include "train/experiment.h"

namespace cambium {
namespace {
// Below this many logits saved, gathering rows is not worth it.
constexpr int64_t kLeastSaved = int64_t(1) << 20;

// The product that ends a model: its node, and what comes into it as rows [R,C].
struct Head {
  int node = -1;
  Value rows;
};

Value as_rows(Value x) {
  const std::vector<int64_t> shape = {x.shape().rows(), x.shape().last()};
  return x.graph->emit("reshape", {x}, {{"shape", shape}});
}

// `linear` without a residual, or what `linear: {tie: ...}` emits: a matmul between two reshapes.
Head find_head(Graph& g, Value logits) {
  const Node& last = g.node(logits.node);
  if (last.kind() == "linear" && last.inputs.size() <= 3)
    return {logits.node, as_rows(g.value(last.inputs[0]))};
  if (last.kind() != "reshape") return {};
  const int product = last.inputs[0].node;
  if (g.node(product).kind() != "matmul") return {};
  const Value rows = g.value(g.node(product).inputs[0]);
  const bool one_a_row = rows.shape().rank() == 2 && rows.shape()[0] == logits.shape().rows();
  return one_a_row ? Head{product, rows} : Head{};
}
}  // namespace

Scored scored_head(Graph& g, const DataShape& data) {
  const Value logits = g.value(g.output(output_name(data)));
  const Value target = g.value({*g.find(Role::kInput, "target"), 0});
  const int64_t rows = logits.shape().rows(), most = data.most_scored;
  if (most == 0 || 2 * most > rows || (rows - most) * data.classes < kLeastSaved)
    return {logits, target};
  ScopeGuard guard(g, g.node(logits.node).scope);
  const Head head = find_head(g, logits);
  if (head.node < 0) return {logits, target};
  const Value index = g.emit("scored_rows", {target}, {{"most", most}});
  const Value kept = g.emit("embed", {head.rows, index});  // [most,C]
  std::vector<Value> in = g.inputs_of(head.node);
  in[0] = kept;
  return {g.copy(g.node(head.node), std::move(in)), index.nth(1)};
}
}  // namespace cambium
