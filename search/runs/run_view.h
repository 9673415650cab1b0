// Run view: what a run's files say of it while it trains.
#pragma once
#include "search/runs/compare.h"

namespace cambium {
// Brings step, loss and value up to date from the end of the run's log; a run that has written
// nothing yet stays as it is.
void refresh(RunView& view, const std::string& study_folder, const std::string& metric);

// The phase that run.json tells, with the error of a failed run; kWaiting without one.
void settle(RunView& view, const std::string& study_folder);
}  // namespace cambium
