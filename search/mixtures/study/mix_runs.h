// Mix runs: trains the runs of a study of mixtures, in one process or several that share its
// folder.
#pragma once
#include <functional>

#include "search/mixtures/study/mix_plan.h"
#include "search/trials/list_watch.h"

namespace cambium {
struct MixSettings {
  std::string folder;
  std::string command;         // for the record: how to do it again
  int64_t jobs = 0;            // 0: the study's, or one a core
  std::function<bool()> stop;  // true: save and stop every run
  // How a run becomes a process, as in SchedulerSettings; empty: runs follow one another here.
  std::string program = "/proc/self/exe";
};

struct MixProgress : ListProgress {
  std::string_view what;  // "mixtures" or "check"
};

using MixWatch = std::function<void(const MixProgress&)>;

// As many runs as are wanted, as memory holds and as there are.
int64_t mix_jobs(const MixPlan& plan, const MixSettings& settings, size_t runs);

// Trains these runs, all of which are in the store's list from now on; whether it was stopped
// before all had ended. A run that fails is a result. UserError: the folder holds another study.
// RuntimeError: disk, or no process can be started.
bool train_mixtures(const MixPlan& plan, const std::vector<MixRun>& runs, std::string_view what,
                    const MixSettings& settings, const MixWatch& watch);

// What a run measured at its end.
struct MixOutcome {
  enum State { kDone, kFailed, kWaiting } state = kWaiting;

  double target = 0;   // the weighted mean of its metrics
  double seconds = 0;  // of its steps
  std::string why;     // it failed
};

// UserError naming a run.json that is damaged.
MixOutcome mix_outcome(const MixPlan& plan, const std::string& folder, const MixRun& run);
}  // namespace cambium
