// Run status: where a run stands, and what its files say of it while it trains.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace cambium {
enum class RunPhase { kWaiting, kRunning, kDone, kFailed, kStopped };

std::string_view name_of(RunPhase phase);

struct RunStatus {
  RunPhase phase = RunPhase::kWaiting;
  int64_t step = 0, steps = 0;
  double loss = 0;          // the last logged training loss
  double value = 0;         // the last validation value of the metric that is watched
  double eta_seconds = -1;  // -1: unknown
  std::string error;        // kFailed
  // kFailed by disk or files, not by what is trained: no result, to be done again.
  bool from_outside = false;

  void enter(RunPhase now) {  // any but kFailed
    phase = now;
    error.clear();
    from_outside = false;
  }
};

// Puts the value of the weights that are judged, the best on validation data, in place of the last.
void take_best(RunStatus& status, const std::string& run_folder, const std::string& metric);

// Brings step, loss and value up to date from the end of the run's log; a run that has written
// nothing yet stays as it is.
void refresh(RunStatus& status, const std::string& run_folder, const std::string& metric);

// The phase that run.json tells, with the error of a failed run; kWaiting without one.
void settle(RunStatus& status, const std::string& run_folder);
}  // namespace cambium
