#include "search/trials/rung_plan.h"

namespace cambium {
namespace {
void check_warmup(const Experiment& e, int64_t steps, const RungSettings& rungs) {
  const Choice<Schedule>& schedule = e.train.schedule;
  const int64_t warmup =
      schedule.record->warmup ? schedule.record->warmup(schedule.attrs, steps) : 0;
  const auto first = int64_t(rungs.shares().front() * double(steps));
  require(warmup < first, "the first rung is at step ", first, ", where the warm-up of ", warmup,
          " steps is not over: shorten it, or take fewer levels");
}
}  // namespace

void fit_to_rungs(DraftVariant& draft, const RungSettings& rungs, const PlanOptions& options) {
  const int64_t parts = rungs.parts(), steps = draft.variant.steps / parts * parts;
  require(steps > 0, "a training of ", draft.variant.steps, " steps has no rung at 1/", parts,
          " of it: raise the budget, or take fewer levels");
  set_steps(draft, steps, options);
  check_warmup(draft.experiment, steps, rungs);
}
}  // namespace cambium
