#include <algorithm>
#include <cmath>

#include "core/text/fmt.h"
#include "core/text/format.h"
#include "viz/plot/text.h"
#include "viz/plot/xy_plot.h"
#include "viz/scale/schedule_plots.h"

namespace cambium {
namespace {
using Kind = XyLayer::Kind;

constexpr size_t kStepsARing = 3;  // of those drawn: rings beside one another hide the line

XyPlot plot_of(const std::string& title, const std::string& y_label) {
  return {.title = title, .x_label = "step", .y_label = y_label, .height = 320};
}
}  // namespace

std::vector<size_t> steps_drawn(size_t n) {
  std::vector<size_t> out;
  const size_t shown = std::min(n, kMostStepsDrawn);
  for (size_t i = 0; i < shown; ++i)
    out.push_back(shown == n ? i : i * (n - 1) / (kMostStepsDrawn - 1));
  return out;
}

std::string curves_plot(const std::string& title, CurvesShown curves) {
  XyPlot plot = plot_of(title, "loss (nats)");
  std::vector<XyLayer> laws;
  for (size_t c = 0; c < curves.size(); ++c) {
    const RecordedCurve& of = *curves[c];
    XyLayer measured{
        .name = "", .colour = c, .shape = PointShape::kRing, .size = 2, .opacity = 0.5};
    XyLayer law{.kind = Kind::kLine, .name = of.name, .colour = c, .size = 1.8};
    size_t rings = 0;
    for (const size_t i : steps_drawn(of.steps.size())) {
      law.x.push_back(of.steps[i]);
      law.y.push_back(of.law[i]);
      if (std::isnan(of.losses[i]) || rings++ % kStepsARing != 0) continue;
      measured.x.push_back(of.steps[i]);
      measured.y.push_back(of.losses[i]);
      measured.tips.push_back(str(of.name, ", step ", compact(of.steps[i]), ": measured ",
                                  plain(of.losses[i]), ", the law says ", plain(of.law[i])));
    }
    plot.layers.push_back(std::move(measured));
    laws.push_back(std::move(law));
  }
  std::ranges::move(laws, std::back_inserter(plot.layers));
  return xy_plot(plot);
}

std::string curve_errors_plot(const std::string& title, CurvesShown curves) {
  XyPlot plot = plot_of(title, "law over measured, less one (%)");
  plot.height = 240;
  double low = HUGE_VAL, high = -HUGE_VAL;
  std::vector<XyLayer> lines;
  for (size_t c = 0; c < curves.size(); ++c) {
    const RecordedCurve& of = *curves[c];
    XyLayer line{.kind = Kind::kLine, .name = of.name, .colour = c, .size = 1.3};
    for (const size_t i : steps_drawn(of.steps.size())) {
      if (std::isnan(of.losses[i])) continue;
      line.x.push_back(of.steps[i]);
      line.y.push_back(100 * (of.law[i] / of.losses[i] - 1));
      low = std::min(low, of.steps[i]);
      high = std::max(high, of.steps[i]);
    }
    if (!line.x.empty()) lines.push_back(std::move(line));
  }
  if (lines.empty()) return {};
  plot.layers.push_back({.kind = Kind::kLine,
                         .name = "",
                         .colour = kInk,
                         .x = {low, high},
                         .y = {0, 0},
                         .size = 1,
                         .opacity = 0.6});
  std::ranges::move(lines, std::back_inserter(plot.layers));
  return xy_plot(plot);
}

std::string rates_plot(CurvesShown curves) {
  XyPlot plot = plot_of("Learning rates", "learning rate");
  plot.height = 240;
  for (size_t c = 0; c < curves.size(); ++c) {
    const RecordedCurve& of = *curves[c];
    XyLayer line{.kind = Kind::kLine, .name = of.name, .colour = c, .size = 1.5};
    for (const size_t i : steps_drawn(of.steps.size())) {
      line.x.push_back(of.steps[i]);
      line.y.push_back(of.rates[i]);
    }
    plot.layers.push_back(std::move(line));
  }
  return xy_plot(plot);
}
}  // namespace cambium
