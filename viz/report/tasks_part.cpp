// The report's part on a study's tasks: variants over all of them, and how their scores are spread.
#include <algorithm>
#include <cmath>

#include "search/study/cell.h"
#include "viz/plot/svg_plot.h"
#include "viz/plot/text.h"
#include "viz/plot/xy_plot.h"
#include "viz/report/report.h"
#include "viz/report/report_parts.h"
#include "viz/report/verdict.h"

namespace cambium {
namespace {
std::string interval_text(const std::optional<Interval>& i, const MetricStyle& m, bool difference) {
  if (!i) return {};
  return difference ? m.difference_interval(i->low, i->high) : m.interval(i->low, i->high);
}

std::string row_html(const StudyFolder& r, const AggregateRow& a, const MetricStyle& m) {
  const bool base = a.variant == r.study.baseline;
  const auto number = [&](double v) { return std::isfinite(v) ? m.number(v) : std::string("-"); };
  std::string out = str("<tr>", html("td", a.variant, "left"), "<td><b>", number(a.iqm), "</b> ",
                        html("span", interval_text(a.interval, m, false), "soft"), "</td>");
  out += html("td", number(a.mean)) + html("td", str(a.seeds));
  if (base) return out + "<td></td><td></td><td></td></tr>";
  out += str("<td>",
             html("strong", std::isfinite(a.iqm_difference) ? m.difference(a.iqm_difference) : "-"),
             " ", html("span", interval_text(a.iqm_difference_interval, m, true), "soft"), "</td>");
  out += html("td", std::isfinite(a.improvement) ? fixed(a.improvement, 2) : "-");
  const Claim claim = a.decision.claim;
  return out +
         html("td", name_of(claim),
              claim == Claim::kBetter  ? "good"
              : claim == Claim::kWorse ? "bad"
                                       : "open") +
         "</tr>";
}

// A share of runs stands still between their scores and falls at them.
void step(Band& band) {
  std::vector<double> x;
  for (std::vector<double>* y : {&band.mean, &band.low, &band.high}) {
    x = band.x;
    make_steps(x, *y, StepFirst::kAlongX);
  }
  band.x = std::move(x);
}

std::string profile_plot(const StudyFolder& r) {
  LinePlot plot{
      .title = "Performance profile", .x_label = "score (%)", .y_label = "runs above it (%)"};
  for (size_t v = 0; v < r.summary.aggregate.rows.size(); ++v) {
    const AggregateRow& a = r.summary.aggregate.rows[v];
    Series line{.name = a.variant, .colour = v};
    for (const ProfilePoint& p : a.profile) {
      line.band.x.push_back(100 * p.score);
      line.band.mean.push_back(100 * p.share);
      line.band.low.push_back(100 * std::min(p.share, p.interval.low));
      line.band.high.push_back(100 * std::max(p.share, p.interval.high));
    }
    step(line.band);
    if (!a.profile.empty()) plot.series.push_back(std::move(line));
  }
  return plot.series.empty() ? "" : line_plot(plot);
}
}  // namespace

std::string tasks_part(const StudyFolder& r) {
  const Aggregate& all = r.summary.aggregate;
  if (all.rows.empty()) return {};
  const MetricStyle m = style_of(r, {});
  std::string out = "<div class=\"wide\"><table><thead><tr>";
  for (const std::string& h :
       {std::string("model"), std::string("interquartile mean (%)"), std::string("mean (%)"),
        std::string("seeds"), str("difference to ", r.study.baseline, " (interquartile mean)"),
        std::string("chance to improve"), std::string("verdict")})
    out += str("<th scope=\"col\">", html("span", h), "</th>");
  out += "</tr></thead><tbody>";
  for (const AggregateRow& a : all.rows) out += row_html(r, a, m);
  out += "</tbody></table></div>";
  out += html("p",
              str("The mean of the middle half of all runs' scores on ", all.tasks.size(),
                  " tasks (Agarwal et al. 2021), from ", kIntervalSeeds,
                  " seeds on with the 95% interval of a bootstrap of the seeds within each task. "
                  "Scores are ",
                  scoring_text(r),
                  ". The verdict is of mean scores over the tasks, paired by seed; a failed run "
                  "scores 0."),
              "soft");
  const std::string profile = profile_plot(r);
  if (profile.empty()) return out;
  return out + "<figure class=\"plot\">" + profile + "</figure>\n" +
         html("p",
              "Profile: the share of a variant's runs that score above a value, the mean over "
              "tasks; bands are the bootstrap's 95% at each value.",
              "soft");
}

std::vector<Figure> study_figures(const StudyFolder& r) {
  const std::string profile = profile_plot(r);
  if (profile.empty()) return {};
  return {{"profile", "Over all tasks", profile}};
}
}  // namespace cambium
