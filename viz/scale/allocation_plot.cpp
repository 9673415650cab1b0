#include <cmath>

#include "core/text/format.h"
#include "viz/plot/text.h"
#include "viz/plot/xy_plot.h"
#include "viz/scale/scale_plots.h"

namespace cambium {
namespace {
void add_share(XyPlot& plot, const ScaleAllocationLine& l, bool params) {
  const size_t colour = params ? 0 : 1;
  plot.layers.push_back({.kind = XyLayer::Kind::kBand,
                         .name = "",
                         .colour = colour,
                         .x = l.flops,
                         .y = params ? l.params_low : l.tokens_low,
                         .high = params ? l.params_high : l.tokens_high,
                         .opacity = 1.4});
  plot.layers.push_back({.kind = XyLayer::Kind::kLine,
                         .name = params ? "parameters N*(C)" : "tokens D*(C)",
                         .colour = colour,
                         .x = l.flops,
                         .y = params ? l.params : l.tokens,
                         .size = 2});
}

void add_marks(XyPlot& plot, const ScaleLaw& g, bool params) {
  XyLayer marks{.name = "",
                .colour = params ? size_t(0) : size_t(1),
                .shape = params ? PointShape::kDot : PointShape::kSquare,
                .size = 3.5};
  for (const ScaleAllocation& a : g.allocations) {
    const ScaleSpan& of = params ? a.params : a.tokens;
    marks.x.push_back(a.flops);
    marks.y.push_back(of.value);
    marks.y_low.push_back(of.interval.low);
    marks.y_high.push_back(of.interval.high);
    marks.tips.push_back(str(params ? "N* " : "D* ", compact(of.value), " [",
                             compact(of.interval.low), ", ", compact(of.interval.high), "] at ",
                             scientific(a.flops, 2), " FLOPs"));
  }
  plot.layers.push_back(std::move(marks));
}

// Where runs of one compute have their least loss, which knows of no law.
void add_minima(XyPlot& plot, const ScaleLaw& g, bool params) {
  XyLayer minima{.name = params ? "minima of equal compute" : "",
                 .colour = params ? size_t(0) : size_t(1),
                 .shape = PointShape::kRing,
                 .size = 4};
  for (const ScaleMinimum& m : g.minima) {
    const ScaleSpan& of = params ? m.params : m.tokens;
    minima.x.push_back(m.flops);
    minima.y.push_back(of.value);
    minima.y_low.push_back(of.interval.low);
    minima.y_high.push_back(of.interval.high);
  }
  plot.layers.push_back(std::move(minima));
}
}  // namespace

std::string allocation_plot(const ScaleLaw& g) {
  XyPlot plot{.title = "Where compute is best put",
              .x_label = quantity_label("flops"),
              .y_label = "parameters, tokens",
              .log_x = true,
              .log_y = true,
              .height = 340};
  for (bool params : {true, false}) add_share(plot, g.allocation_line, params);
  for (bool params : {true, false}) add_marks(plot, g, params);
  for (bool params : {true, false}) add_minima(plot, g, params);
  return xy_plot(plot);
}
}  // namespace cambium
