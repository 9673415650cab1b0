// Aggregate rows: what a study's variants came to over all its tasks; a part of summary.json.
#pragma once
#include "core/text/json_item.h"
#include "search/verdict/aggregate.h"
#include "search/verdict/decision.h"

namespace cambium {
// How a task's outcomes become scores, of which more is better and which tasks have in common; a
// failed run scores 0.
enum class Scoring {
  kAsItIs,      // an accuracy, R2
  kComplement,  // 1 less a rate of errors
  kRatio        // the baseline's mean over a loss, so that 1 is what the baseline does
};

std::string_view name_of(Scoring scoring);
Scoring scoring_of(std::string_view metric);

struct TaskSummary {
  std::string name, metric;    // as reported: "test.accuracy"
  double baseline = kUnknown;  // the baseline's mean outcome
  Scoring scoring = Scoring::kAsItIs;
  int64_t test_examples = 0;  // Evidence::test_examples
};

struct AggregateRow {
  std::string variant;
  int64_t seeds = 0;  // whose runs ended on every task
  double iqm = kUnknown, mean = kUnknown;
  std::optional<Interval> interval;  // of the interquartile mean, from kIntervalSeeds on
  double iqm_difference = kUnknown;  // to the baseline, over seeds that both ended
  std::optional<Interval> iqm_difference_interval;
  double improvement = kUnknown;  // chance_of_improvement over the baseline
  Decision decision;              // of mean scores, paired by seed
  std::optional<Outlook> outlook;
  std::vector<ProfilePoint> profile;
};

struct Aggregate {
  std::vector<TaskSummary> tasks;  // none: the study has none, and no rows
  std::vector<AggregateRow> rows;  // in the study's order of variants

  const TaskSummary* task(std::string_view name) const;  // nullptr when there is none
};

// "tasks" and "aggregate" of summary.json.
void put_aggregate(Json& summary, const Aggregate& aggregate);
Aggregate aggregate_from(const JsonItem& summary);
}  // namespace cambium
