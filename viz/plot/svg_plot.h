// Our plots as SVG: lines with seed bands, intervals (forest plot) and bars. They take the page's
// text colour, scale with their container, and need neither scripts nor fonts.
#pragma once
#include <limits>
#include <string>
#include <vector>

namespace cambium {
struct Curve {
  std::string name;  // shown when pointed at: "hybrid, seed 2"
  std::vector<double> x, y;
};

struct Band {
  std::vector<double> x, mean, low, high;  // equally long; low <= mean <= high
};

struct Series {
  std::string name;
  size_t colour = 0;  // place in the palette
  Band band;
  std::vector<Curve> curves;  // drawn thin behind the mean
};

struct LinePlot {
  std::string title, x_label, y_label;
  bool log_x = false, log_y = false;
  std::vector<Series> series;
  double width = 620, height = 340;
};

// Values that are not finite (or not positive on a logarithmic axis) are left out. Says "no data"
// when nothing is left.
std::string line_plot(const LinePlot& plot);

struct IntervalRow {
  std::string label, text;  // text: at the right, "+1.8 [+1.1, +2.5]"
  size_t colour = 0;
  double mean = 0, low = 0, high = 0;  // NaN low or high: no interval
  std::vector<double> points;          // single seeds, drawn as rings
};

struct IntervalPlot {
  std::string title, x_label;
  bool zero_line = false;              // a forest plot of differences
  std::string below_zero, above_zero;  // what each side means
  std::vector<IntervalRow> rows;
  double width = 620;
};

std::string interval_plot(const IntervalPlot& plot);

struct BarRow {
  std::string label, text;
  size_t colour = 0;
  double value = 0, reference = 0;  // the reference is a mark across the bar
  double low = std::numeric_limits<double>::quiet_NaN(), high = low;  // NaN: no interval
};

struct BarPlot {
  std::string title, x_label;
  std::vector<BarRow> rows;
  double width = 620;
};

std::string bar_plot(const BarPlot& plot);
}  // namespace cambium
