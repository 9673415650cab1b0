// Summary: what <study>/summary.json says came out of a study; written and read here.
#pragma once
#include <cmath>

#include "core/text/json_item.h"
#include "search/results/aggregate_row.h"
#include "search/results/common_budget.h"
#include "search/verdict/decision.h"
#include "search/verdict/looks.h"
#include "train/spec/settings.h"

namespace cambium {
struct ResultRow {
  std::string variant;
  int64_t n = 0;             // finished runs
  int64_t failed = 0;        // runs that ended in an error
  std::string sees_answers;  // why its numbers are no achievement, of the first run that knew
  double mean = kUnknown;    // of the outcomes; not known without a finished run
  double deviation = 0;      // not in the file
  Interval range = {0, 0};   // the lowest and the highest outcome
  std::optional<Interval> interval;   // over seeds, from kIntervalSeeds on
  std::optional<Interval> bootstrap;  // from kBootstrapSeeds on: it covers too little below
  std::optional<double> test_set;     // half-width of what another test set could show; of shares
  Decision decision;                  // against the baseline
  std::optional<Outlook> outlook;
  double step_ms = 0;  // median over the runs that were measured alike, of all when none was
  std::optional<TimeRatio> time_ratio;  // to the baseline, from seeds both finished
  int64_t peak_bytes = 0;               // largest of the runs
  int64_t parameters = 0;
  double flops = 0;     // of training, a run
  double products = 0;  // the part of it that is products
};

struct Summary {
  std::string metric;  // "test.accuracy" at the best val.accuracy, or the latter without a test set
  bool complete = true;  // every run is done
  int64_t look = 1;      // which look at the outcomes this is
  // Of this look, with tasks the part of each and of all together; 0 in files of programs that
  // judged nothing.
  double alpha = 0;
  int64_t comparisons = 1;     // with the baseline, on each task
  std::vector<int64_t> looks;  // planned (Study::looks)
  double least_effect = 0;     // the smallest difference that matters; 0: none is named
  int64_t test_examples = 0;   // Evidence::test_examples; with tasks of the whole: each has its own
  double overlap = 0;          // Evidence::overlap
  std::vector<ResultRow> rows;  // in the study's order
  CommonBudget budget;
  std::vector<BudgetLine> audit;
  std::vector<DifferingSetting> settings;  // values in the order of rows
  Aggregate aggregate;                     // over the study's tasks

  const ResultRow* row(std::string_view variant) const;  // nullptr when there is none
};

// As summary.json holds it.
Json summary_json(const Summary& summary);

// UserError naming file and key. What older programs did not write is unknown, empty or as above.
Summary summary_from(const Json& json, const std::string& where);

// A decision that is not there is kCannotTell.
Json to_json(const Decision& d);
Decision decision_from(const Json& row);

std::string_view name_of(Claim claim);          // "better"
std::string_view name_of(Hindrance hindrance);  // "few seeds"
}  // namespace cambium
