// Tasks table: a study's variants over all its tasks, as text.
#pragma once
#include "search/results/study_folder.h"

namespace cambium {
// Interquartile mean, difference to the baseline, chance to improve and verdict of each variant,
// and how scores are made; empty for a study without tasks.
std::string tasks_table(const StudyFolder& r);
}  // namespace cambium
