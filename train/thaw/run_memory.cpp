// What the phases of a run need of memory.
#include "train/graphs/plans.h"
#include "train/thaw/unfreeze.h"

namespace cambium {
MemoryNeed memory_of_run(const Experiment& e, KeptPlans& kept) {
  MemoryNeed need;
  for (const ThawPhase& phase : phases_of(e, e.total_steps())) {
    kept.plans.reset();
    kept.plans = phase.thawed == e.thawed ? compile_plans(e, kept.engine)
                                          : compile_plans(in_phase(e, phase), kept.engine);
    need.cover(memory_need(e, *kept.plans));
  }
  return need;
}
}  // namespace cambium
