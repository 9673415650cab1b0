#include "blocks/compose/adapted_uses.h"

#include <algorithm>
#include <set>

namespace cambium {
namespace {
bool attribute_is(const Node& n, std::string_view name, const ArgValue::Variant& value) {
  const std::optional<ArgValue> found = n.attrs.find(name);
  return found && found->variant() == value;
}

bool is_plain_product(const Node& n, size_t k) {
  if (n.kind() == "linear")
    return k == 1 && n.inputs.size() <= 3 && attribute_is(n, "activation", std::string("none"));
  if (n.kind() == "matmul") return k == 1 && attribute_is(n, "transpose_a", false);
  return n.kind() == "sparse_linear" && k == 1;
}

bool stands_in(const std::string& path, const std::string& block) {
  return path == block || (path.starts_with(block) && path[block.size()] == '.');
}
}  // namespace

std::optional<ProductUse> product_use(Graph& out, const Node& n, std::span<const Value> in,
                                      size_t k, std::function<Value(Value, double)> dropout) {
  const bool rows = n.kind() == "embed" && k == 0;
  if (!rows && !is_plain_product(n, k)) return {};
  if (in[k].shape().rank() != 2) return {};
  ProductUse use;
  use.w = in[k];
  use.rows = rows;
  use.transposed = n.kind() == "matmul" && attribute_is(n, "transpose_b", true);
  if (n.kind() == "linear" && in.size() > 2) use.bias = in[2];
  const std::vector<Value> inputs(in.begin(), in.end());
  use.base = [&out, n, inputs] { return out.copy(n, inputs); };
  use.apply = [&out, dropout = std::move(dropout), n, inputs, rows, k](Value m, double p,
                                                                       Value scale) {
    std::vector<Value> now = inputs;
    now[k] = m;
    if (n.kind() == "linear") now.resize(2);  // without the bias
    if (!rows) {
      if (scale) now[0] = out.emit("mul", {now[0], scale});
      now[0] = dropout(now[0], p);
    }
    return out.emit(n.op->name, std::move(now), n.attrs);
  };
  return use;
}

bool is_attention(const Node& n) {
  return n.kind() == "attention" || n.kind() == "attention_step" || n.kind() == "top_k_attention";
}

std::optional<AttentionUse> attention_use(const Node& n, std::span<const Value> in, Value o) {
  if (!is_attention(n)) return {};
  const std::optional<ArgValue> scale = n.attrs.find("scale");
  return AttentionUse{in[0], in[1], in[2], o, scale ? std::get<double>(scale->variant()) : 0};
}

std::map<std::string, Port> results_of_blocks(const Graph& model,
                                              const std::map<std::string, const Block*>& blocks) {
  std::map<std::string, std::set<Port>> leaving;
  const auto read = [&](Port p, const std::string* reader) {
    if (p.node < 0) return;
    const Node& n = model.node(p.node);
    const ValueType& type = n.outputs[size_t(p.output)];
    if (!n.op || type.dtype != DType::kF32 || type.shape.rank() < 2) return;
    for (std::string at = n.scope.path; !at.empty();) {
      if (blocks.contains(at) && (!reader || !stands_in(*reader, at))) leaving[at].insert(p);
      const size_t dot = at.rfind('.');
      at.resize(dot == at.npos ? 0 : dot);
    }
  };
  for (const Node& n : model.nodes())
    if (n.op)
      for (const Port p : n.inputs) read(p, &n.scope.path);
  for (const Output& o : model.outputs) read(o.port, nullptr);
  std::map<std::string, Port> out;
  for (const auto& [path, ports] : leaving)
    if (ports.size() == 1) out[path] = *ports.begin();
  return out;
}

Graph with_rng_first(const Graph& model) {
  Graph out(model.ops());
  const Value rng = out.input("rng", {DType::kI64, Shape{2}});
  std::vector<int> now;  // of each node
  const auto moved = [&](Port p) { return Port{p.node < 0 ? -1 : now[size_t(p.node)], p.output}; };
  for (const Node& n : model.nodes()) {
    if (n.role == Role::kInput && n.scope.path == "rng") {
      now.push_back(rng.node);
      continue;
    }
    std::vector<Value> in;
    for (const Port p : n.inputs) in.push_back(out.value(moved(p)));
    now.push_back(out.copy(n, std::move(in)).node);
  }
  for (const Output& o : model.outputs) out.outputs.push_back({o.name, moved(o.port)});
  for (const Update& u : model.updates)
    out.updates.push_back({now[size_t(u.node)], moved(u.value)});
  return out;
}
}  // namespace cambium
