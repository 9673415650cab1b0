// Budget: what a run may spend, in updates of one model.
#pragma once
#include "search/study/study.h"
#include "train/graphs/step_graph.h"

namespace cambium {
// Steps whose cost comes nearest to the budget, at least 1. `step_seconds` is only read for a
// budget of seconds.
int64_t steps_for(const Budget& budget, const StepCost& cost, int64_t examples_per_step,
                  double step_seconds);

// What `steps` cost in the budget's unit. `seconds` is what the steps alone took.
double spent(Budget::Kind kind, int64_t steps, const StepCost& cost, int64_t examples_per_step,
             double seconds);
}  // namespace cambium
