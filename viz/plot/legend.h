// What the layers of a plot are drawn with, and the legend that says so. Internal to plots.
#pragma once
#include <string_view>

#include "viz/plot/svg.h"
#include "viz/plot/xy_plot.h"

namespace cambium {
std::string_view ink_of(size_t colour);  // of the palette, or the page's text colour

// Opens the group that holds its points.
void open_points(SvgBuilder& svg, const XyLayer& l);
void draw_point(SvgBuilder& svg, const XyLayer& l, double x, double y, std::string_view tip);

// At most `most` letters, with dots where more were.
std::string clipped_name(std::string_view name, size_t most);

// Names of layers that have one, in rows from left to right; answers where the next row would be.
// Without `svg` nothing is drawn.
double draw_legend(SvgBuilder* svg, const std::vector<XyLayer>& layers, double left, double right,
                   double top);
}  // namespace cambium
