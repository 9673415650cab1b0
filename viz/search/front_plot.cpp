#include <algorithm>
#include <cmath>

#include "viz/plot/text.h"
#include "viz/plot/xy_plot.h"
#include "viz/search/search_plots.h"

namespace cambium {
namespace {
struct FrontAxes {
  const SearchRecord& s;
  size_t on_x, on_y;

  const RecordedObjective& ox() const { return s.objectives[on_x]; }

  const RecordedObjective& oy() const { return s.objectives[on_y]; }
};

std::string tip_of(const FrontAxes& a, const RecordedTrial& t) {
  return str("trial ", t.number, ", ", a.s.name_of(t), ": ", a.oy().name, " ",
             plain(t.results[a.on_y]), ", ", a.ox().name, " ", plain(t.results[a.on_x]));
}

void add(XyLayer& l, const FrontAxes& a, const RecordedTrial& t) {
  l.x.push_back(t.results[a.on_x]);
  l.y.push_back(t.results[a.on_y]);
  l.tips.push_back(tip_of(a, t));
}

// The outline of what is dominated, between the corners that the reference gives where it is drawn.
XyLayer staircase(const FrontAxes& a, std::vector<std::pair<double, double>> points,
                  bool to_reference) {
  std::ranges::sort(points);
  const bool less_x = !a.ox().maximize;
  if (to_reference && !points.empty()) {
    const std::pair<double, double> down = {0, a.oy().reference}, along = {a.ox().reference, 0};
    const std::pair<double, double> first = points.front(), last = points.back();
    points.insert(points.begin(), less_x ? std::pair(first.first, down.second)
                                         : std::pair(along.first, first.second));
    points.push_back(less_x ? std::pair(along.first, last.second)
                            : std::pair(last.first, down.second));
  }
  XyLayer l{.kind = XyLayer::Kind::kLine};
  for (const auto& [x, y] : points) {
    l.x.push_back(x);
    l.y.push_back(y);
  }
  make_steps(l.x, l.y, less_x ? StepFirst::kAlongX : StepFirst::kAlongY);
  return l;
}

// Whether the reference lies so near to the trials that they still fill the plot.
bool reference_near(const FrontAxes& a) {
  for (const size_t m : {a.on_x, a.on_y}) {
    const double r = a.s.objectives[m].reference;
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (const RecordedTrial& t : a.s.trials) {
      if (!t.qualifies()) continue;
      low = std::min(low, t.results[m]);
      high = std::max(high, t.results[m]);
    }
    if (!std::isfinite(r) || low > high) return false;
    const double room = 0.6 * (high - low);
    if (r < low - room || r > high + room) return false;
  }
  return true;
}

void add_trials(XyPlot& plot, const FrontAxes& a) {
  XyLayer others{.name = "other trials", .colour = 0, .size = 2.6, .opacity = 0.45};
  XyLayer stopped{.name = "not continued from a rung",
                  .colour = 6,
                  .shape = PointShape::kRing,
                  .size = 2.4,
                  .opacity = 0.55};
  XyLayer broken{.name = "break where:",
                 .colour = 6,
                 .shape = PointShape::kCross,
                 .size = 2.6,
                 .opacity = 0.7};
  std::vector<bool> in_front(a.s.trials.size());
  for (const size_t i : a.s.front) in_front[i] = true;
  const size_t every = 1 + a.s.trials.size() / kMostPointsDrawn;
  for (size_t i = 0; i < a.s.trials.size(); ++i) {
    const RecordedTrial& t = a.s.trials[i];
    if (in_front[i] || i % every != 0) continue;
    add(t.violation > 0 ? broken : t.whole() ? others : stopped, a, t);
  }
  for (XyLayer* l : {&stopped, &others, &broken}) plot.layers.push_back(std::move(*l));
}

std::string_view last_word(std::string_view path) {
  return path.substr(path.rfind('.') + 1);
}

// On the axis of the first objective, which another part of the data may judge.
void add_finalists(XyPlot& plot, const FrontAxes& a) {
  if (a.on_y != 0 || last_word(a.s.judged_in) != last_word(a.oy().name)) return;
  XyLayer l{.name = str("finalists: ", a.s.judged_in, ", mean and 95 % interval of ", a.s.trainings,
                        " trainings"),
            .colour = 2,
            .shape = PointShape::kDiamond,
            .size = 5};
  for (const RecordedFinalist& f : a.s.finalists) {
    const auto t = std::ranges::find(a.s.trials, f.trial, &RecordedTrial::number);
    if (!std::isfinite(f.mean) || t == a.s.trials.end()) continue;
    const std::optional<Interval> interval = t_interval(f.trainings);
    l.x.push_back(t->results[a.on_x]);
    l.y.push_back(f.mean);
    l.y_low.push_back(interval ? interval->low : kUnknown);
    l.y_high.push_back(interval ? interval->high : kUnknown);
    l.tips.push_back(str(f.name, ": mean ", plain(f.mean), ", the search saw ", plain(f.seen)));
  }
  plot.layers.push_back(std::move(l));
}

// As people know it: a finalist by its name, rows of a table by their key.
std::string name_of(const SearchRecord& s, const RecordedTrial& t) {
  const auto f = std::ranges::find(s.finalists, t.number, &RecordedFinalist::trial);
  if (f != s.finalists.end()) return f->name;
  return s.rows > 0 ? t.key : str("trial ", t.number);
}

void add_front(XyPlot& plot, const FrontAxes& a, bool near) {
  XyLayer dots{.name = a.s.objectives.size() == 2 ? "" : "front", .colour = 1, .size = 3.6};
  std::vector<std::pair<double, double>> points;
  for (const size_t i : a.s.front) {
    add(dots, a, a.s.trials[i]);
    points.emplace_back(dots.x.back(), dots.y.back());
  }
  if (a.s.objectives.size() == 2) {
    XyLayer steps = staircase(a, points, near);
    steps.name = "front of the trials";
    steps.colour = 1;
    steps.size = 2;
    plot.layers.push_back(std::move(steps));
  }
  plot.layers.push_back(std::move(dots));
  if (a.s.front.empty()) return;
  for (const size_t i : {a.s.front.front(), a.s.front.back()}) {
    const RecordedTrial& t = a.s.trials[i];
    plot.notes.push_back({t.results[a.on_x], t.results[a.on_y], name_of(a.s, t)});
    if (a.s.front.size() == 1) break;
  }
}
}  // namespace

std::string axis_label(const RecordedObjective& o) {
  return str(o.name, o.maximize ? " (more is better)" : " (less is better)");
}

std::string front_plot(const SearchRecord& s, size_t on_x, size_t on_y) {
  const FrontAxes a{s, on_x, on_y};
  std::vector<double> xs;
  for (const RecordedTrial& t : s.trials) xs.push_back(t.results[on_x]);
  XyPlot plot{.title = str(s.objectives[on_y].name, " against ", s.objectives[on_x].name),
              .x_label = axis_label(a.ox()),
              .y_label = axis_label(a.oy()),
              .log_x = wants_log(xs)};
  const bool near = s.objectives.size() == 2 && reference_near(a);
  if (s.objectives.size() == 2 && !s.front_of_table.empty()) {
    std::vector<std::pair<double, double>> points;
    for (const std::vector<double>& p : s.front_of_table) points.emplace_back(p[on_x], p[on_y]);
    XyLayer exact = staircase(a, points, near);
    exact.name = "exact front of the table";
    exact.colour = kInk;
    exact.size = 1.3;
    exact.opacity = 0.55;
    exact.dashed = true;
    plot.layers.push_back(std::move(exact));
  }
  add_trials(plot, a);
  add_front(plot, a, near);
  add_finalists(plot, a);
  if (near)
    plot.layers.push_back({.name = "reference point",
                           .colour = kInk,
                           .x = {a.ox().reference},
                           .y = {a.oy().reference},
                           .shape = PointShape::kSquare,
                           .size = 4});
  return xy_plot(plot);
}
}  // namespace cambium
