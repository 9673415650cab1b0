#include "graph/graph.h"

#include <algorithm>

#include "core/text/suggest.h"

namespace cambium {
const ValueType& Value::type() const {
  return graph->type({node, output});
}

std::vector<InPlace> first_in_place(const Call&) {
  return {{0, 0}};
}

std::string_view Node::kind() const {
  constexpr std::string_view roles[] = {"op", "input", "parameter", "state", "constant"};
  return op ? op->name : roles[size_t(role)];
}

Graph Graph::clone() const {
  Graph g(ops_);
  g.scope = scope;
  g.outputs = outputs;
  g.updates = updates;
  g.nodes_ = nodes_;
  g.named_ = named_;
  return g;
}

Value Graph::append(Node node) {
  for (const ValueType& t : node.outputs) t.bytes();  // refuses what no machine holds
  node.scope.phase = scope.phase;
  node.scope.mark = scope.mark;
  if (node.role != Role::kOp) named_.try_emplace({node.role, node.scope.path}, int(nodes_.size()));
  nodes_.push_back(std::move(node));
  return {this, int(nodes_.size()) - 1, 0};
}

Value Graph::input(std::string name, ValueType type) {
  ensure(!find(Role::kInput, name), "input '", name, "' exists already");
  return append({.role = Role::kInput, .outputs = {type}, .scope = {.path = std::move(name)}});
}

Value Graph::parameter(std::string name, Shape shape, ParameterInfo info) {
  ensure(!find(Role::kParameter, name), "parameter '", name, "' exists already");
  return append({.role = Role::kParameter,
                 .outputs = {{DType::kF32, shape}},
                 .scope = {.path = std::move(name)},
                 .parameter = info});
}

Value Graph::state(std::string name, ValueType type, Init init) {
  ensure(!find(Role::kState, name), "state '", name, "' exists already");
  return append({.role = Role::kState,
                 .outputs = {type},
                 .scope = {.path = std::move(name)},
                 .parameter = {.init = init}});
}

void Graph::set_kind(int parameter, ParameterKind kind) {
  ensure(node(parameter).role == Role::kParameter, "node ", parameter, " is no parameter");
  nodes_[size_t(parameter)].parameter.kind = kind;
}

std::string_view name_of(ParameterKind kind) {
  static constexpr std::string_view kNames[] = {"none",       "matrix",   "input", "output",
                                                "embedding",  "position", "bias",  "norm",
                                                "multiplier", "dynamics"};
  return kNames[size_t(kind)];
}

std::string narrow_copy_name(std::string_view parameter) {
  return str("bf16.", parameter);
}

Value Graph::narrow_copy(std::string_view parameter, Shape shape) {
  std::string name = narrow_copy_name(parameter);
  ensure(!find(Role::kState, name), "state '", name, "' exists already");
  return append({.role = Role::kState,
                 .outputs = {{DType::kBf16, shape}},
                 .scope = {.path = std::move(name)},
                 .copy_of = std::string(parameter)});
}

Value Graph::constant(std::shared_ptr<const Tensor> value) {
  Node n{.role = Role::kConstant, .outputs = {value->type()}, .scope = {.path = scope.path}};
  n.constant = std::move(value);
  return append(std::move(n));
}

Value Graph::constant(std::shared_ptr<const Adjacency> value) {
  return constant(std::make_shared<const LazyAdjacency>(std::move(value)));
}

Value Graph::constant(std::shared_ptr<const LazyAdjacency> value) {
  Node n{.role = Role::kConstant, .scope = {.path = scope.path}};
  n.outputs = {{DType::kAdjacency, Shape{value->nodes(), value->nodes(), value->edges()}}};
  n.adjacency = std::move(value);
  return append(std::move(n));
}

Value Graph::scalar(double value) {
  auto t = std::make_shared<Tensor>(DType::kF32, Shape{});
  t->f32()[0] = float(value);
  return constant(std::shared_ptr<const Tensor>(std::move(t)));
}

const Op& Graph::op(std::string_view name) const {
  const auto found = std::ranges::find(ops_, name, [](const Op* o) { return o->name; });
  if (found != ops_.end()) return **found;
  std::vector<std::string> known;
  for (const Op* o : ops_) known.emplace_back(o->name);
  throw InternalError(str("unknown op '", name, "'; ", suggestion(name, known)), {}, scope.mark);
}

Value Graph::emit(std::string_view name, std::vector<Value> in, const Args& args) {
  const Op& o = op(name);
  try {
    return emit(name, std::move(in), o.attrs.parse(args, nullptr));
  } catch (const UserError& e) {
    if (e.mark.known()) throw;
    UserError placed(str(name, " '", scope.path, "': ", e.what()), e.help, scope.mark);
    placed.named = true;
    placed.notes = e.notes;
    throw placed;
  }
}

Value Graph::emit(std::string_view name, std::vector<Value> in, Attrs attrs) {
  const Op& o = op(name);
  const int n = int(in.size());
  ensure(n >= o.min_inputs && (o.max_inputs < 0 || n <= o.max_inputs), name, " takes ",
         o.min_inputs, " to ", o.max_inputs, " inputs, got ", n);
  for (int i = 0; i < n; ++i)
    ensure(!in[size_t(i)] || in[size_t(i)].graph == this, name, ": input ", i,
           " belongs to another graph");
  Node node{.op = &o, .attrs = std::move(attrs), .scope = scope};
  node.outputs = o.shape({in, node.attrs});
  for (Value v : in) node.inputs.push_back(port_of(v));
  return append(std::move(node));
}

Value Graph::copy(const Node& node, std::vector<Value> in) {
  ScopeGuard guard(*this, node.scope);
  Node n = node;
  n.inputs.clear();
  for (Value v : in) n.inputs.push_back(port_of(v));
  if (n.op) n.outputs = n.op->shape({in, n.attrs});
  return append(std::move(n));
}

std::vector<Value> Graph::inputs_of(int id) {
  std::vector<Value> in;
  for (Port p : node(id).inputs) in.push_back(value(p));
  return in;
}

std::vector<Value> Graph::outputs_of(int id) {
  std::vector<Value> out;
  for (int k = 0; k < int(node(id).outputs.size()); ++k) out.push_back({this, id, k});
  return out;
}

std::optional<int> Graph::find(Role role, std::string_view name) const {
  const auto found = named_.find({role, std::string(name)});
  if (found != named_.end()) return found->second;
  return std::nullopt;
}

Port Graph::output(std::string_view name) const {
  const auto found = std::ranges::find(outputs, name, &Output::name);
  ensure(found != outputs.end(), "the graph has no output '", name, "'");
  return found->port;
}
}  // namespace cambium
