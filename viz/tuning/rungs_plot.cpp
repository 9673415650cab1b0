#include <algorithm>
#include <cmath>

#include "core/text/format.h"
#include "viz/plot/text.h"
#include "viz/plot/xy_plot.h"
#include "viz/tuning/tried.h"

namespace cambium {
namespace {
XyLayer path_of(const Tried& t, const TriedPoint& p, size_t colour, double width, double opacity) {
  XyLayer l{.kind = XyLayer::Kind::kLine, .colour = colour, .size = width, .opacity = opacity};
  for (size_t r = 0; r < std::min(p.values.size(), t.rungs.size()); ++r) {
    l.x.push_back(t.counted ? t.rungs[r] : 100 * t.rungs[r]);
    l.y.push_back(p.values[r]);
  }
  return l;
}
}  // namespace

std::string rungs_plot(const Tried& t, const TriedArm& arm) {
  XyPlot plot{.title = str(arm.name, arm.name.empty() ? "Rungs" : ": rungs"),
              .x_label = t.counted ? "rung" : "share of a whole training (%)",
              .y_label = t.metric,
              .log_x = !t.counted,
              .height = 320};
  for (double r : t.rungs) plot.show_x.push_back(t.counted ? r : 100 * r);
  XyLayer stopped{.name = "stopped at a rung", .colour = 6, .shape = PointShape::kRing};
  XyLayer whole{.name = "trained to the end", .colour = 0};
  XyLayer best{.name = "the best", .colour = 1, .shape = PointShape::kDiamond, .size = 5};
  std::vector<XyLayer> above;  // lines that must not be covered
  for (const TriedPoint& p : arm.points) {
    if (p.values.empty()) continue;
    const bool to_end = p.values.size() >= t.rungs.size();
    XyLayer line = path_of(t, p,
                           p.best   ? 1
                           : to_end ? 0
                                    : 6,
                           p.best ? 2.4 : 1.2,
                           p.best   ? 1
                           : to_end ? 0.8
                                    : 0.5);
    XyLayer& ends = p.best ? best : to_end ? whole : stopped;
    ends.x.push_back(line.x.back());
    ends.y.push_back(line.y.back());
    ends.tips.push_back(str(p.name, ": ", plain(p.last())));
    (to_end ? above : plot.layers).push_back(std::move(line));
  }
  std::ranges::stable_sort(above, {}, &XyLayer::size);
  plot.layers.insert(plot.layers.end(), above.begin(), above.end());
  for (XyLayer* l : {&stopped, &whole, &best}) plot.layers.push_back(std::move(*l));
  return xy_plot(plot);
}
}  // namespace cambium
