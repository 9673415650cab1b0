// What Adam and AdamW share: one adam_update node over all parameters, or one for each eps where a
// parameterisation gives them different ones.
#pragma once
#include <algorithm>

#include "train/spec/optim.h"

namespace cambium {
struct AdamSettings {
  double beta1, beta2, eps, weight_decay;
  bool decoupled;  // decay apart from the gradient (AdamW)
};

inline void emit_adam_node(Graph& g, const OptimizerInputs& in, const AdamSettings& a) {
  emit_update_node(
      g, in, "adam_update", {&in.step, 1}, std::array{StateGroup{"adam.m"}, StateGroup{"adam.v"}},
      a.weight_decay,
      {{"beta1", a.beta1}, {"beta2", a.beta2}, {"eps", a.eps}, {"decoupled", a.decoupled}});
}

inline void emit_adam(Graph& g, const OptimizerInputs& in, const AdamSettings& a) {
  std::vector<double> scales;
  for (const ParameterGroup& group : in.groups)
    if (!std::ranges::count(scales, group.eps_scale)) scales.push_back(group.eps_scale);
  if (scales.empty()) return emit_adam_node(g, in, a);
  for (const double scale : scales) {
    std::vector<Value> parameters, gradients;
    std::vector<ParameterGroup> groups;
    for (size_t i = 0; i < in.groups.size(); ++i) {
      if (in.groups[i].eps_scale != scale) continue;
      parameters.push_back(in.parameters[i]);
      gradients.push_back(in.gradients[i]);
      groups.push_back(in.groups[i]);
    }
    OptimizerInputs part = in;
    part.parameters = parameters;
    part.gradients = gradients;
    part.groups = groups;
    AdamSettings settings = a;
    settings.eps *= scale;
    emit_adam_node(g, part, settings);
  }
}
}  // namespace cambium
