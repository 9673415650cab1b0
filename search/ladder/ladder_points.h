// Ladder points: what the runs of a ladder came to, as points of a scaling law.
#pragma once
#include "search/ladder/ladder_plan.h"

namespace cambium {
struct LadderOutcome {
  size_t run = 0;   // in LadderPlan::runs
  double loss = 0;  // of the final weights on validation data: not the best one on the way
  double best = 0;  // the lowest on the way, for comparison; NaN: not known
};

struct LadderOutcomes {
  std::vector<LadderOutcome> done;  // in the order of the runs
  std::vector<std::string> failed;  // "runs/a-n30112-d5-s0: the loss is not finite ..."
  size_t waiting = 0;               // runs that may go on
};

// From the run folders below `folder`. UserError naming a run.json that is damaged.
LadderOutcomes ladder_outcomes(const LadderPlan& plan, const std::string& folder);

// A line a run: group, parameters under each convention, tokens, unique_tokens, FLOPs, loss, seed,
// the run's folder. `cambium scale` reads it.
std::string points_csv(const LadderPlan& plan, const LadderOutcomes& outcomes);
}  // namespace cambium
