// Tune settings: how the settings of every variant are chosen before it is judged.
//   tune:
//     space: {train.optimizer.adamw.lr: {log: [1e-4, 1e-2]}}
//     trials: 12                # of each variant
//     method: sobol             # or tpe, evolution ...; sobol up to 20 trials, then tpe
//     rungs: {keep: 1/3}        # successive halving
#pragma once
#include "search/methods/support/method.h"
#include "train/spec/choice.h"

namespace cambium {
// Of `tune:` and `search:`. Shares of a whole training at which results are compared.
struct RungSettings {
  double keep = 1.0 / 3;
  int64_t levels = 3;
  bool wait = true;

  static constexpr auto fields = std::tuple{
      field("keep", &RungSettings::keep,
            "of a rung's trials go on, such as 1/3; the rungs are its "
            "powers: 1/9, 1/3 and all of a training")
          .in(0.01, 0.9),
      field("levels", &RungSettings::levels, "rungs, the whole training counted").in(2, 8),
      field("wait", &RungSettings::wait,
            "until all of a rung have ended (successive halving), else the best so far go on "
            "(ASHA)")};

  std::vector<double> shares() const;  // rising to 1
  // What a run's steps are a multiple of, and how often it evaluates, so that every rung ends with
  // an evaluation.
  int64_t parts() const;
};

// Of `rungs:`. UserErrors; those of its fields go to `errors`.
RungSettings read_rungs(const Yaml& yaml, const Vars& vars, Diagnostics& errors);

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
