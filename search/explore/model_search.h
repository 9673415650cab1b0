// Model search: a search over trained models from its study to its answer, in
// one folder:
//   study.db runs/trial-... finalists/{<name>.yaml runs/ report ...}
//   results.json trials.csv
// One that was stopped goes on where it was, and several processes may work on
// it.
#pragma once
#include "search/explore/exploration.h"
#include "search/explore/finalist_times.h"
#include "search/runs/compare.h"

namespace cambium {
struct ModelSearchSettings {
  std::string folder;
  std::string command;                     // for the record: how to do it again
  int64_t jobs = 0;                        // 0: the study's, or one a core
  std::function<bool()> stop;              // true: save and stop every run
  std::string program = "/proc/self/exe";  // as CompareSettings::program
};

struct ModelSearchResult {
  Findings findings;
  FoundAnswer answer;
  int64_t started = 0;   // trials that were proposed
  bool stopped = false;  // before everything was trained
  FinalistField field;   // empty until the search has ended
  std::optional<Comparison> finals;
  JudgedFinalists judged;
  std::vector<FinalistTimes> times;  // of the field; empty until all have been trained
};

class ModelSearchWatch : public TrialWatch {
 public:
  virtual void on_finalists(const FinalistField&) {}

  virtual StudyProgress& finals() = 0;  // watches the finalists' training
};

// UserError: the folder holds another search. RuntimeError: disk, or no process
// can be started. A trial that fails is a result. Writes results.json and
// trials.csv, also when it is stopped.
ModelSearchResult search_models(ModelSpace& models, const ModelSearchSettings& settings,
                                ModelSearchWatch& watch);

Json model_search_json(ModelSpace& models, const ModelSearchResult& result);
}  // namespace cambium
