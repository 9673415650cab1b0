// Backward: what every graph of a step is made of, in the order of a step: a model's scored head,
// its loss, the gradients and their norm.
#pragma once
#include "train/graphs/step/scored_head.h"
#include "train/spec/experiment.h"

namespace cambium {
// Makes the input "target"; the logits and targets that are scored.
Scored emit_scored(Graph& g, const DataShape& data);
// The same as training hears it: where targets are of groups that count unlike, whose they are too.
Scored emit_trained(Graph& g, const DataShape& data);

// What a loss is told in training and in evaluation, and what it is told in training.
Args options_of_data(const DataShape& data);
Args training_options(const Experiment& e);

LossValues emit_loss(const Experiment& e, const Scored& s, const Args& more);

struct Gradients {
  std::vector<Value> parameters, gradients;  // only where a gradient flows
};

// By all parameters that are not frozen. UserError when none reaches the loss.
Gradients gradients_of(Value loss);

Value emit_norm(Graph& g, const std::vector<Value>& gradients);  // f32 []
}  // namespace cambium
