#include "viz/report/report.h"

#include <algorithm>
#include <cmath>

#include "search/study/cell.h"
#include "train/run/metrics.h"
#include "viz/plot/palette.h"
#include "viz/plot/svg_plot.h"
#include "viz/plot/text.h"
#include "viz/report/curves.h"
#include "viz/report/model_pictures.h"
#include "viz/report/report_parts.h"
#include "viz/report/verdict.h"

namespace cambium {
namespace {
double run_value(const RunRecord& run, const std::string& metric) {
  for (const auto* scores : {&run.test, &run.best, &run.final})
    if (const double* value = *scores ? (*scores)->find(metric) : nullptr) return *value;
  return NAN;
}

std::string header(const StudyFolder& r) {
  const size_t finished =
      size_t(std::ranges::count_if(r.runs, [](const RunRecord& run) { return run.done(); }));
  std::string facts = str(r.study.variants.size(), " models, ", finished, " finished runs");
  if (!r.study.budget_kind.empty())
    facts += r.summary.budget.common ? str(", ", budget_text(r), " each") : ", no common budget";
  if (!r.study.created.empty()) facts += str(", ", r.study.created);
  if (const std::string open = unfinished_text(r); !open.empty()) facts += ", " + open;
  return html_header(r.study.name, facts, verdict(r));
}

std::string budget_unit(const StudyFolder& r) {
  if (r.study.budget_kind == "flops") return "FLOPs spent";
  return r.study.budget_kind.empty() ? "spent" : r.study.budget_kind + " spent";
}

// Which domains occur, so that the legend explains no more than it must.
std::string legend() {
  std::string out = "<div class=\"legend\">";
  for (Tint t :
       {Tint::kGrid, Tint::kTokens, Tint::kGraph, Tint::kVector, Tint::kAdapter, Tint::kReorder}) {
    const TintStyle s = style_of(t);
    out += str("<span><span class=\"key sw-", s.name, "\"></span>", escape_markup(s.meaning),
               "</span>");
  }
  out += "<span><span class=\"key sw-line\"></span>residual or skip</span>";
  return out + html("span", str(kTimes, "n: n equal neighbours, drawn once")) + "</div>";
}
}  // namespace

namespace {
// "" where the study has none.
std::vector<std::string> tasks_of(const StudyFolder& r) {
  std::vector<std::string> out;
  for (const DescribedTask& t : r.study.tasks) out.push_back(t.name);
  if (out.empty()) out.emplace_back();
  return out;
}

std::string on_task(const std::string& task) {
  return task.empty() ? "" : " on " + task;
}

// The outcomes of a task's rows, and their differences to the baseline's.
std::string interval_plots_of(const StudyFolder& r, const std::string& task) {
  const auto is_few = [](const ResultRow& row) { return row.n > 0 && row.n < kIntervalSeeds; };
  const bool few = std::ranges::any_of(r.summary.rows, is_few);
  const std::string& metric = reported_metric(r, cell_name("", task));
  const MetricStyle m = style_of_metric(metric);
  const bool maximize = higher_is_better(metric);
  IntervalPlot values{.title = str(few ? "Every seed, their mean and their range"
                                       : "Every seed, and the mean with its 95% interval if normal",
                                   on_task(task)),
                      .x_label = str(m.name, m.unit.empty() ? "" : " (" + m.unit + ")")};
  IntervalPlot differences{
      .title = str("Paired difference to ", cell_name(r.study.baseline, task)),
      .x_label = str("difference of ", m.name, m.step.empty() ? "" : " (points)"),
      .zero_line = true,
      .below_zero = maximize ? "worse" : "better",
      .above_zero = maximize ? "better" : "worse"};
  for (const ResultRow& row : r.summary.rows) {
    if (row.n == 0 || task_of(row.variant) != task) continue;
    const Interval shown_range =
        row.n < kIntervalSeeds ? row.range : row.interval.value_or(Interval{NAN, NAN});
    IntervalRow value{row.variant,
                      m.value(row.mean),
                      r.study.place(row.variant),
                      m.scale * row.mean,
                      m.scale * shown_range.low,
                      m.scale * shown_range.high,
                      {}};
    for (const RunRecord& run : r.runs)
      if (run.variant == row.variant && run.done())
        value.points.push_back(m.scale * run_value(run, metric));
    values.rows.push_back(std::move(value));
    if (row.variant == base_of(r, row.variant) || !row.decision.difference) continue;
    const PairedDifference& d = *row.decision.difference;
    const Interval& shown = row.decision.has_interval() ? d.interval : d.range;
    differences.rows.push_back({row.variant,
                                str(m.difference(d.mean), " ", spread_text(row.decision, m)),
                                r.study.place(row.variant),
                                m.scale * d.mean,
                                m.scale * shown.low,
                                m.scale * shown.high,
                                {}});
  }
  return html_figure(interval_plot(values)) +
         (differences.rows.empty() ? "" : html_figure(interval_plot(differences)));
}

std::string curve_plots_of(const StudyFolder& r, const std::string& task) {
  const auto described = std::ranges::find(r.study.tasks, task, &DescribedTask::name);
  const std::string& chosen = described == r.study.tasks.end() ? r.study.metric : described->metric;
  std::string out;
  for (const std::string& key : {chosen, std::string("train.loss")}) {
    const MetricStyle m = style_of_metric(key);
    for (Horizontal x : {Horizontal::kSteps, Horizontal::kFlops}) {
      LinePlot plot{
          .title = str(m.name, x == Horizontal::kSteps ? " by step" : " by compute", on_task(task)),
          .x_label = x == Horizontal::kSteps ? "training steps" : "training FLOPs",
          .y_label = str(m.name, m.unit.empty() ? "" : " (" + m.unit + ")"),
          .series = series_of(r, key, x, m.scale)};
      std::erase_if(plot.series, [&](const Series& s) { return task_of(s.name) != task; });
      if (!plot.series.empty()) out += html_figure(line_plot(plot));
    }
  }
  return out;
}
}  // namespace

std::string interval_plots(const StudyFolder& r) {
  std::string out = "<div class=\"grid\">";
  for (const std::string& task : tasks_of(r)) out += interval_plots_of(r, task);
  return out + "</div>";
}

std::string curve_plots(const StudyFolder& r) {
  std::string out = "<div class=\"grid\">";
  for (const std::string& task : tasks_of(r)) out += curve_plots_of(r, task);
  return str(out, "</div>",
             html("p",
                  str("Thick: mean over seeds; band: lowest to highest seed; thin: each seed. "
                      "Lines of more than ",
                      kMostCurvePoints, " points show means of equal stretches."),
                  "soft"));
}

std::string budget_part(const StudyFolder& r) {
  BarPlot plot{.title = "Budget: spent (bar) against planned (mark)", .x_label = budget_unit(r)};
  for (const BudgetLine& a : r.summary.audit)
    if (a.runs > 0)
      plot.rows.push_back({a.variant,
                           str(compact(a.spent), " of ", compact(a.planned), ", ",
                               signed_fixed(100 * a.deviation(), 2), "%"),
                           r.study.place(a.variant), a.spent, a.planned});
  BarPlot time{.title = "Cost of a training step", .x_label = "milliseconds (median)"};
  for (const ResultRow& row : r.summary.rows)
    if (row.n > 0 && std::isfinite(row.step_ms))
      time.rows.push_back(
          {row.variant, str(milliseconds(row.step_ms), ", ", memory_text(double(row.peak_bytes))),
           r.study.place(row.variant), row.step_ms, 0});
  std::string out = "<div class=\"grid\">";
  if (!plot.rows.empty()) out += html_figure(bar_plot(plot));
  if (!time.rows.empty()) out += html_figure(bar_plot(time));
  return out + "</div>" + audit_table(r);
}

std::string models_part(const StudyFolder& r, std::span<const InlinePicture> pictures) {
  std::string out = legend() + "<div class=\"models\">";
  for (size_t i = 0; i < r.study.variants.size(); ++i) {
    const DescribedVariant& v = r.study.variants[i];
    const InlinePicture picture = i < pictures.size() ? pictures[i] : InlinePicture();
    out += "<article class=\"model\">" + html("h3", v.name);
    out += html("p",
                str(compact(v.parameters < 0 ? NAN : double(v.parameters)), " parameters, ",
                    flops_text(v.forward_flops), " forward an example",
                    v.domains.empty() ? "" : ", ", v.domains,
                    v.state_bytes > 0 ? str(", ", memory_text(double(v.state_bytes)),
                                            " of state to generate a sequence")
                                      : ""),
                "soft");
    out += picture.svg.empty()
               ? html("p",
                      picture.problem.empty() ? "No picture of this model."
                                              : str("No picture of this model: ", picture.problem),
                      "soft")
               : str("<div class=\"wide\">", picture.svg, "</div>");
    if (!v.spec_yaml.empty())
      out += str("<details><summary>spec</summary>", html("pre", v.spec_yaml), "</details>");
    out += "</article>";
  }
  return out + "</div>";
}

std::string html_report(const StudyFolder& r, std::span<const InlinePicture> pictures) {
  std::string out = header(r);
  out += html_section("Over all tasks", tasks_part(r));
  out += html_section("Results", results_table(r) + interval_plots(r));
  out += html_section("What the models differ in", settings_table(r));
  out += html_section("Tuning", tuning_part(r));
  out += html_section("Learning curves", curve_plots(r));
  out += html_section("Losses by source", slices_part(r));
  out += html_section("Budget and cost", budget_part(r));
  out += html_section("Models", models_part(r, pictures));
  out += html_section("Failures", failures_part(r));
  out += html_section("Runs", runs_table(r));
  out += html_section("Reproduce", reproduction_part(r));
  return html_page(str(r.study.name, ": cambium study"), out);
}
}  // namespace cambium
