// Judged runs: every variant with every seed, as trials of the study's store, and as a viewer of
// the study sees them.
#pragma once
#include "search/runs/compare.h"
#include "search/trials/trial_runs.h"

namespace cambium {
class JudgedRuns : public TrialWatch {
 public:
  // Of the plan's variants and seeds: c.runs, with what earlier sessions did.
  JudgedRuns(Comparison& c, const std::string& folder, StudyProgress& progress);

  // Seed by seed, so that an early stop leaves pairs.
  ProposeTrial list() const;

  // A run that failed in an earlier session: the cause may have been the machine's.
  void try_failed_again(TrialStore& store) const;

  void on_trials(std::span<const Trial> all, std::span<const RunUpdate> running) override;
  void on_trial_end(const Trial& trial) override;
  void on_trial_stop(const Trial& trial) override;

  void settle_all();  // also those that other processes trained

 private:
  RunView* view_of(const Trial& trial);  // null: no run of the plan
  void end(const Trial& trial, RunPhase phase);
  Trial trial_of(const RunView& v) const;

  Comparison& c_;
  const std::string folder_;
  StudyProgress& progress_;
  std::map<std::string, size_t, std::less<>> by_folder_;  // place in c.runs
};
}  // namespace cambium
