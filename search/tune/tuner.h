// Tuner: chooses the settings of every variant of a study by the same number of trials, on
// validation data, with a seed that judges nothing.
#pragma once
#include "search/runs/scheduler.h"
#include "search/study/study_plan.h"
#include "search/trials/trial_runs.h"
#include "search/tune/tuning.h"

namespace cambium {
// `plan` is the study as it stands, before anything is chosen. None when settings.stop ended it:
// the next call goes on. UserErrors: a variant none of whose trials gave anything, with the reason
// of the first. Otherwise as work_on().
std::optional<Tuning> tune_variants(const StudyPlan& plan, TrialStore& store,
                                    const std::string& folder, const SchedulerSettings& settings,
                                    TrialWatch& watch);

// UserErrors where no point of the space that is tried can be planned for a variant: a path that is
// misspelt, a rung that no training reaches.
void check_tuning(const StudyPlan& plan);

// How many trials of the store the tuning has at most: pieces of a rung count.
int64_t tuning_trials(const Study& study);

// The study with what was chosen among the overrides of its variants.
void apply_tuning(Study& study, const Tuning& tuning);
}  // namespace cambium
