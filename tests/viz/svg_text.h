// What tests of plots ask of SVG text.
#pragma once
#include <charconv>
#include <regex>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "viz/model/svg_filter.h"

namespace cambium::toy {
inline size_t count(std::string_view text, std::string_view word) {
  size_t n = 0;
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++n;
  return n;
}

// Well-formed, without scripts, and with every point and path inside the picture.
inline void expect_drawable(const std::string& svg) {
  EXPECT_NO_THROW(filter_svg(svg)) << svg;
  EXPECT_EQ(count(svg, "<script"), 0u);
  std::smatch box;
  ASSERT_TRUE(std::regex_search(svg, box, std::regex("viewBox=\"0 0 ([0-9.]+) ([0-9.]+)\"")));
  const double width = std::stod(box[1]), height = std::stod(box[2]);
  const std::regex attribute(" (x|y|cx|cy|x1|x2|y1|y2)=\"([^\"]*)\"");
  for (std::sregex_iterator m(svg.begin(), svg.end(), attribute), end; m != end; ++m) {
    const std::string text = (*m)[2];
    double v = 0;
    const auto [last, fault] = std::from_chars(text.data(), text.data() + text.size(), v);
    EXPECT_TRUE(fault == std::errc() && last == text.data() + text.size()) << text;
    EXPECT_GE(v, -1e-9) << (*m)[0];
    EXPECT_LE(v, (*m)[1].str().find('x') != std::string::npos ? width : height) << (*m)[0];
  }
  const std::regex corner("[ML](-?[0-9.e+-]+),(-?[0-9.e+-]+)");
  for (std::sregex_iterator m(svg.begin(), svg.end(), corner), end; m != end; ++m) {
    const double x = std::stod((*m)[1]), y = std::stod((*m)[2]);
    EXPECT_TRUE(x >= -1e-9 && x <= width && y >= -1e-9 && y <= height) << (*m)[0];
  }
}
}  // namespace cambium::toy
