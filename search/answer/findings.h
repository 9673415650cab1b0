// Findings: what a search found, whatever gave its results, a table or trainings.
#pragma once
#include <string>
#include <vector>

#include "core/text/json_forward.h"
#include "search/answer/importance.h"
#include "search/answer/kendall.h"
#include "search/methods/support/method.h"

namespace cambium {
struct FoundObjective {
  std::string name;
  bool maximize = false;
  double reference = 0;  // where nothing is gained, in its own unit
  // Of the trials, or of all rows of a table; else the study says it.
  bool reference_is_worst = true;

  double loss(double value) const { return maximize ? -value : value; }  // and back
};

struct FoundTrial {
  int64_t number = 0;
  std::string key;
  SpacePoint point;
  TrialOutcome outcome;               // of the last rung that it reached
  std::vector<double> at_rungs = {};  // the first objective, in its own unit; NaN: failed
  bool whole = true;                  // trained to its end; else it did not go on from a rung
  std::string reason = {};            // of a failure or a refusal
  bool refused = false;               // before it was trained
  std::vector<int64_t> parents = {};  // trials that it was made from
  // Of each task the objectives, in their own units, at the last rung; NaN: none. Empty: no tasks.
  std::vector<std::vector<double>> on_tasks = {};
};

struct Findings {
  std::vector<FoundObjective> objectives;
  std::vector<FoundTrial> trials;
  bool exhausted = false;               // the space had no more
  int64_t drawn = 0;                    // so many of the first trials are uniform draws
  bool of_table = false;                // whose rows are all there is
  std::vector<std::string> tasks = {};  // whose mean an objective is; empty: there are none
};

// The worst that any whole trial gave, as reference of the objectives that the study gives none.
void settle_references(Findings& findings);

// One rung before the last: how many trials came to it, and how far it ranks those that were
// trained to the end as the end does.
struct FoundRung {
  int64_t trials = 0;
  std::optional<KendallTau> agreement;
};

struct FoundAnswer {
  std::vector<size_t> front;     // whole trials that none beats; of one objective the best alone
  std::optional<double> volume;  // of two or three objectives
  // What the first trials found that were uniform draws, where some were and not all: how many,
  // and the least first loss or, of several objectives, the hypervolume.
  int64_t drawn = 0;
  std::optional<double> drawn_best, drawn_volume;
  int64_t failed = 0, refused = 0;
  std::vector<std::vector<Importance>> importance;  // one list an objective
  std::vector<FoundRung> rungs;                     // of the first objective; empty: none
};

FoundAnswer answer_of(const Space& space, const Findings& findings);

// The `count` best by the first objective; of several the front's ends, then what encloses most
// alone. Places in findings.trials, the best by the first objective first.
std::vector<size_t> best_trials(const Findings& findings, const FoundAnswer& answer, int64_t count);

// Results in their own units, failed ones null.
Json trial_json(const Space& space, const Findings& findings, size_t trial);
Json objectives_json(const Findings& findings);
Json rungs_json(const FoundAnswer& answer);
Json importance_json(const Findings& findings, const FoundAnswer& answer);

// One line a trial: number, key, values of the space, objectives, violation, what became of it.
std::string trials_csv(const Space& space, const Findings& findings);
}  // namespace cambium
