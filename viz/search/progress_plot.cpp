#include <algorithm>
#include <cmath>

#include "viz/plot/text.h"
#include "viz/plot/xy_plot.h"
#include "viz/search/search_plots.h"

namespace cambium {
namespace {
// The first trials are far from the end and would leave it no room: what is worse than uniform
// draws after a twentieth of the trials is cut off at that value.
double worst_shown(const SearchRecord& s, bool more) {
  const int64_t from = s.progress.back().trials / 20;
  double worst = more ? HUGE_VAL : -HUGE_VAL;
  for (const RecordedProgress& p : s.progress) {
    if (p.trials < from) continue;
    for (double v : {p.found, p.random, p.random_range.low, p.random_range.high})
      if (std::isfinite(v)) worst = more ? std::min(worst, v) : std::max(worst, v);
  }
  return worst;
}
}  // namespace

std::string progress_plot(const SearchRecord& s) {
  const bool one = s.objectives.size() == 1, more = !one || s.objectives[0].maximize;
  XyLayer band{.kind = XyLayer::Kind::kBand,
               .name = "uniform draws: middle 95 % of such searches",
               .colour = 6,
               .opacity = 1.4};
  XyLayer random{.kind = XyLayer::Kind::kLine, .name = "their mean", .colour = 6, .size = 1.6};
  XyLayer table{.kind = XyLayer::Kind::kLine,
                .name = one ? "best of the table" : "of all rows",
                .colour = kInk,
                .size = 1.3,
                .opacity = 0.6,
                .dashed = true};
  XyLayer found{.kind = XyLayer::Kind::kLine, .name = s.method, .colour = 1, .size = 2.2};
  const double worst = s.progress.empty() ? 0 : worst_shown(s, more);
  const auto cut = [&](double v) {
    return std::isnan(v) ? v : more ? std::max(v, worst) : std::min(v, worst);
  };
  for (const RecordedProgress& p : s.progress) {
    const double n = double(p.trials);
    found.x.push_back(n);
    found.y.push_back(cut(p.found));
    if (!std::isfinite(p.random)) continue;
    random.x.push_back(n);
    random.y.push_back(cut(p.random));
    band.x.push_back(n);
    band.y.push_back(cut(p.random_range.low));
    band.high.push_back(cut(p.random_range.high));
  }
  if (!found.x.empty() && std::isfinite(s.of_table)) {
    table.x = {found.x.front(), found.x.back()};
    table.y = {s.of_table, s.of_table};
  }
  make_steps(found.x, found.y, StepFirst::kAlongX);
  return xy_plot({.title = one ? "Best so far" : "Hypervolume so far",
                  .x_label = "trials",
                  .y_label = one ? axis_label(s.objectives[0]) : "hypervolume",
                  .layers = {band, random, table, found}});
}
}  // namespace cambium
