#include "core/text/format.h"
#include "viz/plot/text.h"
#include "viz/report/report_parts.h"
#include "viz/report/verdict.h"
#include "viz/tuning/tried.h"

namespace cambium {
namespace {
std::string chosen_text(const TunedVariant& v) {
  std::string out;
  for (const TunedValue& c : v.chosen) out += str(out.empty() ? "" : ", ", c.path, " ", c.text);
  return out.empty() ? "-" : out;
}
}  // namespace

std::string tuning_part(const StudyFolder& r) {
  if (!r.tuning) return {};
  const Tuning& t = *r.tuning;
  const MetricStyle m = style_of_metric(t.metric);
  std::string out = html("p", str("Fair effort: ", effort_text(t), "."));
  for (const std::string& advice : edge_advice(t)) out += html("p", advice + ".", "open");
  std::vector<std::vector<std::string>> rows;
  for (const TunedVariant& v : t.variants) {
    const TunedTrial* best = v.best < 0 ? nullptr : &v.trials[size_t(v.best)];
    rows.push_back({v.name, chosen_text(v),
                    best && !best->values.empty() ? m.value(best->values.back()) : "-",
                    str(v.trials.size()), str(v.finished), str(v.failed), flops_text(v.flops)});
  }
  out += html_table(
      {"model", "chosen", m.name, "trials", "trained to the end", "failed", "FLOPs of all trials"},
      rows, 2);
  const std::string label = str(m.name, m.unit.empty() ? "" : " (" + m.unit + ")");
  return out + html_figures(tried_figures(tried_of(t, label, m.scale)), "Tuning");
}
}  // namespace cambium
