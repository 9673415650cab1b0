#include "viz/report/pages/schedule_page.h"

#include <cmath>

#include "core/text/fmt.h"
#include "viz/plot/text.h"
#include "viz/report/page.h"

namespace cambium {
namespace {
std::string percent(double share) {
  return std::isnan(share) ? "-" : fmt::format("{:.3f} %", 100 * share);
}

std::vector<std::string> verdict_of(const ScheduleRecord& s) {
  std::vector<std::string> out;
  if (!s.converged)
    out.emplace_back(
        "The descent had not ended after its last step; parameters may lie elsewhere.");
  if (!std::isnan(s.mean_error))
    out.push_back(str("Foretold: mean error ", percent(s.mean_error), ", largest of a curve ",
                      percent(s.largest_error), " (both the mean over curves)."));
  out.emplace_back(
      "Steps of a curve stray together: they are no runs, and none of this has an interval.");
  return out;
}

std::string curves_table(const ScheduleRecord& s) {
  std::vector<std::vector<std::string>> rows;
  for (const RecordedCurve& c : s.curves)
    rows.push_back({c.name, c.fitted ? "fitted" : "foretold",
                    c.points > 0 ? str(c.points) : std::string("-"), percent(c.mean_error),
                    percent(c.largest_error),
                    std::isnan(c.largest_at) ? "-" : fmt::format("{:.0f}", c.largest_at)});
  return html_table({"curve", "", "steps measured", "mean error", "largest error", "at step"}, rows,
                    2);
}

std::string parameters_table(const ScheduleRecord& s) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : s.parameters)
    rows.push_back({name, fmt::format("{:.4g}", value)});
  return html_table({"parameter", "value"}, rows);
}
}  // namespace

std::string schedule_page(const ScheduleRecord& s, const std::vector<Figure>& figures) {
  std::string out = html_header(
      str("Scaling law ", s.law),
      str(s.formula, s.paper.empty() ? "" : str(" (", s.paper, ")"), "; ",
          grouped(int64_t(s.curves.size())), s.curves.size() == 1 ? " curve" : " curves"),
      verdict_of(s));
  out += html_section("Curves", curves_table(s));
  for (const char* section : {"Foretold", "Fitted"})
    out += html_section(section, html_figures(figures, section));
  out += html_section("Parameters", parameters_table(s));
  if (!s.command.empty()) out += html_section("Reproduce", html("pre", s.command));
  return html_page(str(s.law, ": cambium scale"), out);
}
}  // namespace cambium
