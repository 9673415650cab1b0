// Tune settings: how the settings of every variant are chosen before it is judged.
//   tune:
//     space: {train.optimizer.adamw.lr: {log: [1e-4, 1e-2]}}
//     trials: 12                # of each variant
//     method: sobol             # or tpe, evolution ...; sobol up to 20 trials, then tpe
//     rungs: {keep: 1/3}        # successive halving; or asha, {hyperband: {levels: 4}}
#pragma once
#include "core/yaml/choice.h"
#include "search/methods/support/method.h"
#include "search/rungs/support/rung_method.h"

namespace cambium {
// Of `tune:` and `search:`: pauses of a training at which trials are compared.
struct RungSettings : RungChoice {
  RungPlan plan(int64_t trials) const { return method->plan(options, trials); }

  std::vector<double> shares() const { return plan(1).shares; }  // rising to 1

  // What a run's steps are a multiple of, and how often it evaluates, so that every rung ends with
  // an evaluation.
  int64_t parts() const;
  std::string text() const;  // equal text, equal rungs
};

// Of `rungs:`. UserErrors.
RungSettings read_rungs(const Yaml& yaml, const Vars& vars);

struct TuneSettings {
  std::shared_ptr<const Space> space;
  Choice<Method> method;
  int64_t trials = 12, lag = 8, seed = 9001;
  std::optional<RungSettings> rungs;
  Mark mark;
  std::string text;  // of the whole key: equal text, equal tuning

  static constexpr auto fields = std::tuple{
      field("trials", &TuneSettings::trials, "of each variant, the same for all").in(2, 10'000),
      field("lag", &TuneSettings::lag,
            "a trial knows the results of those so many before it: as many may run side by side")
          .in(1, 1000),
      field("seed", &TuneSettings::seed,
            "of all its runs and its random numbers; it judges nothing")
          .in(0)
          .any()};
};
}  // namespace cambium
