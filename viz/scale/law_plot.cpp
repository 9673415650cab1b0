#include <algorithm>
#include <cmath>

#include "core/text/format.h"
#include "viz/plot/text.h"
#include "viz/plot/xy_plot.h"
#include "viz/scale/scale_plots.h"

namespace cambium {
namespace {
using Kind = XyLayer::Kind;

// Intervals may reach far beyond what was measured and would leave the curve no room.
struct Window {
  double low = HUGE_VAL, high = 0;

  void take(double v) {
    if (!(v > 0) || !std::isfinite(v)) return;
    low = std::min(low, v);
    high = std::max(high, v);
  }

  double inside(double v) const {
    const double room = std::pow(std::max(high / low, 1.02), 0.35);
    return std::isnan(v) ? v : std::clamp(v, low / room, high * room);
  }
};

Window window_of(const ScaleRecord& s, const ScaleLaw& g) {
  Window w;
  w.take(s.own_loss);
  for (const ScaleRun& r : g.points) w.take(r.measured);
  for (const ScaleHeldOut& h : g.held_out) {
    w.take(h.run.measured);
    w.take(h.foretold.value);
  }
  for (const ScaleLine& l : g.lines)
    if (l.fixed != "best_split")
      for (double v : l.said) w.take(v);
  return w;
}

void add_line(XyPlot& plot, const ScaleLine& l, const Window& w, std::string_view quantity,
              size_t colour, bool single) {
  XyLayer run{.kind = Kind::kBand,
              .name = single ? "95 % of new runs" : "",
              .colour = colour,
              .x = l.along(quantity),
              .opacity = 0.55};
  XyLayer curve{.kind = Kind::kBand,
                .name = single ? "95 % interval of the curve" : "",
                .colour = colour,
                .x = run.x,
                .opacity = 1.6};
  XyLayer line{
      .kind = Kind::kLine, .name = line_name(l), .colour = colour, .x = run.x, .size = 1.8};
  for (size_t i = 0; i < l.said.size(); ++i) {
    run.y.push_back(w.inside(l.run_low[i]));
    run.high.push_back(w.inside(l.run_high[i]));
    curve.y.push_back(w.inside(l.curve_low[i]));
    curve.high.push_back(w.inside(l.curve_high[i]));
    line.y.push_back(w.inside(l.said[i]));
  }
  plot.layers.push_back(std::move(run));
  plot.layers.push_back(std::move(curve));
  plot.layers.push_back(std::move(line));
}

// A run far from every line must not be read as one of the line's.
bool lies_on(const ScaleLine& l, const ScaleRun& run) {
  if (!(l.at > 0)) return true;
  const double here = l.fixed == "tokens" ? run.tokens : run.tokens / run.params;
  return std::abs(std::log(here / l.at)) < 0.2;
}

void add_runs(XyPlot& plot, const ScaleLaw& g, std::string_view quantity, size_t lines) {
  std::vector<XyLayer> of(std::max<size_t>(1, lines));
  for (size_t i = 0; i < of.size(); ++i) {
    of[i].colour = i;
    of[i].name = lines > 1 ? "" : "runs";
    of[i].size = 2.8;
    of[i].opacity = 0.85;
  }
  XyLayer off{.name = "runs off these lines",
              .colour = kInk,
              .shape = PointShape::kRing,
              .size = 2.6,
              .opacity = 0.6};
  const size_t every = 1 + g.points.size() / kMostRunsDrawn;
  for (size_t i = 0; i < g.points.size(); i += every) {
    const ScaleRun& r = g.points[i];
    const size_t nearest = std::min(nearest_line(g, r), of.size() - 1);
    XyLayer& l = lines > 1 && !lies_on(g.lines[nearest], r) ? off : of[nearest];
    l.x.push_back(r.along(quantity));
    l.y.push_back(r.measured);
    l.tips.push_back(str(quantity_label(quantity), " ", compact(r.along(quantity)), ", measured ",
                         plain(r.measured), ", the law says ", plain(r.said)));
  }
  for (XyLayer& l : of) plot.layers.push_back(std::move(l));
  if (!off.x.empty()) plot.layers.push_back(std::move(off));
}

void add_held_out(XyPlot& plot, const ScaleLaw& g, std::string_view quantity) {
  XyLayer foretold{.name = "foretold, and 95 % of new runs",
                   .colour = kInk,
                   .shape = PointShape::kCross,
                   .size = 4};
  XyLayer measured{
      .name = "held out, measured", .colour = kInk, .shape = PointShape::kDiamond, .size = 5};
  for (const ScaleHeldOut& h : g.held_out) {
    const double x = h.run.along(quantity);
    foretold.x.push_back(x);
    foretold.y.push_back(h.foretold.value);
    foretold.y_low.push_back(h.foretold.run.low);
    foretold.y_high.push_back(h.foretold.run.high);
    measured.x.push_back(x);
    measured.y.push_back(h.run.measured);
    measured.tips.push_back(str("held out: measured ", plain(h.run.measured), ", foretold ",
                                plain(h.foretold.value), ", ", h.inside, " of ", h.runs,
                                " inside"));
  }
  plot.layers.push_back(std::move(measured));
  plot.layers.push_back(std::move(foretold));
}

// The data's own loss, which no law's floor can truly lie away from.
void add_own_loss(XyPlot& plot, const ScaleRecord& s, const ScaleLaw& g,
                  std::string_view quantity) {
  if (!std::isfinite(s.own_loss)) return;
  Window across;
  for (const ScaleRun& r : g.points) across.take(r.along(quantity));
  for (const ScaleLine& l : g.lines)
    if (l.fixed != "best_split")
      for (double x : l.along(quantity)) across.take(x);
  if (across.high > 0)
    plot.layers.push_back({.kind = Kind::kLine,
                           .name = s.own_name,
                           .colour = kInk,
                           .x = {across.low, across.high},
                           .y = {s.own_loss, s.own_loss},
                           .size = 1.4,
                           .dashed = true});
}
}  // namespace

std::string quantity_label(std::string_view quantity) {
  return quantity == "params"   ? "parameters N"
         : quantity == "tokens" ? "training tokens D"
         : quantity == "flops"  ? "training FLOPs C"
         : quantity == "loss"   ? "loss (nats)"
                                : std::string(quantity);
}

std::string line_name(const ScaleLine& l) {
  if (l.fixed == "tokens_per_param")
    return str(fixed(l.at, l.at < 9.95 ? 1 : 0), " tokens per parameter");
  if (l.fixed == "tokens") return compact(l.at) + " tokens";
  if (l.fixed == "tied") return "the law along the runs";
  return l.fixed == "best_split" ? "the law at the best split of compute" : "the law";
}

size_t nearest_line(const ScaleLaw& g, const ScaleRun& run) {
  size_t nearest = 0;
  double least = HUGE_VAL;
  for (size_t i = 0; i < g.lines.size(); ++i) {
    const ScaleLine& l = g.lines[i];
    if (!(l.at > 0)) continue;
    const double here = l.fixed == "tokens" ? run.tokens : run.tokens / run.params;
    const double distance = std::abs(std::log(here / l.at));
    if (distance < least) {
      least = distance;
      nearest = i;
    }
  }
  return nearest;
}

std::string law_plot(const ScaleRecord& s, const ScaleLaw& g) {
  const std::string quantity = s.needs.empty() ? "params" : s.needs.front();
  XyPlot plot{.title = str(s.answers == "loss" ? "Loss" : "Error", " and law ", s.law),
              .x_label = quantity_label(quantity),
              .y_label = quantity_label(s.answers),
              .log_x = true,
              .log_y = true,
              .height = 420};
  size_t lines = 0;
  for (const ScaleLine& l : g.lines) lines += l.fixed != "best_split";
  const Window window = window_of(s, g);
  if (window.high > 0)
    for (size_t i = 0; i < lines; ++i) add_line(plot, g.lines[i], window, quantity, i, lines == 1);
  add_runs(plot, g, quantity, lines);
  add_held_out(plot, g, quantity);
  add_own_loss(plot, s, g, quantity);
  return xy_plot(plot);
}
}  // namespace cambium
