#include <algorithm>
#include <cmath>

#include "core/text/format.h"
#include "viz/plot/frame.h"
#include "viz/plot/xy_plot.h"
#include "viz/scale/scale_plots.h"

namespace cambium {
namespace {
// The line that stands for a group: its best split, or its only one.
const ScaleLine* line_of_group(const ScaleLaw& g) {
  for (const ScaleLine& l : g.lines)
    if (l.fixed == "best_split") return &l;
  return g.lines.size() == 1 ? &g.lines[0] : nullptr;
}

// Where laws cross, as a line from top to bottom with its interval.
void add_crossings(XyPlot& plot, const ScaleRecord& s, const std::string& quantity) {
  Extent y;
  for (const XyLayer& l : plot.layers)
    for (double v : l.y) y.take(v, true);
  if (!y.any()) return;
  for (const ScaleComparison& c : s.comparisons)
    for (const ScaleCrossing& x : c.crossings) {
      if (c.quantity != quantity) continue;
      plot.layers.push_back({.kind = XyLayer::Kind::kBand,
                             .name = "",
                             .colour = kInk,
                             .x = {x.interval.low, x.interval.high},
                             .y = {y.low, y.low},
                             .high = {y.high, y.high},
                             .opacity = 0.6});
      plot.layers.push_back({.kind = XyLayer::Kind::kLine,
                             .name = "where laws cross, and 95 % interval",
                             .colour = kInk,
                             .x = {x.x, x.x},
                             .y = {y.low, y.high},
                             .size = 1.3,
                             .opacity = 0.7,
                             .dashed = true});
    }
}
}  // namespace

std::string groups_plot(const ScaleRecord& s) {
  const bool compute = s.needs.size() == 2;
  const std::string quantity = compute           ? "flops"
                               : s.needs.empty() ? std::string("flops")
                                                 : s.needs.front();
  XyPlot plot{.title = compute ? "All groups by compute" : "All groups",
              .x_label = quantity_label(quantity),
              .y_label = quantity_label(s.answers),
              .log_x = true,
              .log_y = true,
              .height = 420};
  for (size_t i = 0; i < s.groups.size(); ++i) {
    const ScaleLaw& g = s.groups[i];
    const ScaleLine* line = line_of_group(g);
    if (line && !line->along(quantity).empty()) {
      plot.layers.push_back({.kind = XyLayer::Kind::kBand,
                             .name = "",
                             .colour = i,
                             .x = line->along(quantity),
                             .y = line->curve_low,
                             .high = line->curve_high,
                             .opacity = 1.4});
      plot.layers.push_back({.kind = XyLayer::Kind::kLine,
                             .name = "",
                             .colour = i,
                             .x = line->along(quantity),
                             .y = line->said,
                             .size = 2});
    }
    XyLayer runs{
        .name = g.name.empty() ? "runs" : g.name, .colour = i, .size = 2.6, .opacity = 0.75};
    const size_t every = 1 + g.points.size() / kMostRunsDrawn;
    for (size_t k = 0; k < g.points.size(); k += every) {
      runs.x.push_back(g.points[k].along(quantity));
      runs.y.push_back(g.points[k].measured);
    }
    plot.layers.push_back(std::move(runs));
  }
  add_crossings(plot, s, quantity);
  return xy_plot(plot);
}
}  // namespace cambium
