// How a study's numbers are written: by the metric, and with tasks by each one's.
#include <cmath>

#include "search/study/cell.h"
#include "train/run/metrics.h"
#include "viz/plot/text.h"
#include "viz/report/verdict_parts.h"

namespace cambium {
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

std::string spread_text(const Decision& d, const MetricStyle& m) {
  if (!d.difference) return {};
  const PairedDifference& p = *d.difference;
  if (d.has_interval()) return m.difference_interval(p.interval.low, p.interval.high);
  if (!std::isfinite(p.range.low)) return {};
  return str("(", m.difference(p.range.low), " to ", m.difference(p.range.high), ")");
}

std::string spread_text(const ResultRow& row, const MetricStyle& m) {
  if (row.n >= kIntervalSeeds)
    return row.interval ? m.interval(row.interval->low, row.interval->high) : "";
  if (row.n < 2 || !std::isfinite(row.range.low)) return {};
  return str(m.number(row.range.low), " to ", m.number(row.range.high));
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

const std::string& reported_metric(const StudyFolder& r, std::string_view cell) {
  const TaskSummary* task = r.summary.aggregate.task(task_of(cell));
  if (task && !task->metric.empty()) return task->metric;
  return r.summary.metric.empty() ? r.study.metric : r.summary.metric;
}

MetricStyle style_of(const StudyFolder& r, std::string_view cell) {
  const size_t tasks = r.summary.aggregate.tasks.size();
  if (tasks == 0 || !task_of(cell).empty()) return style_of_metric(reported_metric(r, cell));
  return {.name = str("mean score over ", counted(int64_t(tasks), "task")),
          .unit = "%",
          .step = " points",
          .scale = 100,
          .digits = 2};
}

std::string base_of(const StudyFolder& r, std::string_view cell) {
  return on_task_of(cell, r.study.baseline);
}

std::string scoring_text(const StudyFolder& r) {
  std::string out;
  for (const TaskSummary& t : r.summary.aggregate.tasks) {
    const MetricStyle m = style_of_metric(t.metric);
    const std::string how =
        t.scoring == Scoring::kRatio
            ? str(r.study.baseline, "'s mean of ", m.number(t.baseline), " over ", m.name)
        : t.scoring == Scoring::kComplement ? "1 less " + m.name
                                            : m.name + " as it is";
    out += str(out.empty() ? "" : "; ", t.name, ": ", how);
  }
  return out;
}
}  // namespace cambium
