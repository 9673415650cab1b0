// Update: what a step moves, and the half of a step that moves it after several batches.
#pragma once
#include "train/graphs/step/backward.h"
#include "train/spec/experiment.h"

namespace cambium {
// The optimizer on the gradients `d`, and moving averages where the spec wants them. Makes the
// inputs "lr" and "step", and one more for each rule of `unfreeze:` that has happened (step_input).
// `share` f32 [] makes means of gradients that are sums; a null Value where they are means. `norm`
// is that of the means.
void emit_update(Graph& g, const Experiment& e, const Gradients& d, Value norm, Value share);

// Adds the gradients and `scored` to the states that the graph Step::apply reads.
void emit_accumulation(Graph& g, const Gradients& d, Value scored);
}  // namespace cambium
