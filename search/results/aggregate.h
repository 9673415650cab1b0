// Aggregate of a study: from the outcomes of all cells to the rows over all tasks. Internal to
// results.
#pragma once
#include "search/results/summary.h"
#include "search/study/study_plan.h"

namespace cambium {
// The outcomes of every cell, in the plan's order, each in the order of seeds.
using CellOutcomes = std::vector<std::vector<SeedOutcome>>;

// `tasks` with names, metrics and test examples; their baselines are worked out here. `evidence`
// brings alpha, next_alpha and overlap; its other parts, of mean scores, are filled. Rows are empty
// while the baseline has no finished run on some task.
Aggregate aggregate_of(const StudyPlan& plan, const CellOutcomes& outcomes,
                       std::vector<TaskSummary> tasks, Evidence& evidence);
}  // namespace cambium
