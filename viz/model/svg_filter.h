// An allow-list for SVG that another program wrote: what is not known to be harmless is dropped.
#pragma once
#include <string>
#include <string_view>

namespace cambium {
// Keeps svg, g, path, polygon, polyline, ellipse and text with their geometry and colours; turns
// dot's tooltips (<a xlink:title>) into <title>; drops comments, declarations, links, scripts,
// styles, ids and everything else with its content. Text is escaped anew. RuntimeError when the
// input is not well-formed enough to be sure.
std::string filter_svg(std::string_view svg);
}  // namespace cambium
