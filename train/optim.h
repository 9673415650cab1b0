// Optimizer: a named rule that emits its update into the training graph; one file in train/optim/
// defines one.
#pragma once
#include <string_view>

#include "graph/graph.h"

namespace cambium {
// What a rule may use. Parameters and gradients run in parallel.
struct OptimizerInputs {
  std::span<const Value> parameters, gradients;
  Value lr;     // f32 []
  Value scale;  // f32 []: what gradients are multiplied by (clipping, accumulation)
  Value step;   // i64 []: 1 at the first update
};

struct Optimizer {
  std::string_view name, doc, paper;
  FieldSet attrs = {};
  double (*peak_lr)(const Attrs&) = nullptr;
  // Emits one update node for all parameters, makes the states it needs (named
  // "<state>.<parameter>") and enters new values in graph.updates.
  void (*emit)(const Attrs&, Graph&, const OptimizerInputs&) = nullptr;
};

std::span<const Optimizer* const> builtin_optimizers();

// One zero state a parameter, of its type, named "<prefix>.<parameter>".
std::vector<Value> moment_states(Graph& g, std::string_view prefix, std::span<const Value> params);
// Per parameter: `weight_decay` where decay applies, else 0.
std::vector<double> decay_of(std::span<const Value> params, double weight_decay);
std::vector<double> lr_scales_of(std::span<const Value> params);
// Enters output first + i of `node` as the new value of target i.
void update_each(Graph& g, std::span<const Value> targets, Value node, int first);
}  // namespace cambium
