#include "train/optim.h"

namespace cambium {
namespace {
const ParameterInfo& info_of(Value v) {
  return v.graph->node(v.node).parameter;
}
}  // namespace

std::vector<Value> moment_states(Graph& g, std::string_view prefix, std::span<const Value> params) {
  std::vector<Value> out;
  for (Value p : params)
    out.push_back(g.state(str(prefix, ".", g.node(p.node).scope.path), p.type()));
  return out;
}

std::vector<double> decay_of(std::span<const Value> params, double weight_decay) {
  std::vector<double> out;
  for (Value p : params) out.push_back(info_of(p).decay ? weight_decay : 0.0);
  return out;
}

std::vector<double> lr_scales_of(std::span<const Value> params) {
  std::vector<double> out;
  for (Value p : params) out.push_back(info_of(p).lr_scale);
  return out;
}

void update_each(Graph& g, std::span<const Value> targets, Value node, int first) {
  for (size_t i = 0; i < targets.size(); ++i)
    g.updates.push_back({targets[i].node, port_of(node.nth(first + int(i)))});
}
}  // namespace cambium
