// Planner: from one spec to a run with every number settled: the value of its free variable, its
// steps, its cost, its memory. Studies plan their variants with it, a search its trials:
//   DataCache data;
//   const PlannedVariant p = plan_variant("trial-7", spec, {.budget = budget}, data);
#pragma once
#include <map>

#include "data/judged.h"
#include "search/study/match.h"
#include "search/study/study.h"
#include "train/graphs/step_graph.h"
#include "train/run/checkpoint.h"
#include "train/run/step_times.h"

namespace cambium {
// Opens specs, and reads the data of those that describe the same only once. Holds all of it while
// it lives. Not for two threads at once.
class DataCache {
 public:
  // As open_experiment. UserErrors, RuntimeError.
  Experiment open(const Spec& spec);
  Experiment open_to_measure(const Spec& spec);  // as the function of this name

  // pin_source (train/weights/transfer.h), which reads a source once: it is the same to all specs
  // that name it as long as this lives. UserErrors of `init:`.
  void pin(Spec& spec);

  // Of the data of an experiment that was opened here; made once.
  const Identity& identity(const Experiment& e);

  // What its metric is measured on: the held-out parts of the data, or of the evaluation set that
  // the metric names. Made once of each; it lives as long as this.
  const Judged& judged(const Experiment& e, std::string_view metric);

 private:
  Experiment opened(const Spec& spec, bool checked);

  struct Opened {
    std::shared_ptr<const Dataset> data;
    std::vector<EvaluationSet> sets;
  };

  std::map<std::string, Opened> opened_;           // by what describes them
  std::map<const Dataset*, Identity> identities_;  // of those, which live on
  std::map<const Dataset*, Judged> judged_;
  std::map<std::string, std::string> sources_;  // hashes of weights by where they lie
};

struct PlannedVariant {
  std::string name;
  Spec spec;  // complete but for train.seed: matched, budgeted, with the study's metric
  StepCost cost;
  int64_t steps = 0, examples_per_step = 0;
  double planned = 0;                 // of the budget, in its unit; steps without a budget
  int64_t needed_bytes = 0;           // memory of a run's process
  double forward_flops = 0;           // an example
  int64_t state_bytes = 0;            // GenerationState::bytes; 0: no state
  Identity data;                      // what its runs are trained on
  Judged judged = {};                 // what the metric is measured on
  Judged held_out = {};               // the same of the data itself
  std::string domains;                // "conv + transformer": the families of its blocks
  std::optional<Match> match;         // of the free variable
  std::optional<StepTime> step_time;  // ms, what a budget of seconds was planned with
  double evaluation_flops = 0;        // of an example that is evaluated; no budget counts them
  int64_t validation_examples = 0;    // of one evaluation
  int64_t test_examples = 0;          // of the test at the end
  std::vector<UserError> notes = {};  // what its run cannot do (Experiment::notes)
};

// What a model costs as a match counts it: parameters, or forward FLOPs of an example.
double match_cost(const Experiment& e, MatchGoal::Kind kind);

// The values of `goal.free` at which the spec's model costs `goal.target`, which must be there: the
// first comes as near as it can with the others as they stand in the spec, then each of those. What
// cannot be built at the spec's own values is tried all the same. UserError at goal.mark when the
// last comes not within goal.tolerance, with a note of the first reason why a value could not be
// built.
Match solve_match(const Spec& spec, const MatchGoal& goal, DataCache& data);

// The spec with the values that were found.
void apply_match(Spec& spec, const MatchGoal& goal, const Match& match);

// How a spec is planned. Without anything it keeps its own size and length.
struct PlanOptions {
  std::optional<MatchGoal> match = {};  // with a target
  std::optional<Budget> budget = {};
  std::optional<int64_t> steps = {};  // what the budget comes to, where that is known already
  int64_t evaluations = 10;           // of a run with a budget; 0: as the spec says
  std::string metric = "val.loss";    // train.best
  Mark metric_mark = {};
  bool memory = true;  // false: needed_bytes stays 0, since compiling takes longer than the rest
  std::vector<YamlEntry> vary = {};  // Study::vary; the spec is looked at with this seed:
  int64_t seed = 0;
};

// A variant whose steps may still change, and what it was planned from (its models are forgotten).
struct DraftVariant {
  PlannedVariant variant;
  Experiment experiment;
};

// Everything but the steps of a budget of seconds, unless options.steps says them: those need
// times, which the caller takes. UserErrors with everything that is wrong with the spec.
DraftVariant draft_variant(std::string name, Spec spec, const PlanOptions& options,
                           DataCache& data);

// The same for one point of many: what this machine has no memory for is a UserError too, a refusal
// like any other.
DraftVariant draft_trial(std::string name, Spec spec, const PlanOptions& options, DataCache& data);

// Gives the draft its steps: in its spec, with its evaluations, and in its notes. UserErrors.
void set_steps(DraftVariant& draft, int64_t steps, const PlanOptions& options);

// Steps that the budget pays for, at least 1. `step_time` is only read for a budget of seconds.
int64_t steps_within(const Budget& budget, const PlannedVariant& variant,
                     const std::optional<StepTime>& step_time);

// All of it at once: a budget of seconds is timed here, in this process, on its threads.
PlannedVariant plan_variant(std::string name, Spec spec, const PlanOptions& options,
                            DataCache& data);
}  // namespace cambium
