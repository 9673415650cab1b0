// Budget: what a run may spend, in updates of one model.
#pragma once
#include "search/study.h"
#include "train/step_graph.h"

namespace cambium {
// Steps whose cost comes nearest to the budget, at least 1. `step_seconds` is only read for a
// budget of seconds.
int64_t steps_for(const Budget& budget, const StepCost& cost, int64_t examples_per_step,
                  double step_seconds);

// What `steps` cost in the budget's unit.
double spent(Budget::Kind kind, int64_t steps, const StepCost& cost, int64_t examples_per_step,
             double seconds);

// The median time of one update, from training for about `seconds`; the weights are thrown away.
double measured_step_seconds(const Experiment& e, double seconds = 2);
}  // namespace cambium
