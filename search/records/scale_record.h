// Scale record: what `cambium scale` wrote into its folder, read back for reports. Later programs
// write more and earlier ones less: what a file does not hold is unknown here.
//   scale.json     the law of each group, what it says along lines, and what follows from it
//   residuals.csv  a line a run that was fitted
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/text/json_forward.h"
#include "core/text/json_item.h"
#include "search/verdict/stats.h"

namespace cambium {
struct RecordedSpan {
  double value = kUnknown;
  Interval interval = {kUnknown, kUnknown};
};

struct RecordedPrediction {
  double value = kUnknown;
  Interval curve = {kUnknown, kUnknown}, run = {kUnknown, kUnknown};
};

struct RecordedLine {
  std::string fixed;  // "nothing", "tokens", "tokens_per_param", "tied", "best_split"
  double at = kUnknown;
  std::vector<double> params, tokens, flops, loss;  // each empty or one a point
  std::vector<double> said, curve_low, curve_high, run_low, run_high;

  const std::vector<double>& along(std::string_view quantity) const;
};

struct RecordedRun {
  double params = kUnknown, tokens = kUnknown, flops = kUnknown, loss = kUnknown;
  double measured = kUnknown, said = kUnknown;

  double along(std::string_view quantity) const;
};

struct RecordedHeldOut {
  std::string at;
  RecordedRun run;  // its inputs and the mean of what was measured
  RecordedPrediction foretold;
  double error = kUnknown;
  int64_t runs = 0, inside = 0;
};

struct RecordedAllocation {
  double flops = kUnknown;
  RecordedSpan params, tokens, tokens_per_param;
  RecordedPrediction loss;
};

struct RecordedAllocationLine {
  std::vector<double> flops, params, params_low, params_high, tokens, tokens_low, tokens_high;
};

struct RecordedLaw {  // of one group
  std::string name, failure, help;
  int64_t runs = 0, configurations = 0;
  std::string form, ignored, untold, no_allocation;
  bool refused = false;
  double run_reach = kUnknown;  // how far 95 % of runs stray from the curve, of the logarithm
  std::vector<std::pair<std::string, RecordedSpan>> parameters;
  std::optional<RecordedSpan> params_exponent, tokens_exponent;
  std::vector<RecordedAllocation> allocations;
  RecordedAllocationLine allocation_line;
  std::vector<RecordedLine> lines;
  std::vector<RecordedHeldOut> held_out;
  std::vector<RecordedRun> points;
};

struct ScaleRecord {
  std::string folder, law, formula, paper, file, warning, command;
  std::string answers = "loss";    // what the law foretells
  std::vector<std::string> needs;  // what it is a function of: "params", "tokens"
  double flops_per_nd = kUnknown;  // unknown too where the file contradicts itself
  std::vector<RecordedLaw> groups;
};

// Whether the folder holds what `cambium scale` wrote.
bool is_scale_folder(const std::string& folder);

// UserError when there is none or a file is damaged, naming it and the key.
ScaleRecord read_scale_folder(const std::string& folder);
}  // namespace cambium
