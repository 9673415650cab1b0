// Ladder budget: whether a budget pays for a ladder, and else what it would pay for.
#pragma once
#include "search/ladder/ladder_plan.h"

namespace cambium {
// UserError at `budget` when the training FLOPs of all runs are above it: what each size costs, and
// which seeds, lengths or sizes would fit.
void require_budget(const LadderPlan& plan);
}  // namespace cambium
