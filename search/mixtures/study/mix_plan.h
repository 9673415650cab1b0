// Mix plan: a study with `mix:` with every number settled: the sources of its corpus, the mixtures,
// the runs and what they cost.
#pragma once
#include "search/mixtures/fit/draws.h"
#include "search/study/mix_goal.h"
#include "search/study/study_plan.h"

namespace cambium {
struct MixSource {
  std::string name;
  int64_t symbols = 0;  // to train on, each once
  double natural = 0;   // its part of all
};

struct MixRun {
  std::string variant;
  std::vector<double> shares;  // of MixPlan::sources
  int64_t seed = 0;
  std::string folder;  // below the study's: "runs/mamba-3f1c09aa-s0", by a hash of the shares
};

struct MixPlan {
  StudyPlan plan;  // of the variants, on the mixture that the base names
  std::vector<MixSource> sources;
  int64_t symbols_an_example = 1;
  MixtureDraws draws;
  std::vector<std::vector<double>> mixtures;  // that were drawn

  const MixGoal& goal() const { return *plan.study.mix; }

  std::vector<double> natural() const;  // shares as the sources' sizes
  std::vector<double> uniform() const;  // equal shares, as far as most_epochs lets them be

  double passes(const PlannedVariant& v, size_t source, double share) const;
  // Of training, of so many runs of every variant.
  double flops(size_t runs_of_each) const;
};

// UserErrors with everything that is wrong with the study: no corpus of two sources or more, a
// target or a source that there is not, variants with other data, mixtures that cannot be drawn,
// and everything that is wrong with the models.
MixPlan plan_mixtures(Study study);

MixRun mix_run(const std::string& variant, const std::vector<double>& shares, int64_t seed);

// Every mixture with every variant and seed, mixture by mixture.
std::vector<MixRun> drawn_runs(const MixPlan& plan);

// All that a run is trained from.
Spec mix_spec(const MixPlan& plan, const MixRun& run);

// "docs 60 %, code 40 %"
std::string shares_text(const std::vector<MixSource>& sources, const std::vector<double>& shares);

// Sets `mixture:` of `data: {corpus: ...}` in place of what the spec says of shares; sources of
// share 0 are left out. UserError for other data.
void set_mixture(Yaml& root, const std::vector<MixSource>& sources,
                 const std::vector<double>& shares);
}  // namespace cambium
