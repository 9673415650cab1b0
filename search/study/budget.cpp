#include "search/study/budget.h"

#include <cmath>

namespace cambium {
int64_t steps_for(const Budget& budget, const StepCost& cost, int64_t examples_per_step,
                  double step_seconds) {
  const double one = spent(budget.kind, 1, cost, examples_per_step, step_seconds);
  ensure(one > 0, "a step costs ", one, " ", name_of(budget.kind));
  return std::max<int64_t>(1, std::llround(budget.value / one));
}

double spent(Budget::Kind kind, int64_t steps, const StepCost& cost, int64_t examples_per_step,
             double seconds) {
  switch (kind) {
    case Budget::kSteps:
      return double(steps);
    case Budget::kSamples:
      return double(steps * examples_per_step);
    case Budget::kFlops:
      return double(steps) * cost.flops_per_step;
    case Budget::kSeconds:
      return seconds;
  }
  return 0;
}
}  // namespace cambium
