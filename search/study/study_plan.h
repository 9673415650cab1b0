// Study plan: a study with every number settled: the width of each variant, its steps, its cost.
#pragma once
#include <functional>

#include "search/study/planner.h"

namespace cambium {
struct StudyPlan {
  Study study;
  std::vector<PlannedVariant> variants;
  bool values = false;  // what is predicted are values, not classes: losses are not in nats
  // Not 0 where seeds cut one data set anew, of any task: mean_error, search/verdict/stats.h.
  double overlap = 0;

  const PlannedVariant& at(std::string_view name) const;  // InternalError when there is none
};

// Builds every variant on its real input sizes, solves for the free variable and turns the budget
// into steps. `known_steps` (by variant, from an earlier session) replaces measuring for a budget
// of seconds; where some are not known, `timer` measures the steps of all variants, in ms; this
// process does, one variant after the other, without one or when it answers nothing. UserErrors
// with everything that is wrong with any variant.
using StepTimer = std::function<std::vector<StepTime>(const StudyPlan&)>;
StudyPlan plan_study(Study study, const std::map<std::string, int64_t>& known_steps = {},
                     const StepTimer& timer = {});

// How a variant of a study is planned. The target of a match that names none is the baseline's:
// plan_study() settles it.
PlanOptions plan_options(const Study& study, std::string_view variant);

// The variant's spec with train.seed set, and what varies with it: all that a run needs.
Spec run_spec(const Study& study, const PlannedVariant& variant, int64_t seed);
}  // namespace cambium
