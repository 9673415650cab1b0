#include "train/graphs/narrow_copies.h"

#include "ops/support/bf16.h"

namespace cambium {
namespace {
// The name of the parameter that the node casts to bf16; empty when it does nothing of the kind.
std::string_view cast_parameter(const Graph& g, const Node& n) {
  if (!n.op || !is_narrowing(n.op->name, n.attrs)) return {};
  const Node& from = g.node(n.inputs[0].node);
  return from.role == Role::kParameter ? std::string_view(from.scope.path) : std::string_view();
}

Value copy_in(Graph& g, const std::string& name, const Shape& shape) {
  const auto known = g.find(Role::kState, narrow_copy_name(name));
  return known ? g.value({*known, 0}) : g.narrow_copy(name, shape);
}

// Of each node that updates such parameters and can write their copies: its outputs that are
// parameters, by node.
using Writers = std::map<int, std::vector<int64_t>>;

Writers writers_of(const Graph& g, const ParameterNames& names) {
  Writers writers;
  for (const Update& u : g.updates) {
    const Node &to = g.node(u.node), &from = g.node(u.value.node);
    if (to.role == Role::kParameter && names.contains(to.scope.path) && from.op &&
        from.op->narrowed)
      writers[u.value.node].push_back(u.value.output);
  }
  return writers;
}
}  // namespace

ParameterNames narrow_parameters(const Graph& g) {
  ParameterNames names;
  for (const Node& n : g.nodes())
    if (const std::string_view name = cast_parameter(g, n); !name.empty()) names.emplace(name);
  return names;
}

Graph read_copies(const Graph& g, const ParameterNames& names) {
  return rewrite(g,
                 [&](Graph& out, int, const Node& n,
                     std::span<const Value>) -> std::optional<std::vector<Value>> {
                   const auto found = names.find(cast_parameter(g, n));
                   if (found == names.end()) return std::nullopt;
                   return std::vector{copy_in(out, *found, n.outputs[0].shape)};
                 });
}

Graph write_copies(const Graph& g, const ParameterNames& names) {
  const Writers writers = writers_of(g, names);
  std::map<Port, Value> copies;  // new value of a parameter in the new graph -> the same in bf16
  Graph out = rewrite(g,
                      [&](Graph& to, int id, const Node& n,
                          std::span<const Value> in) -> std::optional<std::vector<Value>> {
                        const auto found = writers.find(id);
                        if (found == writers.end()) return std::nullopt;
                        const Value v = to.emit(n.op->name, {in.begin(), in.end()},
                                                n.op->narrowed(n.attrs, found->second));
                        std::vector<Value> all = to.outputs_of(v.node);
                        const size_t before = n.outputs.size();
                        for (size_t i = 0; i < found->second.size(); ++i)
                          copies[port_of(all[size_t(found->second[i])])] = all[before + i];
                        all.resize(before);
                        return all;
                      });
  ScopeGuard guard(out, {.path = "optimizer", .phase = Phase::kUpdate});
  for (const Update& u : std::vector(out.updates)) {
    const Node& parameter = out.node(u.node);
    if (parameter.role != Role::kParameter || !names.contains(parameter.scope.path)) continue;
    const auto known = copies.find(u.value);
    const Value copy = known != copies.end()
                           ? known->second
                           : out.emit("cast", {out.value(u.value)}, {{"to", "bf16"}});
    const Value state = copy_in(out, parameter.scope.path, parameter.outputs[0].shape);
    out.updates.push_back({state.node, port_of(copy)});
  }
  return out;
}
}  // namespace cambium
