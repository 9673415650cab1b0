// Ladder runs: trains the runs of a ladder, in one process or several that share its folder.
#pragma once
#include "search/ladder/ladder_plan.h"
#include "search/trials/list_watch.h"

namespace cambium {
struct LadderSettings {
  std::string folder;
  std::string command;         // for the record: how to do it again
  int64_t jobs = 0;            // 0: the study's, or one a core
  std::function<bool()> stop;  // true: save and stop every run
  // How a run becomes a process, as in SchedulerSettings; empty: runs follow one another here.
  std::string program = "/proc/self/exe";
};

using LadderWatch = ListWatch::Report;

// As many runs as are wanted, as memory holds and as there are.
int64_t ladder_jobs(const LadderPlan& plan, const LadderSettings& settings);

// Whether it was stopped before all runs had ended. A run that fails is a result. UserError: the
// folder holds another ladder or study. RuntimeError: disk, or no process can be started.
bool train_ladder(const LadderPlan& plan, const LadderSettings& settings, const LadderWatch& watch);
}  // namespace cambium
