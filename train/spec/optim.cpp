#include "train/spec/optim.h"

namespace cambium {
namespace {
const ParameterInfo& info_of(Value v) {
  return v.graph->node(v.node).parameter;
}
}  // namespace

std::string average_name(std::string_view parameter) {
  return str("average.", parameter);
}

std::vector<Value> moment_states(Graph& g, std::string_view prefix, std::span<const Value> params,
                                 double start) {
  std::vector<Value> out;
  for (Value p : params)
    out.push_back(g.state(str(prefix, ".", g.node(p.node).scope.path), p.type(),
                          start == 0 ? Init{} : Init{Init::kConstant, start}));
  return out;
}

std::vector<double> decay_of(const OptimizerInputs& in, double weight_decay) {
  std::vector<double> out;
  for (size_t i = 0; i < in.parameters.size(); ++i) {
    const double own = info_of(in.parameters[i]).decay ? weight_decay : 0.0;
    out.push_back(in.groups.empty()
                      ? own
                      : in.groups[i].weight_decay.value_or(own) * in.groups[i].decay_scale);
  }
  return out;
}

std::vector<double> lr_scales_of(const OptimizerInputs& in) {
  std::vector<double> out;
  for (size_t i = 0; i < in.parameters.size(); ++i)
    out.push_back(in.groups.empty() ? 1 : in.groups[i].lr_scale);
  return out;
}

void update_each(Graph& g, std::span<const Value> targets, Value node, int first) {
  for (size_t i = 0; i < targets.size(); ++i)
    g.updates.push_back({targets[i].node, port_of(node.nth(first + int(i)))});
}

Value emit_update_node(Graph& g, const OptimizerInputs& in, std::string_view op,
                       std::span<const Value> scalars, std::span<const StateGroup> states,
                       double weight_decay, Args args) {
  std::vector<Value> inputs = {in.lr, in.scale}, kept;
  for (const StateGroup& s : states)
    for (Value v : moment_states(g, s.prefix, in.parameters, s.start)) kept.push_back(v);
  for (const auto& part : {scalars, in.parameters, in.gradients, std::span<const Value>(kept)})
    inputs.insert(inputs.end(), part.begin(), part.end());
  args.push_back({"weight_decay", decay_of(in, weight_decay)});
  args.push_back({"lr_scale", lr_scales_of(in)});
  const Value out = g.emit(op, inputs, args);
  update_each(g, in.parameters, out, 0);
  update_each(g, kept, out, int(in.parameters.size()));
  return out;
}
}  // namespace cambium
