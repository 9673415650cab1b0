// Study view: a study as people watch it, and its results as a table.
#pragma once
#include <map>

#include "app/tables/study/trials_view.h"
#include "app/tables/train_view.h"
#include "search/results/study_folder.h"
#include "search/runs/compare.h"

namespace cambium {
class StudyView : public StudyProgress {
 public:
  StudyView(Terminal& terminal, ProgressMode mode) : terminal_(terminal), mode_(mode) {}

  void on_plan(const StudyPlan& plan, int64_t jobs) override;
  void on_runs(std::span<const RunView> runs) override;
  void on_run_end(const RunView& run) override;
  void on_more_seeds(int64_t now, int64_t next) override;
  void on_trials(std::span<const Trial> all, std::span<const RunUpdate> running,
                 int64_t planned) override;
  void on_trial_end(const Trial& trial, int64_t planned) override;
  void on_tuned(const Tuning& tuning) override;
  void finish();

 private:
  struct Shown {
    std::string metric;
    double scale = 1;  // as it is shown
    int digits = 4;
  };

  std::string value_text(const std::string& variant, double value) const;

  Terminal& terminal_;
  ProgressMode mode_;
  Stopwatch since_line_;
  TrialsView& trials(int64_t planned);

  std::optional<TrialsView> trials_;                 // while variants are tuned
  Shown usual_;                                      // the study's metric
  std::map<std::string, Shown, std::less<>> shown_;  // by variant, whose task may have its own
};

// Metric with its 95 % interval or range, paired difference to the baseline and what may be said of
// it, step time, memory, parameters.
std::string results_table(const Comparison& c);
std::string verdict_text(const StudyFolder& r);  // the report's verdict, a line a sentence
std::string failures_text(const Comparison& c);  // one line a failed run; empty without
}  // namespace cambium
