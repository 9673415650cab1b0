// Results: the rows of a finished study, from the runs' own files.
#pragma once
#include "core/json_forward.h"
#include "search/audit.h"

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
  int64_t n = 0;  // finished runs
  double mean = 0, deviation = 0;
  std::optional<Interval> interval, bootstrap;
  std::optional<PairedDifference> difference;  // to the baseline, over seeds both finished
  double p_value = 1;                          // Holm-corrected over the variants
  std::optional<int64_t> seeds_needed;         // to see a difference of this size with power 0.8
  double step_ms = 0;  // median over the runs that were measured alike, of all when none was
  std::optional<TimeRatio> time_ratio;  // to the baseline, from seeds both finished
  int64_t peak_bytes = 0;               // largest of the runs
  int64_t parameters = 0;
  double flops = 0;     // of training, a run
  double products = 0;  // the part of it that is products
  int64_t failed = 0;   // runs that ended in an error
};

struct Results {
  std::string metric;  // "test.accuracy" at the best val.accuracy, or the latter without a test set
  std::vector<ResultRow> rows;  // in the study's order
  std::vector<BudgetLine> audit;
  bool complete = true;  // every run is done
};

// Reads runs/*/run.json. UserError naming the file when one is damaged.
Results collect_results(const StudyPlan& plan, const std::string& folder);

Json study_json(const StudyPlan& plan, const Results* results, const std::string& command);
Json summary_json(const Results& results);
}  // namespace cambium
