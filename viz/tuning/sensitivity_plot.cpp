#include <algorithm>
#include <cmath>

#include "core/text/format.h"
#include "viz/plot/text.h"
#include "viz/plot/xy_plot.h"
#include "viz/tuning/tried.h"

namespace cambium {
namespace {
double setting_of(const TriedPoint& p, const std::string& name) {
  const auto it = std::ranges::find(p.settings, name, [](const auto& s) { return s.first; });
  return it == p.settings.end() ? kUnknown : it->second;
}

struct Layers {
  XyLayer whole{.name = "trained to the end", .colour = 0, .size = 4};
  XyLayer stopped{
      .name = "stopped at a rung", .colour = 6, .shape = PointShape::kRing, .size = 3.5};
  XyLayer lost{.name = "failed, or far worse", .colour = 6, .shape = PointShape::kCross, .size = 4};
  XyLayer best{.name = "the best", .colour = 1, .shape = PointShape::kDiamond, .size = 6};
};

void add_edges(XyPlot& plot, const TriedSetting& s, double low, double high) {
  XyLayer edges{.kind = XyLayer::Kind::kLine,
                .name = "ends of the range",
                .colour = kInk,
                .size = 1.2,
                .opacity = 0.55,
                .dashed = true};
  for (double end : {s.low, s.high}) {
    if (!std::isfinite(end)) continue;
    edges.x = {end, end};
    edges.y = {low, high};
    plot.layers.push_back(edges);
    edges.name.clear();
  }
}
}  // namespace

double worst_shown(const Tried& t) {
  std::vector<double> losses;
  for (const TriedArm& a : t.arms)
    for (const TriedPoint& p : a.points)
      if (std::isfinite(p.last())) losses.push_back(t.maximize ? -p.last() : p.last());
  if (losses.empty()) return kUnknown;
  std::ranges::sort(losses);
  const double half = losses[losses.size() / 2] - losses[0];
  const double limit = losses[0] + 4 * half;
  double worst = losses[0];
  for (double l : losses)
    if (l <= limit || half == 0) worst = l;
  return t.maximize ? -worst : worst;
}

std::string sensitivity_plot(const Tried& t, const TriedArm& arm, const TriedSetting& setting) {
  const double worst = worst_shown(t);
  XyPlot plot{.title = arm.name.empty() ? "By " + setting.name : arm.name,
              .x_label = setting.name,
              .y_label = t.metric,
              .log_x = setting.log,
              .width = 460,
              .height = 320};
  Layers l;
  for (const TriedPoint& p : arm.points) {
    const double x = setting_of(p, setting.name), y = p.last();
    if (!std::isfinite(x)) continue;
    const bool off = !std::isfinite(y) || (t.maximize ? y < worst : y > worst);
    XyLayer& to = off                                ? l.lost
                  : p.best                           ? l.best
                  : p.values.size() < t.rungs.size() ? l.stopped
                                                     : l.whole;
    to.x.push_back(x);
    to.y.push_back(off ? worst : y);
    to.tips.push_back(str(p.name, ": ", std::isfinite(y) ? plain(y) : "failed"));
    if (p.best) plot.notes.push_back({x, y, str(plain(x), ": ", plain(y))});
  }
  for (const TriedArm& a : t.arms)
    for (const TriedPoint& p : a.points) {
      const double y = p.last();
      plot.show_x.push_back(setting_of(p, setting.name));
      if (std::isfinite(y))
        plot.show_y.push_back(t.maximize ? std::max(y, worst) : std::min(y, worst));
    }
  if (!plot.show_y.empty()) {
    const auto [low, high] = std::ranges::minmax(plot.show_y);
    add_edges(plot, setting, low, high);
  }
  for (XyLayer* layer : {&l.stopped, &l.whole, &l.lost, &l.best})
    plot.layers.push_back(std::move(*layer));
  return xy_plot(plot);
}
}  // namespace cambium
