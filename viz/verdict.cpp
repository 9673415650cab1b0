#include "viz/verdict.h"

#include <algorithm>
#include <cmath>

#include "core/suggest.h"
#include "train/metrics.h"
#include "viz/text.h"

namespace cambium {
namespace {
std::string p_text(double p) {
  if (!std::isfinite(p)) return "";
  return p < 0.001 ? "p < 0.001" : str("p = ", fixed(p, p < 0.01 ? 3 : 2));
}

std::string half_width(const MetricStyle& m, double low, double high) {
  return m.number((high - low) / 2);
}

std::string against_base(const StudyResults& r, const SummaryRow& row, const MetricStyle& m) {
  const std::string gap = str(m.number(std::abs(row.diff_mean)), " ", kPlusMinus, " ",
                              half_width(m, row.diff_low, row.diff_high), m.step);
  switch (outcome_of(r, row)) {
    case Outcome::kBetter:
      return str(row.variant, " beats ", r.base, " by ", gap, " of ", m.name, " (",
                 p_text(row.p_value), ").");
    case Outcome::kWorse:
      return str(row.variant, " falls behind ", r.base, " by ", gap, " of ", m.name, " (",
                 p_text(row.p_value), ").");
    case Outcome::kUndecided: {
      std::string out =
          str(row.variant, " is undecided against ", r.base, ": ", m.difference(row.diff_mean),
              m.step, " of ", m.name, ", ", m.difference_interval(row.diff_low, row.diff_high));
      if (const std::string p = p_text(row.p_value); !p.empty()) out += str(" (", p, ")");
      if (row.seeds_needed > double(row.n))
        out += str("; about ", fixed(row.seeds_needed, 0),
                   " seeds would tell a difference of this size");
      return out + ".";
    }
    case Outcome::kUnknown:
      break;
  }
  return str(row.variant, " cannot be compared with ", r.base, ": ",
             row.n < 2 ? str("only ", row.n, row.n == 1 ? " seed" : " seeds", " of it finished")
                       : "there are not two seeds that both finished",
             ".");
}

std::string budget_sentence(const StudyResults& r) {
  if (r.audit.empty()) return {};
  double most = 0;
  for (const AuditRow& a : r.audit)
    if (std::isfinite(a.deviation)) most = std::max(most, std::abs(a.deviation));
  return str("Every run had the same budget of ", budget_text(r),
             "; the largest departure from it is ", fixed(100 * most, most < 0.001 ? 2 : 1), "%.");
}

std::string cost_sentence(const StudyResults& r) {
  const SummaryRow* base = r.row(r.base);
  if (!base || !(base->step_ms > 0)) return {};
  std::vector<std::string> parts, noisy;
  for (const SummaryRow& row : r.summary) {
    if (row.variant == r.base || !(row.step_ms > 0)) continue;
    if (row.is_time_clear())
      parts.push_back(str(row.variant, " takes ", fixed(row.time_ratio, 2), kTimes, " [",
                          fixed(row.time_low, 2), ", ", fixed(row.time_high, 2), "]"));
    else
      noisy.push_back(row.variant);
  }
  std::string out;
  if (!parts.empty())
    out = str("A training step of ", join_names(parts), " the time of ", r.base, " (",
              fixed(base->step_ms, 1), " ms). ");
  if (!noisy.empty())
    out += str("Whether a step of ", join_names(noisy), " takes longer than one of ", r.base,
               ", the times are too noisy to say.");
  return out;
}

std::string failure_sentence(const StudyResults& r) {
  const auto bad = std::ranges::count_if(r.runs, [](const RunRecord& run) { return !run.done(); }) +
                   std::ptrdiff_t(r.problems.size());
  if (bad == 0) return {};
  return str(bad, bad == 1 ? " run" : " runs", " of ", r.runs.size() + r.problems.size(),
             " did not finish; they are listed below.");
}
}  // namespace

std::string MetricStyle::number(double v) const {
  return fixed(scale * v, digits);
}

std::string MetricStyle::difference(double v) const {
  return signed_fixed(scale * v, digits);
}

std::string MetricStyle::interval(double low, double high) const {
  if (!std::isfinite(low) || !std::isfinite(high)) return {};
  return str("[", number(low), ", ", number(high), "]");
}

std::string MetricStyle::difference_interval(double low, double high) const {
  if (!std::isfinite(low) || !std::isfinite(high)) return {};
  return str("[", difference(low), ", ", difference(high), "]");
}

std::string budget_text(const StudyResults& r) {
  if (r.budget_kind == "flops") return flops_text(r.budget);
  return str(compact(r.budget), " ", r.budget_kind);
}

MetricStyle style_of_metric(const std::string& metric) {
  const size_t dot = metric.find('.');
  std::string split = metric.substr(0, dot);
  if (split == "val") split = "validation";
  if (split == "train") split = "training";
  MetricStyle m;
  m.name = dot == std::string::npos ? metric : str(split, " ", metric.substr(dot + 1));
  if (is_share(metric))
    m = {.name = m.name, .unit = "%", .step = " points", .scale = 100, .digits = 2};
  return m;
}

const std::string& reported_metric(const StudyResults& r) {
  return r.reported.empty() ? r.metric : r.reported;
}

Outcome outcome_of(const StudyResults& r, const SummaryRow& row) {
  if (!std::isfinite(row.diff_low) || !std::isfinite(row.diff_high)) return Outcome::kUnknown;
  const bool above = row.diff_low > 0, below = row.diff_high < 0;
  const bool sure = std::isnan(row.p_value) || row.p_value < 0.05;
  if (!sure || (!above && !below)) return Outcome::kUndecided;
  return above == r.maximise ? Outcome::kBetter : Outcome::kWorse;
}

std::vector<std::string> verdict(const StudyResults& r) {
  const MetricStyle m = style_of_metric(reported_metric(r));
  std::vector<std::string> out;
  for (Outcome o : {Outcome::kBetter, Outcome::kWorse, Outcome::kUndecided, Outcome::kUnknown})
    for (const SummaryRow& row : r.summary)
      if (row.variant != r.base && outcome_of(r, row) == o) out.push_back(against_base(r, row, m));
  for (std::string sentence : {budget_sentence(r), cost_sentence(r), failure_sentence(r)})
    if (!sentence.empty()) out.push_back(std::move(sentence));
  return out;
}
}  // namespace cambium
