#include <algorithm>
#include <cmath>

#include "viz/plot/frame.h"
#include "viz/plot/palette.h"
#include "viz/plot/svg_plot.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
constexpr double kBottom = 46;
constexpr double kMostName = 160;

std::string short_name(std::string_view name) {
  return fitted(visible(name), kMostName, true);
}

Frame make_frame(const LinePlot& plot) {
  Extent x, y;
  for (const Series& s : plot.series) {
    for (double v : s.band.x) x.take(v, plot.log_x);
    for (double v : s.band.low) y.take(v, plot.log_y);
    for (double v : s.band.high) y.take(v, plot.log_y);
    for (const Curve& c : s.curves) {
      for (double v : c.x) x.take(v, plot.log_x);
      for (double v : c.y) y.take(v, plot.log_y);
    }
  }
  double longest = 28;
  for (const Series& s : plot.series)
    longest = std::max(longest, text_width(short_name(s.name), true));
  Frame f{.right = plot.width - 14 - longest, .bottom = plot.height - kBottom};
  if (!x.any() || !y.any()) return f;
  y = y.padded(plot.log_y ? 0 : 0.04, plot.log_y);
  f.x = make_axis(x.low, x.high, 6, plot.log_x);
  f.y = make_axis(y.low, y.high, 5, plot.log_y);
  return f;
}

void draw_series(SvgBuilder& svg, const Frame& f, const Series& s) {
  const std::string_view colour = kSeriesColours[s.colour % kSeriesColours.size()];
  const auto low = f.place(s.band.x, s.band.low);
  auto outline = f.place(s.band.x, s.band.high);
  if (outline.size() > 1 && low.size() > 1) {
    outline.insert(outline.end(), low.rbegin(), low.rend());
    svg.leaf("path",
             {{"d", str(path_through(outline), "Z")}, {"fill", colour}, {"fill-opacity", "0.16"}});
  }
  for (const Curve& c : s.curves) {
    const auto points = f.place(c.x, c.y);
    if (points.size() < 2) continue;
    svg.open("path", {{"d", path_through(points)},
                      {"fill", "none"},
                      {"stroke", colour},
                      {"stroke-width", "1"},
                      {"stroke-opacity", "0.35"}});
    svg.title(c.name);
    svg.close();
  }
  const auto mean = f.place(s.band.x, s.band.mean);
  svg.open("g", {{"fill", "none"},
                 {"stroke", colour},
                 {"stroke-width", "2.2"},
                 {"stroke-linejoin", "round"}});
  svg.title(s.name);
  if (mean.size() > 1) svg.leaf("path", {{"d", path_through(mean)}});
  // Few points are evaluations: show where they were made.
  if (mean.size() <= 30)
    for (const auto& [x, y] : mean)
      svg.leaf("circle",
               {{"cx", x}, {"cy", y}, {"r", "2.4"}, {"fill", colour}, {"stroke", "none"}});
  svg.close();
}

// Names at the ends of the lines, pushed apart so that none covers another.
void draw_names(SvgBuilder& svg, const Frame& f, const LinePlot& plot) {
  struct Name {
    double y;
    const Series* series;
  };

  std::vector<Name> names;
  for (const Series& s : plot.series) {
    const auto mean = f.place(s.band.x, s.band.mean);
    if (!mean.empty()) names.push_back({mean.back().second, &s});
  }
  std::ranges::stable_sort(names, {}, &Name::y);
  for (size_t i = 1; i < names.size(); ++i) names[i].y = std::max(names[i].y, names[i - 1].y + 15);
  for (size_t i = names.size(); i-- > 0;) {
    const double most = i + 1 == names.size() ? f.bottom : names[i + 1].y - 15;
    names[i].y = std::min(names[i].y, most);
  }
  for (const Name& n : names)
    svg.open("g", {{"font-weight", "600"},
                   {"color", kSeriesColours[n.series->colour % kSeriesColours.size()]}}),
        svg.text(f.right + 7, n.y + 4, short_name(n.series->name)), svg.close();
}
}  // namespace

std::string line_plot(const LinePlot& plot) {
  const Frame f = make_frame(plot);
  SvgBuilder svg(plot.width, plot.height,
                 str(plot.title, ": ", plot.y_label, " by ", plot.x_label));
  svg.text(f.left, 18, plot.title, {{"font-size", "14"}, {"font-weight", "600"}});
  if (f.x.ticks.empty()) {
    svg.text(plot.width / 2, plot.height / 2, "no data", {{"text-anchor", "middle"}});
    return svg.finish();
  }
  draw_axes(svg, f, plot.x_label, plot.y_label);
  for (const Series& s : plot.series) draw_series(svg, f, s);
  draw_names(svg, f, plot);
  return svg.finish();
}
}  // namespace cambium
