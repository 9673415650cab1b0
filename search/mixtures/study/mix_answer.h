// Mix answer: what the finished runs of a study of mixtures say.
#pragma once
#include "search/mixtures/study/mix_record.h"
#include "search/mixtures/study/mix_runs.h"

namespace cambium {
// From the runs below `folder` that are done, few as they may be; of the check too. UserError: a
// damaged run.json.
MixRecord answer_mixtures(const MixPlan& plan, const std::string& folder);

// The mixtures that a check trains: what each variant's runs say is best, the natural and the equal
// one, each once.
std::vector<std::pair<std::string, Shares>> checked_mixtures(const MixPlan& plan,
                                                             const MixRecord& record);

// Every variant on each of them, with seeds that no drawn run had; none while drawn runs have not
// ended, where nothing is said of a variant, or where no check is asked for.
std::vector<MixRun> check_runs(const MixPlan& plan, const MixRecord& record);
}  // namespace cambium
