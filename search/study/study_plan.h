// Study plan: a study with every number settled: the width of each variant, its steps, its cost.
#pragma once
#include <functional>

#include "search/study/match.h"
#include "search/study/study.h"
#include "train/graphs/step_graph.h"
#include "train/run/checkpoint.h"
#include "train/run/step_times.h"

namespace cambium {
struct PlannedVariant {
  std::string name;
  Spec spec;  // complete but for train.seed: matched, budgeted, with the study's metric
  StepCost cost;
  int64_t steps = 0, examples_per_step = 0;
  double planned = 0;                 // of the budget, in its unit; steps without a budget
  int64_t needed_bytes = 0;           // memory of a run
  double forward_flops = 0;           // an example
  int64_t state_bytes = 0;            // GenerationState::bytes; 0: no state
  Identity data;                      // what its runs are trained on
  std::string domains;                // "conv + transformer": the families of its blocks
  std::optional<Match> match;         // of the free variable
  std::optional<StepTime> step_time;  // ms, what a budget of seconds was planned with
  double evaluation_flops = 0;        // of an example that is evaluated; no budget counts them
  int64_t validation_examples = 0;    // of one evaluation
  int64_t test_examples = 0;          // of the test at the end
  std::vector<UserError> notes = {};  // what its run cannot do (Experiment::notes)
};

struct StudyPlan {
  Study study;
  std::vector<PlannedVariant> variants;
  bool values = false;  // what is predicted are values, not classes: losses are not in nats
  double overlap =
      0;  // not 0 where seeds cut one data set anew: mean_error, search/verdict/stats.h

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

// The variant's spec with train.seed set, and what varies with it: all that a run needs.
Spec run_spec(const Study& study, const PlannedVariant& variant, int64_t seed);
}  // namespace cambium
