// Finalist times: what the finalists of a search take, measured. No list of trials depends on it.
#pragma once
#include "search/explore/finalists.h"

namespace cambium {
struct FinalistTimes {
  std::optional<double> step_ms;   // of its training, the mean over tasks; none: no run has ended
  std::optional<double> token_ms;  // train/generate/token_time.h, the mean over tasks
};

// One each, in the field's order. Steps are those of the runs of `results`; symbols are timed here,
// on one thread and in three turns, so that no hour is any one finalist's.
std::vector<FinalistTimes> finalist_times(const FinalistField& field, const Results& results);

// {"step_ms": 7.1, "token_ms": 0.12}; null: not known.
void put_times(Json& finalist, const FinalistTimes& times);
}  // namespace cambium
