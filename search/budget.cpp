#include "search/budget.h"

#include <cmath>
#include <limits>

#include "core/clock.h"
#include "core/memory.h"
#include "search/stats.h"
#include "train/session.h"

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

double measured_step_seconds(const Experiment& e, double seconds) {
  const int64_t available = available_memory_bytes();
  Session session(e, available < 0 ? std::numeric_limits<int64_t>::max() : available);
  session.start(0);
  std::vector<double> times;
  double total = 0;
  for (int64_t step = 1; step <= 1000 && (step <= 3 || total < seconds); ++step) {
    const Stopwatch watch;
    session.step(step);
    times.push_back(watch.seconds());
    total += times.back();
  }
  return median_of(times);
}
}  // namespace cambium
