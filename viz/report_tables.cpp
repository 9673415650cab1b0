// The report's tables and lists.
#include <algorithm>
#include <cmath>

#include "viz/palette.h"
#include "viz/report_parts.h"
#include "viz/text.h"
#include "viz/verdict.h"

namespace cambium {
namespace {
std::string cell(std::string_view text, std::string_view classes = "") {
  return html("td", text, classes);
}

std::string heading(std::string_view text) {
  return str("<th scope=\"col\">", escape_markup(text), "</th>");
}

std::string name_cell(const StudyResults& r, const std::string& variant, bool base) {
  return str("<td class=\"left\"><span class=\"key k", r.place(variant) % kSeriesColours.size(),
             "\"></span>", html("strong", variant), base ? " <span class=\"soft\">base</span>" : "",
             "</td>");
}

std::string difference_cells(const StudyResults& r, const SummaryRow& row, const MetricStyle& m) {
  if (row.variant == r.base) return "<td></td><td></td><td></td>";
  constexpr std::string_view words[] = {"better", "worse", "undecided", "unknown"};
  constexpr std::string_view classes[] = {"good", "bad", "open", "soft"};
  const size_t o = size_t(outcome_of(r, row));
  std::string out =
      str("<td>", html("strong", m.difference(row.diff_mean)), " ",
          html("span", m.difference_interval(row.diff_low, row.diff_high), "soft"), "</td>");
  out += cell(std::isnan(row.p_value) ? "-" : fixed(row.p_value, 3));
  std::string word(words[o]);
  if (outcome_of(r, row) == Outcome::kUndecided && row.seeds_needed > double(row.n))
    word += str(", needs ~", fixed(row.seeds_needed, 0), " seeds");
  return out + cell(word, classes[o]);
}

// "x1.24 [1.10, 1.40]" against the base.
std::string time_text(const StudyResults& r, const SummaryRow& row) {
  if (row.variant == r.base) return {};
  if (!std::isfinite(row.time_low)) return "too few runs to compare";
  const std::string interval = str("[", fixed(row.time_low, 2), ", ", fixed(row.time_high, 2), "]");
  if (!row.is_time_clear()) return str("too noisy to say: ", interval);
  return str(kTimes, fixed(row.time_ratio, 2), " ", interval);
}

double value_or_nan(const std::map<std::string, double>& values, const std::string& key) {
  const auto it = values.find(key);
  return it == values.end() ? NAN : it->second;
}

std::string term(std::string_view name, std::string_view text) {
  return text.empty() ? "" : html("dt", name) + html("dd", text);
}
}  // namespace

std::string html(std::string_view element, std::string_view text, std::string_view classes) {
  const std::string attribute = classes.empty() ? "" : str(" class=\"", classes, "\"");
  return str("<", element, attribute, ">", escape_markup(text), "</", element, ">");
}

std::string results_table(const StudyResults& r) {
  const MetricStyle m = style_of_metric(reported_metric(r));
  std::string out = "<div class=\"wide\"><table><thead><tr>";
  for (const std::string& h :
       {std::string("model"), str(m.name, m.unit.empty() ? "" : str(" (", m.unit, ")")),
        std::string("seeds"), str("difference to ", r.base), std::string("p"),
        std::string("verdict"), std::string("parameters"), std::string("FLOPs a run"),
        std::string("ms a step"), std::string("peak memory")})
    out += heading(h);
  out += "</tr></thead><tbody>";
  for (const SummaryRow& row : r.summary) {
    out += str("<tr>", name_cell(r, row.variant, row.variant == r.base));
    out += str("<td><b>", m.number(row.mean), "</b> ",
               html("span", m.interval(row.ci_low, row.ci_high), "soft"), "<br>",
               html("small", m.interval(row.boot_low, row.boot_high), "soft"), "</td>");
    out += cell(str(row.n)) + difference_cells(r, row, m);
    out += cell(compact(row.parameters)) + cell(compact(row.flops));
    out += str("<td>", html("span", fixed(row.step_ms, 1)), "<br>",
               html("small", time_text(r, row), "soft"), "</td>");
    out += cell(memory_text(row.peak_bytes)) + "</tr>";
  }
  return str(out, "</tbody></table></div>",
             html("p",
                  str("Mean over seeds with its 95% t interval, the bootstrap interval below it. "
                      "Differences are paired by seed, p is corrected after Holm. Checkpoints were "
                      "chosen by ",
                      style_of_metric(r.metric).name, "."),
                  "soft"));
}

std::string audit_table(const StudyResults& r) {
  if (r.audit.empty()) return {};
  std::string out = "<div class=\"wide\"><table><thead><tr>";
  for (const std::string_view h :
       {"model", "steps", "samples", "FLOPs", "of them products", "the rest", "seconds of steps",
        "evaluation, not counted", "of the FLOPs"})
    out += heading(h);
  out += "</tr></thead><tbody>";
  for (const AuditRow& a : r.audit) {
    out += str("<tr>", name_cell(r, a.variant, a.variant == r.base));
    out += cell(compact(a.steps)) + cell(compact(a.samples)) + cell(compact(a.flops));
    out += cell(compact(a.products)) + cell(compact(a.flops - a.products));
    out += cell(fixed(a.seconds, 1)) + cell(compact(a.evaluation_flops));
    out += cell(str(fixed(100 * a.evaluation_share, 1), "%")) + "</tr>";
  }
  return str(out, "</tbody></table></div>",
             html("p",
                  "Means of a run. FLOPs are those that the mathematics needs, not what a kernel "
                  "computes again: docs/flops.md. No budget counts the evaluations.",
                  "soft"));
}

std::string failures_part(const StudyResults& r) {
  std::string out;
  for (const RunRecord& run : r.runs)
    if (!run.done())
      out += html("div",
                  str(run.variant, ", seed ", run.seed, ": ", run.status, " after ",
                      fixed(run.steps, 0), " steps", run.error.empty() ? "" : ": ", run.error),
                  "failure");
  for (const std::string& problem : r.problems) out += html("div", problem, "failure");
  return out.empty() ? html("p", "None: every run finished.") : out;
}

std::string runs_table(const StudyResults& r) {
  const MetricStyle chosen = style_of_metric(r.metric), shown = style_of_metric(reported_metric(r));
  const bool tested = reported_metric(r) != r.metric;
  std::string out = "<details><summary>All runs</summary><div class=\"wide\"><table><thead><tr>";
  for (const std::string& h :
       {std::string("model"), std::string("seed"), std::string("status"), std::string("steps"),
        std::string("best step"), "best " + chosen.name, tested ? shown.name : std::string(),
        std::string("FLOPs"), std::string("seconds"), std::string("ms a step"),
        std::string("peak memory"), std::string("predicted")})
    if (!h.empty()) out += heading(h);
  out += "</tr></thead><tbody>";
  for (const RunRecord& run : r.runs) {
    out += str("<tr>", name_cell(r, run.variant, false), cell(str(run.seed)));
    out += cell(run.status, run.done() ? "" : "bad") + cell(fixed(run.steps, 0));
    out += cell(fixed(run.best_step, 0));
    out += cell(chosen.value(value_or_nan(run.best, r.metric)));
    if (tested) out += cell(shown.value(value_or_nan(run.test, reported_metric(r))));
    out += cell(compact(run.flops)) + cell(fixed(run.seconds, 1));
    out += cell(fixed(run.step_ms_median, 1)) + cell(memory_text(run.peak_rss_bytes));
    out += cell(memory_text(run.predicted_bytes)) + "</tr>";
  }
  return out + "</tbody></table></div></details>";
}

std::string reproduction_part(const StudyResults& r) {
  std::string seeds;
  for (int64_t s : r.seeds) seeds += str(seeds.empty() ? "" : ", ", s);
  std::string out = "<dl>";
  out += term("cambium", r.version) + term("date", r.created) + term("spec", r.spec);
  out += term("seeds", seeds);
  out += term("budget a run", r.budget_kind.empty() ? "" : budget_text(r));
  for (const auto& [key, value] : r.machine) out += term(key, value);
  for (const VariantInfo& v : r.variants)
    if (!v.spec_hash.empty()) out += term("spec of " + v.name, "hash " + v.spec_hash);
  out += "</dl>";
  if (!r.command.empty())
    out += html("p", "The same study again, same bits on the same machine and build:") +
           html("pre", r.command);
  return out;
}
}  // namespace cambium
