#include "viz/plot/frame.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/text/format.h"

namespace cambium {
Extent::Extent() : low(HUGE_VAL), high(-HUGE_VAL) {}

void Extent::take(double v, bool log) {
  if (!std::isfinite(v) || (log && v <= 0)) return;
  low = std::min(low, v);
  high = std::max(high, v);
}

Extent Extent::padded(double share, bool log) const {
  Extent out = *this;
  if (!any()) return out;
  constexpr double kLeast = std::numeric_limits<double>::min();
  if (log) {
    const double factor = std::exp(share * (std::log(high) - std::log(low)));
    out.low = std::max(low / factor, std::min(low, kLeast));
    out.high = high * factor;
  } else {
    const double pad = share * high - share * low;
    out.low = low - pad;
    out.high = high + pad;
  }
  if (!std::isfinite(out.low)) out.low = low;
  if (!std::isfinite(out.high)) out.high = high;
  return out;
}

bool Frame::shows(double vx, double vy) const {
  return std::isfinite(vx) && std::isfinite(vy) && (!x.log || vx > 0) && (!y.log || vy > 0);
}

std::vector<std::pair<double, double>> Frame::place(const std::vector<double>& xs,
                                                    const std::vector<double>& ys) const {
  std::vector<std::pair<double, double>> out;
  for (size_t i = 0; i < std::min(xs.size(), ys.size()); ++i)
    if (shows(xs[i], ys[i])) out.emplace_back(px(xs[i]), py(ys[i]));
  return out;
}

void draw_axes(SvgBuilder& svg, const Frame& f, std::string_view x_label,
               std::string_view y_label) {
  for (const Tick& t : f.y.ticks) {
    const double y = f.py(t.value);
    svg.leaf("line", {{"x1", f.left},
                      {"x2", f.right},
                      {"y1", y},
                      {"y2", y},
                      {"stroke", "currentColor"},
                      {"stroke-opacity", "0.13"}});
    svg.text(f.left - 7, y + 4, t.label, {{"text-anchor", "end"}, {"opacity", "0.75"}});
  }
  for (const Tick& t : f.x.ticks) {
    const double x = f.px(t.value);
    svg.leaf("line", {{"x1", x},
                      {"x2", x},
                      {"y1", f.bottom},
                      {"y2", f.bottom + 4},
                      {"stroke", "currentColor"},
                      {"stroke-opacity", "0.5"}});
    svg.text(x, f.bottom + 18, t.label, {{"text-anchor", "middle"}, {"opacity", "0.75"}});
  }
  svg.leaf("line", {{"x1", f.left},
                    {"x2", f.right},
                    {"y1", f.bottom},
                    {"y2", f.bottom},
                    {"stroke", "currentColor"},
                    {"stroke-opacity", "0.5"}});
  svg.text((f.left + f.right) / 2, f.bottom + 38, x_label,
           {{"text-anchor", "middle"}, {"opacity", "0.85"}});
  const double middle = (f.top + f.bottom) / 2;
  svg.open("g", {{"transform", str("rotate(-90 14 ", pixels(middle), ")")}});
  svg.text(14, middle, y_label, {{"text-anchor", "middle"}, {"opacity", "0.85"}});
  svg.close();
}
}  // namespace cambium
