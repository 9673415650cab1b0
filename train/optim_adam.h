// What Adam and AdamW share: one adam_update node over all parameters.
#pragma once
#include "train/optim.h"

namespace cambium {
struct AdamSettings {
  double beta1, beta2, eps, weight_decay;
  bool decoupled;  // decay apart from the gradient (AdamW)
};

inline void emit_adam(Graph& g, const OptimizerInputs& in, const AdamSettings& a) {
  const std::vector<Value> first = moment_states(g, "adam.m", in.parameters);
  const std::vector<Value> second = moment_states(g, "adam.v", in.parameters);
  std::vector<Value> inputs = {in.lr, in.scale, in.step};
  for (const auto& part :
       {in.parameters, in.gradients, std::span<const Value>(first), std::span<const Value>(second)})
    inputs.insert(inputs.end(), part.begin(), part.end());
  const Value out = g.emit("adam_update", inputs,
                           {{"beta1", a.beta1},
                            {"beta2", a.beta2},
                            {"eps", a.eps},
                            {"decoupled", a.decoupled},
                            {"weight_decay", decay_of(in.parameters, a.weight_decay)},
                            {"lr_scale", lr_scales_of(in.parameters)}});
  const int n = int(in.parameters.size());
  update_each(g, in.parameters, out, 0);
  update_each(g, first, out, n);
  update_each(g, second, out, 2 * n);
}
}  // namespace cambium
