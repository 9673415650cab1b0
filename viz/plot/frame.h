// Frame: the part of a plot between its axes, and where values stand in it.
#pragma once
#include <string_view>
#include <utility>
#include <vector>

#include "viz/plot/axis.h"
#include "viz/plot/svg.h"

namespace cambium {
struct Extent {  // of values that can be drawn
  double low, high;

  Extent();  // empty

  void take(double v, bool log = false);  // leaves out what is not finite, or <= 0 where log

  bool any() const { return low <= high; }

  // With `share` of itself added at both ends, of its logarithm where log.
  Extent padded(double share, bool log) const;
};

struct Frame {
  double left = 62, top = 34, right = 0, bottom = 0;  // pixels; y grows downwards
  Axis x, y;                                          // without ticks: there is nothing to draw

  double px(double v) const { return left + x.fraction(v) * (right - left); }

  double py(double v) const { return bottom - y.fraction(v) * (bottom - top); }

  bool shows(double vx, double vy) const;

  // Pixels of those pairs that can be drawn.
  std::vector<std::pair<double, double>> place(const std::vector<double>& xs,
                                               const std::vector<double>& ys) const;
};

// Grid lines of y, ticks of x, what both say, and their names.
void draw_axes(SvgBuilder& svg, const Frame& f, std::string_view x_label, std::string_view y_label);
}  // namespace cambium
