// Results: the rows of a finished study, from the runs' own files.
#pragma once
#include "core/text/json_forward.h"
#include "search/results/common_budget.h"
#include "search/study/study_plan.h"
#include "search/verdict/decision.h"
#include "search/verdict/looks.h"
#include "train/spec/settings.h"

namespace cambium {
struct RunId {
  std::string variant;
  int64_t seed = 0;

  std::string folder(const std::string& study) const {
    return str(study, "/runs/", variant, "-s", seed);
  }
};

struct ResultRow {
  std::string variant;
  int64_t n = 0;             // finished runs
  int64_t failed = 0;        // runs that ended in an error
  std::string sees_answers;  // why its numbers are no achievement, of the first run that knew
  double mean = 0, deviation = 0;
  Interval range = {0, 0};            // the lowest and the highest outcome
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

inline constexpr int64_t kBootstrapSeeds = 20;

struct Results {
  std::string metric;  // "test.accuracy" at the best val.accuracy, or the latter without a test set
  std::vector<ResultRow> rows;  // in the study's order
  std::vector<BudgetLine> audit;
  CommonBudget budget;
  std::vector<DifferingSetting> settings;  // values in the order of rows
  Evidence evidence;                       // what the decisions rest on
  int64_t look = 1;                        // which look at the outcomes this is
  bool complete = true;                    // every run is done
};

// Reads runs/*/run.json. UserError naming the file when one is damaged.
Results collect_results(const StudyPlan& plan, const std::string& folder, int64_t look = 1);

Json study_json(const StudyPlan& plan, const Frozen& frozen, const Results* results,
                const std::string& command);
Json summary_json(const Results& results);

// As summary.json holds it; a decision that is not there is kCannotTell.
Json to_json(const Decision& d);
Decision decision_from(const Json& row);

std::string_view name_of(Claim claim);          // "better"
std::string_view name_of(Hindrance hindrance);  // "few seeds"
}  // namespace cambium
