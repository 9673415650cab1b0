#include "viz/plot/legend.h"

#include "viz/plot/palette.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
constexpr double kLegendRow = 17, kKeyWidth = 24;

void draw_key(SvgBuilder& svg, const XyLayer& l, double x, double y) {
  if (l.kind == XyLayer::Kind::kPoints) {
    open_points(svg, l);
    draw_point(svg, l, x + 9, y, "");
    svg.close();
  } else if (l.kind == XyLayer::Kind::kBand) {
    svg.leaf("rect", {{"x", x},
                      {"y", y - 5},
                      {"width", "18"},
                      {"height", "10"},
                      {"fill", ink_of(l.colour)},
                      {"fill-opacity", plain(0.25 * l.opacity)}});
  } else {
    svg.leaf("line", {{"x1", x},
                      {"x2", x + 18},
                      {"y1", y},
                      {"y2", y},
                      {"stroke", ink_of(l.colour)},
                      {"stroke-width", plain(l.size)},
                      {"stroke-opacity", plain(l.opacity)},
                      {"stroke-dasharray", l.dashed ? "5 4" : "none"}});
  }
}
}  // namespace

std::string_view ink_of(size_t colour) {
  return colour == kInk ? "currentColor" : kSeriesColours[colour % kSeriesColours.size()];
}

std::string clipped_name(std::string_view name, size_t most) {
  std::string s = visible(name);
  if (s.size() <= most) return s;
  size_t end = most - 3;
  while (end > 0 && (s[end] & 0xC0) == 0x80) --end;  // not within a letter
  return s.substr(0, end) + "...";
}

void open_points(SvgBuilder& svg, const XyLayer& l) {
  const bool open = l.shape == PointShape::kRing || l.shape == PointShape::kCross;
  const std::string_view ink = ink_of(l.colour);
  svg.open("g", {{"fill", open ? "none" : ink},
                 {"stroke", open || !l.y_low.empty() || !l.x_low.empty() ? ink : "none"},
                 {"stroke-width", "1.5"},
                 {"opacity", plain(l.opacity)}});
}

void draw_point(SvgBuilder& svg, const XyLayer& l, double x, double y, std::string_view tip) {
  const std::string r = pixels(l.size), d = pixels(2 * l.size);
  std::string path;
  switch (l.shape) {
    case PointShape::kDiamond:
      path = str("M", pixels(x), ",", pixels(y - l.size), "l", r, ",", r, "l-", r, ",", r, "l-", r,
                 ",-", r, "Z");
      break;
    case PointShape::kCross:
      path = str("M", pixels(x - l.size), ",", pixels(y - l.size), "l", d, ",", d, "m0,-", d, "l-",
                 d, ",", d);
      break;
    case PointShape::kSquare:
      path = str("M", pixels(x - l.size), ",", pixels(y - l.size), "h", d, "v", d, "h-", d, "Z");
      break;
    default:
      break;
  }
  const std::string_view element = path.empty() ? "circle" : "path";
  if (tip.empty()) {
    path.empty() ? svg.leaf(element, {{"cx", x}, {"cy", y}, {"r", l.size}})
                 : svg.leaf(element, {{"d", path}});
    return;
  }
  path.empty() ? svg.open(element, {{"cx", x}, {"cy", y}, {"r", l.size}})
               : svg.open(element, {{"d", path}});
  svg.title(tip);
  svg.close();
}

double draw_legend(SvgBuilder* svg, const std::vector<XyLayer>& layers, double left, double right,
                   double top) {
  double x = left, y = top + 4;
  bool any = false;
  for (const XyLayer& l : layers) {
    if (l.name.empty() || l.x.empty()) continue;
    const std::string name = clipped_name(l.name, 60);
    const double width = kKeyWidth + text_width(name) + 12;
    if (x > left && x + width > right) {
      x = left;
      y += kLegendRow;
    }
    if (svg) {
      draw_key(*svg, l, x, y);
      svg->text(x + kKeyWidth, y + 4, name, {{"opacity", "0.85"}});
    }
    x += width;
    any = true;
  }
  return any ? y + kLegendRow - 4 : top;
}
}  // namespace cambium
