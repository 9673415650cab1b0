// Plots of layers over two axes: points, lines and bands, with a legend above them.
#pragma once
#include <string>
#include <vector>

namespace cambium {
inline constexpr size_t kInk = size_t(-1);  // a colour: that of the page's text

enum class PointShape { kDot, kRing, kDiamond, kCross, kSquare };

struct XyLayer {
  enum class Kind { kPoints, kLine, kBand };
  Kind kind = Kind::kPoints;
  std::string name;               // in the legend and where pointed at; empty: not in the legend
  size_t colour = 0;              // place in the palette, or kInk
  std::vector<double> x;          // equally long as y and, where they are not empty, the others
  std::vector<double> y;          // of a band its lower end
  std::vector<double> high = {};  // of a band its upper end
  std::vector<double> x_low = {}, x_high = {}, y_low = {}, y_high = {};  // intervals of points
  std::vector<std::string> tips = {};  // what single points say when pointed at
  PointShape shape = PointShape::kDot;
  double size = 3;  // radius of points, width of a line
  double opacity = 1;
  bool dashed = false;
};

struct XyNote {  // a word beside a place
  double x, y;
  std::string text;
};

struct XyPlot {
  std::string title, x_label, y_label;
  bool log_x = false, log_y = false;
  std::vector<XyLayer> layers;  // later ones above
  std::vector<XyNote> notes;
  std::vector<double> show_x = {}, show_y = {};  // what the axes hold beside the layers
  double width = 620, height = 380;
};

// Values that are not finite (or not positive on a logarithmic axis) are left out. Says "no data"
// when nothing is left. Notes give way to one another and stay inside.
std::string xy_plot(const XyPlot& plot);

// The points of a line that goes by right angles: first along x, or first along y.
enum class StepFirst { kAlongX, kAlongY };
void make_steps(std::vector<double>& x, std::vector<double>& y, StepFirst first);

// Whether values are all positive and spread over so many times their least that a logarithmic axis
// shows more.
bool wants_log(const std::vector<double>& values, double times = 30);
}  // namespace cambium
