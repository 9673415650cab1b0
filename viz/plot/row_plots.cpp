// Plots of one row a model: intervals and bars.
#include <algorithm>
#include <cmath>

#include "viz/plot/axis.h"
#include "viz/plot/palette.h"
#include "viz/plot/svg.h"
#include "viz/plot/svg_plot.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
constexpr double kRowsTop = 38, kRow = 34, kRowsBottom = 44, kMostLabel = 200;

struct Layout {  // columns: labels, the plot, texts
  double left, right, bottom, height;
  Axis x;

  double px(double v) const { return left + std::clamp(x.fraction(v), 0.0, 1.0) * (right - left); }

  double row(size_t i) const { return kRowsTop + kRow * (double(i) + 0.5); }
};

template <class Row> Layout make_layout(const std::vector<Row>& rows, double width, Axis x) {
  double label = 27, text = 0;
  for (const Row& r : rows) {
    label = std::max(label, std::min(kMostLabel, text_width(visible(r.label), true)));
    text = std::max(text, text_width(r.text));
  }
  const double bottom = kRowsTop + kRow * double(rows.size());
  return {18 + label, width - 16 - text, bottom, bottom + kRowsBottom, std::move(x)};
}

std::string_view colour_of(size_t i) {
  return kSeriesColours[i % kSeriesColours.size()];
}

void draw_frame(SvgBuilder& svg, const Layout& l, std::string_view title, std::string_view label) {
  svg.text(14, 18, title, {{"font-size", "14"}, {"font-weight", "600"}});
  for (const Tick& t : l.x.ticks) {
    const double x = l.px(t.value);
    svg.leaf("line", {{"x1", x},
                      {"x2", x},
                      {"y1", kRowsTop},
                      {"y2", l.bottom},
                      {"stroke", "currentColor"},
                      {"stroke-opacity", "0.13"}});
    svg.text(x, l.bottom + 16, t.label, {{"text-anchor", "middle"}, {"opacity", "0.75"}});
  }
  svg.text((l.left + l.right) / 2, l.bottom + 36, label,
           {{"text-anchor", "middle"}, {"opacity", "0.85"}});
}

void draw_row_texts(SvgBuilder& svg, const Layout& l, size_t i, std::string_view label,
                    std::string_view text, size_t colour) {
  svg.open("g", {{"font-weight", "600"}, {"color", colour_of(colour)}});
  svg.text(l.left - 10, l.row(i) + 4, fitted(visible(label), kMostLabel, true),
           {{"text-anchor", "end"}});
  svg.close();
  svg.text(l.right + 12, l.row(i) + 4, text);
}

Axis interval_axis(const IntervalPlot& plot) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  const auto take = [&](double v) {
    if (!std::isfinite(v)) return;
    low = std::min(low, v);
    high = std::max(high, v);
  };
  for (const IntervalRow& r : plot.rows) {
    for (double v : {r.mean, r.low, r.high}) take(v);
    for (double v : r.points) take(v);
  }
  if (plot.zero_line) take(0);
  const double pad = 0.06 * (high - low);
  return make_axis(low - pad, high + pad, 6);
}

void draw_interval(SvgBuilder& svg, const Layout& l, size_t i, const IntervalRow& r) {
  const double y = l.row(i);
  svg.open("g", {{"stroke", colour_of(r.colour)}, {"fill", "none"}, {"stroke-width", "1.4"}});
  svg.title(str(r.label, ": ", r.text));
  for (double v : r.points)
    if (std::isfinite(v))
      svg.leaf("circle", {{"cx", l.px(v)}, {"cy", y}, {"r", "4"}, {"stroke-opacity", "0.7"}});
  if (std::isfinite(r.low) && std::isfinite(r.high)) {
    svg.leaf("path", {{"d", str("M", pixels(l.px(r.low)), ",", pixels(y), "H", pixels(l.px(r.high)),
                                "M", pixels(l.px(r.low)), ",", pixels(y - 6), "v12M",
                                pixels(l.px(r.high)), ",", pixels(y - 6), "v12")},
                      {"stroke-width", "2.2"}});
  }
  if (std::isfinite(r.mean)) {
    const std::string x = pixels(l.px(r.mean));
    svg.leaf("path", {{"d", str("M", x, ",", pixels(y - 6), "l6,6l-6,6l-6,-6Z")},
                      {"fill", colour_of(r.colour)}});
  }
  svg.close();
}
}  // namespace

std::string interval_plot(const IntervalPlot& plot) {
  const Layout l = make_layout(plot.rows, plot.width, interval_axis(plot));
  SvgBuilder svg(plot.width, l.height, str(plot.title, ": ", plot.x_label));
  draw_frame(svg, l, plot.title, plot.x_label);
  if (plot.zero_line) {
    const double x = l.px(0);
    svg.leaf("line", {{"x1", x},
                      {"x2", x},
                      {"y1", kRowsTop - 4},
                      {"y2", l.bottom},
                      {"stroke", "currentColor"},
                      {"stroke-width", "1.4"},
                      {"stroke-dasharray", "4 3"}});
    svg.text(x - 8, kRowsTop - 7, plot.below_zero,
             {{"text-anchor", "end"}, {"font-size", "11"}, {"opacity", "0.75"}});
    svg.text(x + 8, kRowsTop - 7, plot.above_zero, {{"font-size", "11"}, {"opacity", "0.75"}});
  }
  for (size_t i = 0; i < plot.rows.size(); ++i) {
    const IntervalRow& r = plot.rows[i];
    draw_row_texts(svg, l, i, r.label, r.text, r.colour);
    draw_interval(svg, l, i, r);
  }
  return svg.finish();
}

std::string bar_plot(const BarPlot& plot) {
  double most = 0;
  for (const BarRow& r : plot.rows)
    for (double v : {r.value, r.reference, r.high})
      if (std::isfinite(v)) most = std::max(most, v);
  const Layout l = make_layout(plot.rows, plot.width, make_axis(0, most > 0 ? most * 1.05 : 1, 5));
  SvgBuilder svg(plot.width, l.height, str(plot.title, ": ", plot.x_label));
  draw_frame(svg, l, plot.title, plot.x_label);
  for (size_t i = 0; i < plot.rows.size(); ++i) {
    const BarRow& r = plot.rows[i];
    const double y = l.row(i);
    draw_row_texts(svg, l, i, r.label, r.text, r.colour);
    if (std::isfinite(r.value))
      svg.leaf("rect", {{"x", l.left},
                        {"y", y - 8},
                        {"width", l.px(r.value) - l.left},
                        {"height", "16"},
                        {"rx", "2"},
                        {"fill", colour_of(r.colour)},
                        {"fill-opacity", "0.75"}});
    if (std::isfinite(r.low) && std::isfinite(r.high))
      svg.leaf("path",
               {{"d", str("M", pixels(l.px(r.low)), ",", pixels(y), "H", pixels(l.px(r.high)),
                          "m0,-5v10M", pixels(l.px(r.low)), ",", pixels(y - 5), "v10")},
                {"fill", "none"},
                {"stroke", "currentColor"},
                {"stroke-width", "1.4"}});
    if (std::isfinite(r.reference) && r.reference > 0)
      svg.leaf("line", {{"x1", l.px(r.reference)},
                        {"x2", l.px(r.reference)},
                        {"y1", y - 13},
                        {"y2", y + 13},
                        {"stroke", "currentColor"},
                        {"stroke-width", "2"}});
  }
  return svg.finish();
}
}  // namespace cambium
