// Ladder plan: a study with `scale:` with every number settled: the model of each size, the steps
// of each run, what all of them cost.
#pragma once
#include "search/ladder/param_counts.h"
#include "search/ladder/small_task.h"
#include "search/study/planner.h"

namespace cambium {
// One size of one variant.
struct LadderRung {
  std::string variant;
  int64_t size = 0;        // 0 for the smallest
  double target = 0;       // parameters, where it was to lie
  ParamCounts params;      // where it lies
  std::string chosen;      // "dim 48, depth 1"
  double step_ms = 0;      // of the shortest run's step, on the threads of a run; 0: not timed
  double timed_flops = 0;  // of that step
};

// One length of one size, trained once for each seed.
struct LadderPoint {
  size_t rung = 0;         // in LadderPlan::rungs
  double length = 0;       // as the study says it: tokens per parameter, tokens or FLOPs
  double tokens = 0;       // seen, each as often as it is; what the steps come to
  PlannedVariant planned;  // of the variant's name

  double flops() const { return double(planned.steps) * planned.cost.flops_per_step; }
};

struct LadderRun {
  size_t point = 0;  // in LadderPlan::points
  int64_t seed = 0;
  std::string folder;  // below the study's: "runs/attention-n30112-d5-s0"
};

struct LadderPlan {
  Study study;
  std::vector<LadderRung> rungs;        // by variant, then size
  std::vector<LadderPoint> points;      // by rung, then length
  std::vector<LadderRun> runs;          // the cheapest first, seeds of a point side by side
  int64_t tokens_per_example = 1;       // 1 where an example is no sequence
  int64_t unique_tokens = 0;            // of the training data
  bool sequences = true;                // tokens are places of sequences, else examples
  std::optional<SmallTask> small_task;  // as its study stands now
  // What no law's floor can truly lie below or above: the loss of what drew the validation data on
  // that data, else the entropy of it. None where the data knows neither.
  std::optional<ReferenceLoss> own_loss = {};

  const LadderRung& rung_of(const LadderPoint& p) const { return rungs[p.rung]; }

  double flops() const;             // of training, all runs together
  double evaluation_flops() const;  // which no budget counts

  double passes(const LadderPoint& p) const { return p.tokens / double(unique_tokens); }

  double most_passes() const;
  double seconds(const LadderPoint& p) const;  // of its steps, from the rung's step; 0: not known
};

struct LadderOptions {
  bool timed = false;  // each size's steps are timed in this process, a third of a second each
};

// UserErrors with everything that is wrong: a size that no value of the free variable meets, two
// sizes of one model, expressions, and everything that is wrong with the models themselves. What a
// budget does not pay for is refused with what each size costs and what would fit.
LadderPlan plan_ladder(Study study, const LadderOptions& options = {});

// All that a run is trained from.
Spec ladder_spec(const LadderPlan& plan, const LadderRun& run);
}  // namespace cambium
