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
struct ScaleSpan {
  double value = kUnknown;
  Interval interval = {kUnknown, kUnknown};
};

struct ScalePrediction {
  double value = kUnknown;
  Interval curve = {kUnknown, kUnknown}, run = {kUnknown, kUnknown};
};

struct ScaleLine {
  std::string fixed;  // "nothing", "tokens", "tokens_per_param", "tied", "best_split"
  double at = kUnknown;
  std::vector<double> params, tokens, flops, loss;  // each empty or one a point
  std::vector<double> said, curve_low, curve_high, run_low, run_high;

  const std::vector<double>& along(std::string_view quantity) const;
};

struct ScaleRun {
  double params = kUnknown, tokens = kUnknown, flops = kUnknown, loss = kUnknown;
  double measured = kUnknown, said = kUnknown;

  double along(std::string_view quantity) const;
};

struct ScaleHeldOut {
  std::string at;
  ScaleRun run;  // its inputs and the mean of what was measured
  ScalePrediction foretold;
  double error = kUnknown;
  int64_t runs = 0, inside = 0;
};

struct ScaleAllocation {
  double flops = kUnknown;
  ScaleSpan params, tokens, tokens_per_param;
  ScalePrediction loss;
};

struct ScaleAllocationLine {
  std::vector<double> flops, params, params_low, params_high, tokens, tokens_low, tokens_high;
};

struct ScaleExponents {  // of the best split of compute, under one way of counting parameters
  std::string group, counted, way;
  ScaleSpan params, tokens;
  std::string none;  // why there are none
};

struct ScaleMinimum {  // of the runs of one compute
  double flops = kUnknown;
  ScaleSpan params, tokens;
};

struct ScaleCrossing {  // of the laws of two groups
  double x = kUnknown;  // of ScaleComparison::quantity
  Interval interval = {kUnknown, kUnknown};
};

struct ScaleComparison {
  std::string text, quantity;  // text: in words
  std::vector<ScaleCrossing> crossings;
};

struct ScaleLaw {  // of one group
  std::string name, failure, help;
  int64_t runs = 0, configurations = 0;
  std::string form, ignored, untold, no_allocation, reach;
  bool refused = false;
  double run_reach = kUnknown;  // how far 95 % of runs stray from the curve, of the logarithm
  std::vector<std::pair<std::string, ScaleSpan>> parameters;
  std::optional<ScaleSpan> params_exponent, tokens_exponent;
  std::vector<ScaleAllocation> allocations;
  ScaleAllocationLine allocation_line;
  std::vector<ScaleLine> lines;
  std::vector<ScaleHeldOut> held_out;
  std::vector<ScaleRun> points;
  std::vector<ScaleMinimum> minima;
};

struct ScaleRecord {
  std::string folder, law, formula, paper, file, warning, command;
  std::string no_law;              // why there is none
  std::string answers = "loss";    // what the law foretells
  std::vector<std::string> needs;  // what it is a function of: "params", "tokens"
  double flops_per_nd = kUnknown;  // unknown too where the file contradicts itself
  std::string own_name;            // what the data's own loss is called
  double own_loss = kUnknown;      // of a ladder on data that knows it
  std::vector<ScaleLaw> groups;
  std::vector<ScaleComparison> comparisons;
  std::vector<ScaleExponents> exponents;
};

// Whether the folder holds what `cambium scale` wrote.
bool is_scale_folder(const std::string& folder);

// UserError when there is none or a file is damaged, naming it and the key.
ScaleRecord read_scale_folder(const std::string& folder);
}  // namespace cambium
