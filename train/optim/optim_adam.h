// What Adam and AdamW share: one adam_update node over all parameters.
#pragma once
#include "train/spec/optim.h"

namespace cambium {
struct AdamSettings {
  double beta1, beta2, eps, weight_decay;
  bool decoupled;  // decay apart from the gradient (AdamW)
};

inline void emit_adam(Graph& g, const OptimizerInputs& in, const AdamSettings& a) {
  emit_update_node(
      g, in, "adam_update", {&in.step, 1}, std::array{StateGroup{"adam.m"}, StateGroup{"adam.v"}},
      a.weight_decay,
      {{"beta1", a.beta1}, {"beta2", a.beta2}, {"eps", a.eps}, {"decoupled", a.decoupled}});
}
}  // namespace cambium
