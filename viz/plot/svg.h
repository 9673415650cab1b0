// SvgBuilder: writes SVG elements with every attribute and text escaped and numbers kept short.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cambium {
// At most one digit after the point: a tenth of a pixel.
std::string pixels(double v);

struct SvgValue {  // an attribute's value, from text or a number
  std::string text;

  SvgValue(std::string_view s) : text(s) {}

  SvgValue(const char* s) : text(s) {}

  SvgValue(std::string s) : text(std::move(s)) {}

  SvgValue(double v) : text(pixels(v)) {}

  SvgValue(int v) : text(std::to_string(v)) {}
};

using SvgAttributes = std::initializer_list<std::pair<std::string_view, SvgValue>>;

class SvgBuilder {
 public:
  // An svg element that scales with its container; `label` is read by screen readers.
  SvgBuilder(double width, double height, std::string_view label);

  void open(std::string_view element, SvgAttributes attributes = {});
  void close();
  void leaf(std::string_view element, SvgAttributes attributes);
  void title(std::string_view text);  // what a pointer sees: the first child of an open element
  void text(double x, double y, std::string_view text, SvgAttributes attributes = {});

  std::string finish();  // closes what is open

 private:
  std::string out_;
  std::vector<std::string> open_;
};

// Path data through points, "M1,2L3,4".
std::string path_through(const std::vector<std::pair<double, double>>& points);
}  // namespace cambium
