// Exploration: a search over trained models as trials of a store. Each point is
// planned before it is trained, told to the method by what its training gave,
// and never trained twice.
#pragma once
#include "search/answer/findings.h"
#include "search/candidates/model_space.h"
#include "search/trials/arm.h"
#include "search/trials/trial_runs.h"

namespace cambium {
// The seed of every training of the search; finalists are judged by others.
inline constexpr int64_t kSearchSeed = 0;
// Of every training, of finalists too, also where they follow one another in this process: else
// their numbers would depend on how many there are side by side.
inline constexpr int64_t kSearchThreads = 1;

// All that decides which trials there are, apart from how many.
StudyRecord record_of(ModelSpace& models);

// Proposes the trials of the search; `models` must outlive it.
ProposeTrial exploration(ModelSpace& models);

// What is kept of a trial that was trained in the folder: its metrics and what
// was built.
Json values_of(ModelSpace& models, const Trial& trial, const std::string& run_folder);

// What the trials of the store came to, a point each; references that the study
// does not give are the worst of them.
Findings findings_of(ModelSpace& models, std::span<const Trial> trials);
}  // namespace cambium
