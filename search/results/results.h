// Results: what the runs of a study came to, from the runs' own files.
#pragma once
#include "search/results/summary.h"
#include "search/study/study_plan.h"

namespace cambium {
struct RunId {
  std::string variant;
  int64_t seed = 0;

  std::string folder() const { return str("runs/", variant, "-s", seed); }

  std::string folder(const std::string& study) const { return str(study, "/", folder()); }
};

inline constexpr int64_t kBootstrapSeeds = 20;

struct Results : Summary {
  Evidence evidence;  // what the decisions rest on; with tasks of mean scores
  std::vector<std::vector<SeedOutcome>> outcomes;  // of every cell, in the plan's order
};

// Reads runs/*/run.json. UserError naming the file when one is damaged.
Results collect_results(const StudyPlan& plan, const std::string& folder, int64_t look = 1);

// How many of its seeds a study is to train, when all runs of the first `now` have ended and came
// to `results`: the next planned look's, or `now` when everything is decided, with tasks over all
// of them, or nothing more is planned.
int64_t seeds_to_train(const Study& study, const Results& results, int64_t now);
}  // namespace cambium
