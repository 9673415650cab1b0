#include <algorithm>
#include <cmath>

#include "core/text/format.h"
#include "viz/plot/text.h"
#include "viz/plot/xy_plot.h"
#include "viz/scale/scale_plots.h"

namespace cambium {
std::string residual_plot(const ScaleRecord& s, const ScaleLaw& g) {
  const std::string quantity = s.needs.empty() ? "params" : s.needs.front();
  XyLayer held{.name = "held out", .colour = kInk, .shape = PointShape::kDiamond, .size = 4.5};
  for (const ScaleHeldOut& h : g.held_out) {
    held.x.push_back(h.run.along(quantity));
    held.y.push_back(100 * (h.run.measured / h.foretold.value - 1));
  }
  std::vector<XyLayer> of;
  for (const ScaleLine& l : g.lines)
    if (l.at > 0) of.push_back({.name = line_name(l), .size = 2.8, .opacity = 0.85});
  if (of.empty()) of.push_back({.name = "runs", .size = 2.8, .opacity = 0.85});
  double low = HUGE_VAL, high = -HUGE_VAL;
  const size_t every = 1 + g.points.size() / kMostRunsDrawn;
  for (size_t i = 0; i < g.points.size(); i += every) {
    const ScaleRun& r = g.points[i];
    XyLayer& l = of[std::min(nearest_line(g, r), of.size() - 1)];
    l.x.push_back(r.along(quantity));
    l.y.push_back(100 * (r.measured / r.said - 1));
    l.tips.push_back(str(quantity_label(quantity), " ", compact(r.along(quantity)), ": ",
                         signed_fixed(l.y.back(), 2), " %"));
  }
  for (const auto* xs : {&held.x})
    for (double x : *xs) low = std::min(low, x), high = std::max(high, x);
  for (const XyLayer& l : of)
    for (double x : l.x) low = std::min(low, x), high = std::max(high, x);
  XyPlot plot{.title = "Residuals",
              .x_label = quantity_label(quantity),
              .y_label = "measured over law, less one (%)",
              .log_x = true,
              .height = 300};
  if (low <= high && std::isfinite(g.run_reach)) {
    const double down = 100 * std::expm1(-g.run_reach), up = 100 * std::expm1(g.run_reach);
    plot.layers.push_back({.kind = XyLayer::Kind::kBand,
                           .name = "95 % of runs",
                           .colour = 6,
                           .x = {low, high},
                           .y = {down, down},
                           .high = {up, up}});
  }
  if (low <= high)
    plot.layers.push_back({.kind = XyLayer::Kind::kLine,
                           .name = "",
                           .colour = kInk,
                           .x = {low, high},
                           .y = {0, 0},
                           .size = 1,
                           .opacity = 0.6});
  for (size_t i = 0; i < of.size(); ++i) {
    of[i].colour = i;
    plot.layers.push_back(std::move(of[i]));
  }
  plot.layers.push_back(std::move(held));
  return xy_plot(plot);
}
}  // namespace cambium
