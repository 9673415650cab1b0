#include "viz/plot/svg.h"

#include <cmath>

#include "core/text/fmt.h"
#include "viz/plot/text.h"

namespace cambium {
std::string pixels(double v) {
  if (!std::isfinite(v)) return "0";
  std::string s = fmt::format("{:.1f}", v);
  if (s.ends_with(".0")) s.resize(s.size() - 2);
  return s == "-0" ? "0" : s;
}

SvgBuilder::SvgBuilder(double width, double height, std::string_view label) {
  open("svg", {{"xmlns", "http://www.w3.org/2000/svg"},
               {"viewBox", str("0 0 ", pixels(width), " ", pixels(height))},
               {"width", width},
               {"height", height},
               {"role", "img"},
               {"font-size", "12"},
               {"font-family", "system-ui, Helvetica, Arial, sans-serif"},
               {"aria-label", label}});
}

void SvgBuilder::open(std::string_view element, SvgAttributes attributes) {
  leaf(element, attributes);
  out_.resize(out_.size() - 2);
  out_ += '>';
  open_.emplace_back(element);
}

void SvgBuilder::close() {
  out_ += str("</", open_.back(), ">");
  open_.pop_back();
}

void SvgBuilder::leaf(std::string_view element, SvgAttributes attributes) {
  out_ += str("<", element);
  for (const auto& [name, value] : attributes)
    out_ += str(" ", name, "=\"", escape_markup(value.text), "\"");
  out_ += "/>";
}

void SvgBuilder::title(std::string_view text) {
  out_ += str("<title>", escape_markup(text), "</title>");
}

void SvgBuilder::text(double x, double y, std::string_view text, SvgAttributes attributes) {
  out_ += str("<text x=\"", pixels(x), "\" y=\"", pixels(y), "\" fill=\"currentColor\"");
  for (const auto& [name, value] : attributes)
    out_ += str(" ", name, "=\"", escape_markup(value.text), "\"");
  out_ += str(">", escape_markup(text), "</text>");
}

std::string SvgBuilder::finish() {
  while (!open_.empty()) close();
  return std::move(out_);
}

std::string path_through(const std::vector<std::pair<double, double>>& points) {
  std::string out;
  for (const auto& [x, y] : points) out += str(out.empty() ? "M" : "L", pixels(x), ",", pixels(y));
  return out;
}
}  // namespace cambium
