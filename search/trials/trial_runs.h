// Trial runs: the trials of a store as training runs, together with the other processes that work
// on the same store. Compare, tune, search and scale train with it; they differ in what proposes.
#pragma once
#include "search/runs/scheduler.h"
#include "search/store/trial_store.h"

namespace cambium {
// What a run measured, from its files, by the metrics' names: "val.loss" ... of its best evaluation
// so far, "test.loss" ... at its end. The same for the same run: no times.
Json run_values(const std::string& run_folder);

struct TrialWork {
  std::string folder;  // of the study
  ProposeTrial propose;
  int64_t threads = 1;  // of each run; 0: RunOrder::threads
  // What is kept of a trial whose run is done; run_values unless told.
  std::function<Json(const Trial&, const std::string& run_folder)> values = {};
};

class TrialWatch {
 public:
  virtual ~TrialWatch() = default;

  // Some times a second: the list so far, also with what other processes do, and this one's runs,
  // by the numbers of their trials.
  virtual void on_trials(std::span<const Trial> /*all*/, std::span<const RunUpdate> /*running*/) {}

  virtual void on_trial_end(const Trial&) {}  // done, failed or refused, here

  virtual void on_trial_stop(const Trial&) {}  // saved, and given back
};

// Proposes, claims and trains until nothing is left to propose and all trials have ended, wherever
// they run, or until settings.stop says so, which is answered. A run that fails is a result. One
// that is killed from outside goes on, unless it is killed again and again; one that disk or files
// end is an error of all, RuntimeError, and goes on the next time. Errors as execute_runs(); then
// the claims are given back.
bool work_on(TrialStore& store, const TrialWork& work, const SchedulerSettings& settings,
             TrialWatch& watch);
}  // namespace cambium
