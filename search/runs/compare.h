// Compare: runs every variant with every seed, side by side, and writes a folder of results:
//   study.json summary.json runs/<variant>-s<seed>/{spec.yaml run.json log.jsonl checkpoints/ ...}
// A study that was stopped goes on where it was: finished runs are kept, others resume.
#pragma once
#include <functional>

#include "search/results/results.h"
#include "search/runs/run_status.h"
#include "search/runs/scheduler.h"
#include "search/store/trial.h"
#include "search/tune/tuning.h"

namespace cambium {
struct RunView : RunStatus {  // one run as a viewer sees it
  RunId id;
};

class StudyProgress {
 public:
  virtual ~StudyProgress() = default;

  virtual void on_plan(const StudyPlan&, int64_t /*jobs*/) {}

  virtual void on_runs(std::span<const RunView>) {}  // about twice a second

  virtual void on_run_end(const RunView&) {}

  // A planned look left something undecided: on_runs() then shows the runs of `next` seeds.
  virtual void on_more_seeds(int64_t /*now*/, int64_t /*next*/) {}

  // While variants are tuned: the trials so far, of `planned` at most.
  virtual void on_trials(std::span<const Trial>, std::span<const RunUpdate> /*running*/,
                         int64_t /*planned*/) {}

  virtual void on_trial_end(const Trial&, int64_t /*planned*/) {}

  virtual void on_tuned(const Tuning&) {}
};

struct CompareSettings {
  std::string folder;
  std::string command;         // for the record: how to do it again
  int64_t jobs = 0;            // 0: the study's, or one a core
  std::function<bool()> stop;  // true: save and stop every run
  bool only_tune = false;      // ends when all is chosen; the same without it goes on from there
  // How a run becomes a process: this program, then "train SPEC --run DIR ...". Empty: runs follow
  // one another inside this process, on all its threads.
  std::string program = "/proc/self/exe";
};

struct Comparison {
  StudyPlan plan;
  std::optional<Tuning> tuning;  // none: nothing was tuned, or not all yet
  Results results;
  std::vector<RunView> runs;
  bool stopped = false;
};

// UserError: the folder holds another study, or another process works in it. RuntimeError: disk, or
// no process can be started. A run that fails is a result (Comparison::runs), not an error.
Comparison compare(Study study, const CompareSettings& settings, StudyProgress& progress);
}  // namespace cambium
