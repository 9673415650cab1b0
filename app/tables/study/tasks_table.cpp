#include "app/tables/study/tasks_table.h"

#include <cmath>

#include "app/tables/table.h"
#include "core/text/utf8.h"
#include "viz/plot/text.h"
#include "viz/report/verdict.h"

namespace cambium {
namespace {
std::string with_interval(const std::string& number, const std::string& interval) {
  return interval.empty() ? number : str(number, " ", interval);
}

std::vector<std::string> cells_of(const AggregateRow& a, bool base, const MetricStyle& m) {
  const auto number = [&](double v) { return std::isfinite(v) ? m.number(v) : std::string("-"); };
  std::string difference = base ? "base" : "-";
  if (!base && std::isfinite(a.iqm_difference))
    difference = with_interval(
        m.difference(a.iqm_difference),
        a.iqm_difference_interval
            ? m.difference_interval(a.iqm_difference_interval->low, a.iqm_difference_interval->high)
            : "");
  return {
      printable(a.variant),
      with_interval(number(a.iqm), a.interval ? m.interval(a.interval->low, a.interval->high) : ""),
      number(a.mean),
      difference,
      std::isfinite(a.improvement) ? fixed(a.improvement, 2) : "-",
      base ? "" : std::string(name_of(a.decision.claim)),
      str(a.seeds)};
}
}  // namespace

std::string tasks_table(const StudyFolder& r) {
  const Aggregate& all = r.summary.aggregate;
  if (all.rows.empty()) return {};
  const MetricStyle m = style_of(r, {});
  Table table({2, 4, 6});
  table.row({str("over ", all.tasks.size(), " tasks"), "interquartile mean (%)", "mean",
             "difference", "improves", "verdict", "seeds"});
  for (const AggregateRow& a : all.rows) table.row(cells_of(a, a.variant == r.study.baseline, m));
  return str("\n", table.text(), "scores: ", printable(scoring_text(r)), "\n");
}
}  // namespace cambium
