#include "train/graphs/step/scored_head.h"

#include <algorithm>

#include "train/spec/experiment.h"

namespace cambium {
namespace {
// Below this many logits saved, gathering rows is not worth it.
constexpr int64_t kLeastSaved = int64_t(1) << 20;

Value as_rows(Value x) {
  const std::vector<int64_t> shape = {x.shape().rows(), x.shape().last()};
  return x.graph->emit("reshape", {x}, {{"shape", shape}});
}

// What the logits are as products of rows, and the node that makes them: the last one, or the one
// before a view of the same rows; none where they come otherwise.
struct Product {
  int node;
  RowProduct use;
};

std::optional<Product> product_of(Graph& g, Value logits) {
  int id = logits.node;
  const Op* last = g.node(id).op;
  if (last && last->view) id = g.node(id).inputs[0].node;
  const Node& n = g.node(id);
  if (!n.op || !n.op->row_product) return {};
  if (n.outputs[0].shape.rows() != logits.shape().rows()) return {};
  const std::vector<Value> in = g.inputs_of(id), out = g.outputs_of(id);
  const auto use = n.op->row_product({in, n.attrs, out});
  return use ? std::optional(Product{id, *use}) : std::nullopt;
}

std::optional<Head> head_of(Graph& g, const Product& p) {
  if (!p.use.plain) return {};
  const std::vector<Value> in = g.inputs_of(p.node);
  return Head{.rows = in[size_t(p.use.rows)],
              .weights = in[size_t(p.use.weights)],
              .bias = p.use.bias >= 0 ? in[size_t(p.use.bias)] : Value{},
              .transposed = p.use.transposed};
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
  const std::optional<Product> product = product_of(g, logits);
  if (!product) return {{logits, target}};
  if (most == 0 || 2 * most > rows || (rows - most) * data.classes < kLeastSaved)
    return {{logits, target}, head_of(g, *product)};
  ScopeGuard guard(g, g.node(logits.node).scope);
  const Value index = g.emit("scored_rows", {target}, {{"most", most}});
  std::vector<Value> in = g.inputs_of(product->node);
  Value& kept_rows = in[size_t(product->use.rows)];
  kept_rows = g.emit("embed", {as_rows(kept_rows), index});  // [most,C]
  const Value kept = g.copy(g.node(product->node), std::move(in));
  return {{kept, index.nth(1)}, head_of(g, {kept.node, product->use})};
}
}  // namespace cambium
