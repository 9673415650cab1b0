// Rung plan: a training whose steps fit its rungs.
#pragma once
#include "search/study/planner.h"
#include "search/study/tune_settings.h"

namespace cambium {
// Rounds the draft's steps down to what every rung is a whole number of. UserErrors: too few steps
// for the first rung, or a warm-up that is not over there, since a pause inside it would compare
// how fast rates rise. `options.evaluations` should be rungs.parts().
void fit_to_rungs(DraftVariant& draft, const RungSettings& rungs, const PlanOptions& options);
}  // namespace cambium
