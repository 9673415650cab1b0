// The report's tables and lists.
#include <algorithm>
#include <cmath>

#include "search/results/results.h"
#include "search/study/cell.h"
#include "viz/plot/palette.h"
#include "viz/plot/text.h"
#include "viz/report/report_parts.h"
#include "viz/report/verdict.h"

namespace cambium {
namespace {
std::string cell(std::string_view text, std::string_view classes = "") {
  return html("td", text, classes);
}

std::string heading(std::string_view text) {
  return str("<th scope=\"col\">", escape_markup(text), "</th>");
}

std::string name_cell(const StudyFolder& r, const std::string& variant, bool base) {
  return str("<td class=\"left\"><span class=\"key k",
             r.study.place(variant) % kSeriesColours.size(), "\"></span>", html("strong", variant),
             base ? " <span class=\"soft\">base</span>" : "", "</td>");
}

std::string difference_cells(const StudyFolder& r, const ResultRow& row, const MetricStyle& m) {
  if (row.variant == base_of(r, row.variant)) return "<td></td><td></td><td></td>";
  const Decision& d = row.decision;
  const std::string_view classes = d.claim == Claim::kBetter  ? "good"
                                   : d.claim == Claim::kWorse ? "bad"
                                                              : "open";
  std::string out = "<td>-</td><td>-</td>";
  if (d.difference)
    out = str("<td>", html("strong", m.difference(d.difference->mean)), " ",
              html("span", spread_text(d, m), "soft"), "</td>",
              cell(fixed(d.claim == Claim::kEquivalent ? d.equivalence_p : d.p_value, 3)));
  std::string word(name_of(d.claim));
  if (d.within && d.claim != Claim::kEquivalent) word += ", within the least effect";
  if (d.claim == Claim::kCannotTell) word += str(": ", name_of(d.hindrance));
  return out + cell(word, classes);
}

// "5", or "3 of 5" when some failed.
std::string seeds_cell(const ResultRow& row) {
  if (row.failed == 0) return cell(str(row.n));
  return cell(str(row.n, " (", row.failed, " failed)"), "bad");
}

// "x1.24 [1.10, 1.40]" against the base.
std::string time_text(const StudyFolder& r, const ResultRow& row) {
  if (row.variant == base_of(r, row.variant)) return {};
  if (!row.time_ratio || !row.time_ratio->interval) return "too few runs to compare";
  const Interval& ratio = *row.time_ratio->interval;
  const std::string interval = str("[", fixed(ratio.low, 2), ", ", fixed(ratio.high, 2), "]");
  if (ratio.high / ratio.low > kNoisyRatio) return str("too noisy to say: ", interval);
  return str(kTimes, fixed(row.time_ratio->ratio, 2), " ", interval);
}

std::string time_cell(const StudyFolder& r, const ResultRow& row) {
  if (row.n == 0) return cell("-");
  return str("<td>", html("span", milliseconds(row.step_ms)), "<br>",
             html("small", time_text(r, row), "soft"), "</td>");
}

double value_or_nan(const std::optional<RunScores>& scores, const std::string& key) {
  const double* value = scores ? scores->find(key) : nullptr;
  return value ? *value : NAN;
}

// What is not known of a run is written as such.
double known(int64_t value) {
  return value < 0 ? NAN : double(value);
}

// What chose the run's weights.
const std::string& selecting_metric(const StudyFolder& r, std::string_view cell) {
  const auto task = std::ranges::find(r.study.tasks, task_of(cell), &DescribedTask::name);
  return task == r.study.tasks.end() ? r.study.metric : task->metric;
}

std::string term(std::string_view name, std::string_view text) {
  return text.empty() ? "" : html("dt", name) + html("dd", text);
}
}  // namespace

std::string results_table(const StudyFolder& r) {
  MetricStyle m = style_of_metric(reported_metric(r));
  if (!r.study.tasks.empty()) m.name = "outcome", m.unit = "";
  std::string out = "<div class=\"wide\"><table><thead><tr>";
  for (const std::string& h :
       {std::string("model"), str(m.name, m.unit.empty() ? "" : str(" (", m.unit, ")")),
        std::string("seeds"), str("difference to ", r.study.baseline), std::string("p"),
        std::string("verdict"), std::string("parameters"), std::string("FLOPs a run"),
        std::string("a step"), std::string("peak memory")})
    out += heading(h);
  out += "</tr></thead><tbody>";
  for (const ResultRow& row : r.summary.rows) {
    m = style_of(r, row.variant);
    out += str("<tr>", name_cell(r, row.variant, row.variant == base_of(r, row.variant)));
    out += str("<td><b>", m.number(row.mean), "</b> ", html("span", spread_text(row, m), "soft"));
    if (row.bootstrap)
      out +=
          str("<br>",
              html("small", str("bootstrap ", m.interval(row.bootstrap->low, row.bootstrap->high)),
                   "soft"));
    out += str("</td>", seeds_cell(row), difference_cells(r, row, m));
    out += cell(compact(double(row.parameters))) + cell(row.n > 0 ? compact(row.flops) : "-");
    out += time_cell(r, row) + cell(row.n > 0 ? memory_text(double(row.peak_bytes)) : "-");
    out += "</tr>";
  }
  return str(
      out, "</tbody></table></div>",
      html("p",
           str("Mean over seeds with its interval or range; differences are paired by seed. ",
               basis_text(r), " Checkpoints were chosen by ",
               r.study.tasks.empty() ? style_of_metric(r.study.metric).name
                                     : std::string("each task's metric on validation data"),
               "."),
           "soft"));
}

std::string settings_table(const StudyFolder& r) {
  if (r.summary.settings.empty()) return {};
  std::string out = str("<div class=\"wide\"><table><thead><tr>", heading("setting"));
  for (const DescribedVariant& v : r.study.variants) out += heading(v.name);
  out += "</tr></thead><tbody>";
  for (const DifferingSetting& s : r.summary.settings) {
    out += str("<tr>", cell(s.path, "left"));
    for (const std::string& value : s.values) out += cell(value);
    out += "</tr>";
  }
  return out + "</tbody></table></div>";
}

std::string audit_table(const StudyFolder& r) {
  if (r.summary.audit.empty()) return {};
  std::string out = "<div class=\"wide\"><table><thead><tr>";
  for (const std::string_view h :
       {"model", "finished runs", "steps", "examples", "FLOPs", "of them products", "the rest",
        "seconds of steps", "evaluation, not counted", "of the FLOPs"})
    out += heading(h);
  out += "</tr></thead><tbody>";
  for (const BudgetLine& a : r.summary.audit) {
    out +=
        str("<tr>", name_cell(r, a.variant, a.variant == base_of(r, a.variant)), cell(str(a.runs)));
    if (a.runs == 0) {
      for (int i = 0; i < 8; ++i) out += cell("-");
    } else {
      out += cell(fixed(a.steps, 0)) + cell(compact(a.samples)) + cell(compact(a.flops));
      out += cell(compact(a.products)) + cell(compact(a.flops - a.products));
      out += cell(fixed(a.seconds, 1)) + cell(compact(a.evaluation_flops));
      out += cell(str(fixed(100 * a.evaluation_share(), 1), "%"));
    }
    out += "</tr>";
  }
  return str(
      out, "</tbody></table></div>",
      html("p",
           "Means of a finished run; runs that failed or were stopped do not count. FLOPs are "
           "those that the mathematics needs, not what a kernel computes again: "
           "docs/flops.md. No budget counts the evaluations.",
           "soft"));
}

std::string failures_part(const StudyFolder& r) {
  std::string out;
  for (const RunRecord& run : r.runs)
    if (run.failed())
      out +=
          html("div",
               str(run.variant, ", seed ", run.seed, ": ", run.status, " after ",
                   fixed(known(run.steps), 0), " steps", run.error.empty() ? "" : ": ", run.error),
               "failure");
  for (const std::string& problem : r.problems) out += html("div", problem, "failure");
  if (!r.trouble.empty()) out += html("div", str("no rows: ", r.trouble), "failure");
  const int64_t open = failed_or_open(r) - r.failed_runs();
  if (out.empty()) out = html("p", open == 0 ? "None: every run finished." : "None.");
  for (const RunRecord& run : r.runs)
    if (!run.other_length.empty())
      out += html("p", str(run.variant, ", seed ", run.seed, ": ", run.other_length), "soft");
  if (open == 0) return out;
  return out + html("p",
                    str(open, open == 1 ? " run has" : " runs have",
                        " not ended; all runs are listed below."),
                    "soft");
}

std::string runs_table(const StudyFolder& r) {
  const bool tasks = !r.study.tasks.empty();
  MetricStyle chosen = style_of_metric(r.study.metric), shown = style_of_metric(reported_metric(r));
  const bool tested = reported_metric(r) != r.study.metric || tasks;
  std::string out = "<details><summary>All runs</summary><div class=\"wide\"><table><thead><tr>";
  for (const std::string& h :
       {std::string("model"), std::string("seed"), std::string("status"), std::string("steps"),
        std::string("best step"), tasks ? std::string("best validation") : "best " + chosen.name,
        !tested ? std::string()
        : tasks ? std::string("outcome")
                : shown.name,
        std::string("FLOPs"), std::string("seconds"), std::string("ms a step"),
        std::string("peak memory"), std::string("predicted")})
    if (!h.empty()) out += heading(h);
  out += "</tr></thead><tbody>";
  for (const RunRecord& run : r.runs) {
    out += str("<tr>", name_cell(r, run.variant, false), cell(str(run.seed)));
    out += cell(run.status, run.done() ? "" : "bad") + cell(fixed(known(run.steps), 0));
    out += cell(fixed(run.best ? known(run.best->step) : NAN, 0));
    const std::string &metric = selecting_metric(r, run.variant),
                      &reported = reported_metric(r, run.variant);
    chosen = style_of_metric(metric);
    shown = style_of_metric(reported);
    out += cell(chosen.value(value_or_nan(run.best, metric)));
    if (tested)
      out += cell(shown.value(value_or_nan(metric == reported ? run.best : run.test, reported)));
    out += cell(compact(run.flops)) + cell(fixed(run.seconds, 1));
    out += cell(fixed(run.step_ms, run.step_ms < 1 ? 3 : 1)) +
           cell(memory_text(known(run.peak_bytes)));
    out += cell(memory_text(known(run.predicted_bytes))) + "</tr>";
  }
  return out + "</tbody></table></div></details>";
}

std::string reproduction_part(const StudyFolder& r) {
  std::string seeds;
  for (int64_t s : r.study.seeds) seeds += str(seeds.empty() ? "" : ", ", s);
  std::string out = "<dl>";
  out +=
      term("cambium", r.study.version) + term("date", r.study.created) + term("spec", r.study.spec);
  out += term("seeds", seeds);
  out += term("budget a run",
              r.study.has_budget ? budget_text(r) : "none: each trains as its spec says");
  for (const auto& [key, value] : r.study.machine) out += term(key, value);
  for (const DescribedVariant& v : r.study.variants)
    if (!v.spec_hash.empty()) out += term("spec of " + v.name, "hash " + v.spec_hash);
  out += "</dl>";
  if (!r.study.command.empty())
    out += html("p", "The same study again, same bits on the same machine and build:") +
           html("pre", r.study.command);
  return out;
}
}  // namespace cambium
