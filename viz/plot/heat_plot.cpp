#include "viz/plot/heat_plot.h"

#include <algorithm>
#include <cmath>

#include "viz/plot/palette.h"
#include "viz/plot/svg.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
constexpr double kCellHeight = 26, kLabelMost = 170, kHeadMost = 150, kSlant = 0.707;

std::string_view heat_of(double share) {
  const auto last = double(kHeatColours.size() - 1);
  return kHeatColours[size_t(std::lround(std::clamp(share, 0.0, 1.0) * last))];
}

// Whole percents, but never 0 or 100 for what is neither.
std::string percent_of(double share) {
  if (share > 0 && share < 0.005) return "<1";
  if (share < 1 && share > 0.995) return ">99";
  return fixed(100 * share, 0);
}

void draw_cells(SvgBuilder& svg, const HeatPlot& plot, double left, double top, double cell) {
  for (size_t r = 0; r < plot.rows.size(); ++r)
    for (size_t c = 0; c < plot.columns.size(); ++c) {
      const double v = plot.values[r * plot.columns.size() + c];
      if (!std::isfinite(v)) continue;
      const double x = left + cell * double(c), y = top + kCellHeight * double(r);
      svg.open("g", {{"color", "#1d222b"}});
      svg.title(str(plot.rows[r], ", ", plot.columns[c], ": ", fixed(100 * v, 1), " %"));
      svg.leaf("rect", {{"x", x + 0.5},
                        {"y", y + 0.5},
                        {"width", cell - 1},
                        {"height", kCellHeight - 1},
                        {"rx", "2"},
                        {"fill", heat_of(v)}});
      if (cell >= 22)
        svg.text(x + cell / 2, y + kCellHeight / 2 + 4, percent_of(v),
                 {{"text-anchor", "middle"}, {"font-size", "11"}});
      svg.close();
    }
}
}  // namespace

std::string heat_plot(const HeatPlot& plot) {
  double label = 40, head = 20;
  for (const std::string& r : plot.rows)
    label = std::max(label, std::min(kLabelMost, text_width(visible(r))));
  for (const std::string& c : plot.columns)
    head = std::max(head, std::min(kHeadMost, text_width(visible(c))));
  // Names of columns are written slanted, up and to the right.
  const double left = label + 28, top = 34 + head * kSlant + 14, over = head * kSlant + 8;
  const double n = double(std::max<size_t>(1, plot.columns.size()));
  const double cell = std::clamp((plot.width - left - over) / n, 14.0, 64.0);
  const double height = top + kCellHeight * double(plot.rows.size()) + 30;
  SvgBuilder svg(plot.width, height, str(plot.title, ": ", plot.y_label, " by ", plot.x_label));
  svg.text(14, 18, plot.title, {{"font-size", "14"}, {"font-weight", "600"}});
  if (plot.rows.empty() || plot.columns.empty()) {
    svg.text(plot.width / 2, top, "no data", {{"text-anchor", "middle"}});
    return svg.finish();
  }
  for (size_t c = 0; c < plot.columns.size(); ++c) {
    const double x = left + cell * (double(c) + 0.5), y = top - 8;
    svg.text(x, y, fitted(visible(plot.columns[c]), kHeadMost),
             {{"transform", str("rotate(-45 ", pixels(x), " ", pixels(y), ")")},
              {"font-weight", c < plot.strong.size() && plot.strong[c] ? "700" : "400"}});
  }
  for (size_t r = 0; r < plot.rows.size(); ++r)
    svg.text(left - 8, top + kCellHeight * (double(r) + 0.5) + 4,
             fitted(visible(plot.rows[r]), kLabelMost), {{"text-anchor", "end"}});
  draw_cells(svg, plot, left, top, cell);
  svg.text(left, height - 8, str("percent; ", plot.y_label, " down, ", plot.x_label, " across"),
           {{"font-size", "11"}, {"opacity", "0.75"}});
  return svg.finish();
}
}  // namespace cambium
