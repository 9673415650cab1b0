// Every seed: what the seeds of a study make of its data, where they vary it.
#pragma once
#include "search/study/study_plan.h"

namespace cambium {
// What a seed changes in the data must exist for every seed, or runs fail after others are done:
// UserErrors. Sets plan.overlap, since outcomes on parts of one data set are not independent.
void look_at_every_seed(StudyPlan& plan);
}  // namespace cambium
