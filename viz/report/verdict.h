// The outcome of a study in plain words, with its uncertainty, and how its numbers are written.
#pragma once
#include "search/results/study_folder.h"

namespace cambium {
// How a metric is shown: accuracies as percent, differences of them in points.
struct MetricStyle {
  std::string name;  // "test accuracy"
  std::string unit;  // "%", or empty
  std::string step;  // unit of a difference: " points", or empty
  double scale = 1;
  int digits = 4;

  std::string value(double v) const { return number(v) + unit; }

  std::string number(double v) const;                   // "91.24"
  std::string difference(double v) const;               // "+1.80"
  std::string interval(double low, double high) const;  // "[90.80, 91.68]", empty when unknown
  std::string difference_interval(double low, double high) const;  // "[-0.30, +2.70]"
};

// "[+1.70, +3.10]", or below kIntervalSeeds the range "(+1.90 to +2.80)"; empty when unknown.
std::string spread_text(const Decision& d, const MetricStyle& m);
// "[90.80, 91.68]", or "90.92 to 91.51".
std::string spread_text(const ResultRow& row, const MetricStyle& m);

MetricStyle style_of_metric(const std::string& metric);

// The metric that the summary's means are of, as opposed to the one that chose checkpoints; of a
// variant on a task (search/study/cell.h) that task's.
const std::string& reported_metric(const StudyFolder& r, std::string_view cell = {});

// How a variant's numbers are written: outcomes, or of a variant over all tasks mean scores.
MetricStyle style_of(const StudyFolder& r, std::string_view cell);

// What it is compared with: the baseline, on the same task.
std::string base_of(const StudyFolder& r, std::string_view cell);

std::string budget_text(const StudyFolder& r);  // "2.20 TFLOP", "2000 steps"

int64_t failed_or_open(const StudyFolder& r);  // runs without a result

// A ratio of times whose interval is wider than this says nothing.
inline constexpr double kNoisyRatio = 1.5;

// One sentence an entry: with tasks first each variant over all of them; each variant against the
// base, in what they differ, the budget, what it costs, what failed. The words of what
// search/verdict/decision.h decided.
std::vector<std::string> verdict(const StudyFolder& r);

// How outcomes become scores, "recall: test accuracy as it is; text: base's mean of 1.2345 over
// test loss".
std::string scoring_text(const StudyFolder& r);

// What the intervals and the claims rest on: the foot of every table.
std::string basis_text(const StudyFolder& r);
}  // namespace cambium
