#include "viz/plot/xy_plot.h"

#include <algorithm>
#include <cmath>

#include "viz/plot/frame.h"
#include "viz/plot/legend.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
constexpr double kXyBottom = 46, kXyTop = 30, kNoteRow = 14, kTickChar = 6.8;

Frame frame_of(const XyPlot& plot, double top) {
  Extent x, y;
  for (const XyLayer& l : plot.layers) {
    for (const auto* values : {&l.x, &l.x_low, &l.x_high})
      for (double v : *values) x.take(v, plot.log_x);
    for (const auto* values : {&l.y, &l.high, &l.y_low, &l.y_high})
      for (double v : *values) y.take(v, plot.log_y);
  }
  for (double v : plot.show_x) x.take(v, plot.log_x);
  for (double v : plot.show_y) y.take(v, plot.log_y);
  Frame f{.top = top, .right = plot.width - 16, .bottom = plot.height - kXyBottom};
  if (!x.any() || !y.any()) return f;
  x = x.padded(0.03, plot.log_x);
  y = y.padded(0.05, plot.log_y);
  f.x = make_axis(x.low, x.high, 6, plot.log_x);
  f.y = make_axis(y.low, y.high, 5, plot.log_y);
  size_t longest = 0;  // in letters: what ticks say must not reach the axis's name
  for (const Tick& t : f.y.ticks) longest = std::max(longest, t.label.size());
  f.left = std::max(f.left, 32 + kTickChar * double(longest));
  return f;
}

void draw_band(SvgBuilder& svg, const Frame& f, const XyLayer& l) {
  const auto low = f.place(l.x, l.y);
  auto outline = f.place(l.x, l.high);
  if (outline.size() < 2 || low.size() < 2) return;
  outline.insert(outline.end(), low.rbegin(), low.rend());
  svg.leaf("path", {{"d", path_through(outline) + "Z"},
                    {"fill", ink_of(l.colour)},
                    {"fill-opacity", plain(0.16 * l.opacity)}});
}

void draw_line(SvgBuilder& svg, const Frame& f, const XyLayer& l) {
  const auto points = f.place(l.x, l.y);
  if (points.size() < 2) return;
  svg.open("path", {{"d", path_through(points)},
                    {"fill", "none"},
                    {"stroke", ink_of(l.colour)},
                    {"stroke-width", plain(l.size)},
                    {"stroke-opacity", plain(l.opacity)},
                    {"stroke-dasharray", l.dashed ? "5 4" : "none"},
                    {"stroke-linejoin", "round"}});
  if (!l.name.empty()) svg.title(l.name);
  svg.close();
}

// Intervals as bars with ends, one path for all.
std::string bars(const Frame& f, const XyLayer& l) {
  std::string d;
  for (size_t i = 0; i < std::min(l.x.size(), l.y.size()); ++i) {
    if (i < l.y_low.size() && i < l.y_high.size() && f.shows(l.x[i], l.y_low[i]) &&
        f.shows(l.x[i], l.y_high[i]))
      d += str("M", pixels(f.px(l.x[i])), ",", pixels(f.py(l.y_low[i])), "V",
               pixels(f.py(l.y_high[i])), "m-3,0h6M", pixels(f.px(l.x[i]) - 3), ",",
               pixels(f.py(l.y_low[i])), "h6");
    if (i < l.x_low.size() && i < l.x_high.size() && f.shows(l.x_low[i], l.y[i]) &&
        f.shows(l.x_high[i], l.y[i]))
      d += str("M", pixels(f.px(l.x_low[i])), ",", pixels(f.py(l.y[i])), "H",
               pixels(f.px(l.x_high[i])), "m0,-3v6M", pixels(f.px(l.x_low[i])), ",",
               pixels(f.py(l.y[i]) - 3), "v6");
  }
  return d;
}

void draw_points(SvgBuilder& svg, const Frame& f, const XyLayer& l) {
  open_points(svg, l);
  const std::string intervals = bars(f, l);
  if (!intervals.empty()) svg.leaf("path", {{"d", intervals}, {"fill", "none"}});
  for (size_t i = 0; i < std::min(l.x.size(), l.y.size()); ++i) {
    if (!f.shows(l.x[i], l.y[i])) continue;
    draw_point(svg, l, f.px(l.x[i]), f.py(l.y[i]), i < l.tips.size() ? l.tips[i] : l.name);
  }
  svg.close();
}

// Right of its place, or left of it where the plot ends, above the lines that go through it, or
// below them where there is no room; below what stands there already.
void draw_notes(SvgBuilder& svg, const Frame& f, const XyPlot& plot) {
  struct Box {
    double left, right, y;
  };

  std::vector<Box> taken;
  for (const XyNote& n : plot.notes) {
    if (!f.shows(n.x, n.y)) continue;
    const std::string text = clipped_name(n.text, 36);
    const double width = text_width(text) * 11 / 12;
    const double x = std::clamp(f.px(n.x), f.left, f.right);
    const bool leftwards = x + 8 + width > f.right;
    const double at = f.py(n.y), beside = at - 11 < f.top + 6 ? at + 13 : at - 11;
    Box box{leftwards ? x - 8 - width : x + 8, leftwards ? x - 8 : x + 8 + width,
            std::clamp(beside, f.top + 6, f.bottom - 6)};
    const auto meets = [&](const Box& b) {
      return box.left < b.right && b.left < box.right && std::abs(b.y - box.y) < kNoteRow;
    };
    const bool room_below = box.y + kNoteRow * double(plot.notes.size()) < f.bottom;
    for (size_t k = 0; k < plot.notes.size() && std::ranges::any_of(taken, meets); ++k)
      box.y += room_below ? kNoteRow : -kNoteRow;
    taken.push_back(box);
    svg.text(leftwards ? box.right : box.left, box.y + 4, text,
             {{"text-anchor", leftwards ? "end" : "start"}, {"font-size", "11"}});
  }
}
}  // namespace

void make_steps(std::vector<double>& x, std::vector<double>& y, StepFirst first) {
  std::vector<double> xs, ys;
  for (size_t i = 0; i < x.size(); ++i) {
    if (i > 0) {
      xs.push_back(first == StepFirst::kAlongX ? x[i] : x[i - 1]);
      ys.push_back(first == StepFirst::kAlongX ? y[i - 1] : y[i]);
    }
    xs.push_back(x[i]);
    ys.push_back(y[i]);
  }
  x = std::move(xs);
  y = std::move(ys);
}

bool wants_log(const std::vector<double>& values, double times) {
  Extent all;
  for (double v : values) all.take(v);
  return all.any() && all.low > 0 && all.high > times * all.low;
}

std::string xy_plot(const XyPlot& plot) {
  Frame f = frame_of(plot, kXyTop);
  const double top = draw_legend(nullptr, plot.layers, f.left, f.right, kXyTop) + 6;
  // A legend of many rows makes the picture higher, not the plot lower.
  const double more = std::max(0.0, top - kXyTop - 2 * kNoteRow - 10);
  SvgBuilder svg(plot.width, plot.height + more,
                 str(plot.title, ": ", plot.y_label, " by ", plot.x_label));
  svg.text(f.left, 18, plot.title, {{"font-size", "14"}, {"font-weight", "600"}});
  if (f.x.ticks.empty()) {
    svg.text(plot.width / 2, plot.height / 2, "no data", {{"text-anchor", "middle"}});
    return svg.finish();
  }
  draw_legend(&svg, plot.layers, f.left, f.right, kXyTop);
  f.top = top;
  f.bottom += more;
  draw_axes(svg, f, plot.x_label, plot.y_label);
  for (const XyLayer& l : plot.layers) {
    if (l.kind == XyLayer::Kind::kBand) draw_band(svg, f, l);
    if (l.kind == XyLayer::Kind::kLine) draw_line(svg, f, l);
    if (l.kind == XyLayer::Kind::kPoints) draw_points(svg, f, l);
  }
  draw_notes(svg, f, plot);
  return svg.finish();
}
}  // namespace cambium
