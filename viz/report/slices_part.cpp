// The report's part on slices of the held-out data, such as the sources of a corpus.
#include <algorithm>
#include <cmath>

#include "search/results/slice_losses.h"
#include "search/study/cell.h"
#include "viz/plot/svg_plot.h"
#include "viz/plot/text.h"
#include "viz/report/curves.h"
#include "viz/report/report_parts.h"

namespace cambium {
namespace {
std::string slice_cell(const SliceLoss& c) {
  if (c.n == 0) return html("td", "-");
  std::string difference = c.own ? "of its own held-out text or symbols" : "";
  if (c.difference) {
    const PairedDifference& d = *c.difference;
    const bool interval = d.n >= kIntervalSeeds;
    const Interval& shown = interval ? d.interval : d.range;
    difference = str(signed_fixed(d.mean, 4), interval ? " [" : " (", signed_fixed(shown.low, 4),
                     interval ? ", " : " to ", signed_fixed(shown.high, 4), interval ? "]" : ")");
  }
  return str("<td><b>", fixed(c.mean, 4), "</b><br>", html("small", difference, "soft"), "</td>");
}

std::string slice_table(const StudyFolder& r, const std::vector<SliceRow>& rows) {
  std::string out = "<div class=\"wide\"><table><thead><tr><th scope=\"col\">loss of</th>";
  for (const DescribedVariant& v : r.study.variants)
    out += str("<th scope=\"col\">", escape_markup(v.name), "</th>");
  out += "</tr></thead><tbody>";
  for (const SliceRow& row : rows) {
    out += "<tr>" + html("td", slice_of_metric(row.metric), "left");
    for (const SliceLoss& c : row.cells) out += slice_cell(c);
    out += "</tr>";
  }
  return out + "</tbody></table></div>";
}

// What the evaluations on the way logged.
std::vector<std::string> logged_slices(const StudyFolder& r) {
  std::vector<std::string> keys;
  for (const RunOfStudy& run : r.runs)
    for (const LogPoint& p : run.log)
      for (const auto& [key, value] : p.values)
        if (!slice_of_metric(key).empty() && !std::ranges::count(keys, key)) keys.push_back(key);
  return keys;
}
}  // namespace

std::string slices_part(const StudyFolder& r) {
  const std::vector<SliceRow> rows = slice_losses(r);
  const std::vector<std::string> keys = logged_slices(r);
  if (rows.empty() && keys.empty()) return {};
  std::string out = rows.empty() ? "" : slice_table(r, rows);
  out += html("p",
              str("Mean over seeds of the best weights; below it the difference to the baseline, "
                  "paired by seed, with its 95% interval from ",
                  kIntervalSeeds, " seeds on, else its range. Nothing here is corrected for the ",
                  "number of slices."),
              "soft");
  out += "<div class=\"grid\">";
  for (const std::string& key : keys) {
    LinePlot plot{.title = str("loss of ", slice_of_metric(key)),
                  .x_label = "training steps",
                  .y_label = "validation loss",
                  .series = series_of(r, key, Horizontal::kSteps, 1)};
    if (!plot.series.empty()) out += html_figure(line_plot(plot));
  }
  return out + "</div>";
}
}  // namespace cambium
