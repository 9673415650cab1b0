#include <algorithm>
#include <cmath>

#include "viz/plot/text.h"
#include "viz/plot/xy_plot.h"
#include "viz/tuning/tried.h"

namespace cambium {
namespace {
constexpr double kWide =
    8;  // the largest value over the least: from there on the axis is of powers

struct Place {
  double x, y;
  const TriedPoint* point;
};

std::vector<Place> places_of(const TriedArm& arm, const std::string& setting) {
  std::vector<Place> out;
  for (const TriedPoint& p : arm.points)
    for (const auto& [name, value] : p.settings)
      if (name == setting && std::isfinite(value) && std::isfinite(p.last()))
        out.push_back({value, p.last(), &p});
  std::ranges::stable_sort(out, {}, &Place::x);
  return out;
}
}  // namespace

bool shows_arms(const Tried& t) {
  return t.settings.size() == 1 && t.arms.size() > 1 &&
         std::ranges::all_of(t.arms, [&](const TriedArm& a) {
           return places_of(a, t.settings[0].name).size() >= 3;
         });
}

std::string arms_plot(const Tried& t, const TriedSetting& setting) {
  const double worst = worst_shown(t);
  XyPlot plot{.title = "By " + setting.name, .x_label = setting.name, .y_label = t.metric};
  XyLayer best{.name = "the best", .colour = kInk, .shape = PointShape::kDiamond, .size = 5};
  double least = HUGE_VAL, most = 0;
  for (size_t i = 0; i < t.arms.size(); ++i) {
    XyLayer line{.kind = XyLayer::Kind::kLine, .name = t.arms[i].name, .colour = i, .size = 1.8};
    XyLayer dots{.colour = i, .size = 2.6};
    for (const Place& p : places_of(t.arms[i], setting.name)) {
      const double y = t.maximize ? std::max(p.y, worst) : std::min(p.y, worst);
      for (XyLayer* l : {&line, &dots}) {
        l->x.push_back(p.x);
        l->y.push_back(y);
      }
      dots.tips.push_back(str(t.arms[i].name, ", ", p.point->name, ": ", plain(p.y)));
      if (p.point->best) {
        best.x.push_back(p.x);
        best.y.push_back(y);
      }
      least = std::min(least, p.x);
      most = std::max(most, p.x);
    }
    plot.layers.push_back(std::move(line));
    plot.layers.push_back(std::move(dots));
  }
  plot.log_x = setting.log || (least > 0 && most >= kWide * least);
  plot.layers.push_back(std::move(best));
  return xy_plot(plot);
}
}  // namespace cambium
