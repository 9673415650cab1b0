// The facts of a verdict beside its claims, a sentence each; empty when there is nothing to say.
// Internal to verdict.
#pragma once
#include "viz/report/verdict.h"

namespace cambium {
std::string counted(int64_t n, std::string_view what);  // "1 seed", "3 seeds"

// "test", or "validation" where the data, with tasks that of the cell's, has no test part.
std::string_view judging_part(const StudyFolder& r, std::string_view cell = {});

std::string settings_sentence(const StudyFolder& r);
std::string budget_sentence(const StudyFolder& r);
std::string cost_sentence(const StudyFolder& r);
std::string failure_sentence(const StudyFolder& r);
}  // namespace cambium
