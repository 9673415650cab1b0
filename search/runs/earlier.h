// Earlier: what another session left in a study's folder, and whether it can be gone on with.
#pragma once
#include "search/study/study_plan.h"

namespace cambium {
// The steps that an earlier session settled on; UserError when the folder holds another study.
std::map<std::string, int64_t> earlier_steps(const std::string& folder, const Study& study);

// UserError for a variant that was planned otherwise before, or on other data: two studies' runs
// would mix.
void check_same_specs(const std::string& folder, const StudyPlan& plan);
}  // namespace cambium
