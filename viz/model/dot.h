// A model's picture in Graphviz's language. Every user-given text goes through one of two builders:
// dot_quote() for attributes and escape_markup() for labels; no URL is ever written.
#pragma once
#include "viz/model/model_picture.h"

namespace cambium {
// A quoted DOT string: backslashes doubled (so that \N and \G do not expand), quotes, newlines and
// ampersands (entities) escaped, hidden characters shown.
std::string dot_quote(std::string_view s);

// Text on the legend's swatches, which stay light on a dark page.
inline constexpr std::string_view kLegendInk = "#3c4350";

struct DotOptions {
  bool legend = true;
  bool title = true;
};

// Deterministic: equal pictures, equal bytes.
std::string to_dot(const ModelPicture& m, const DotOptions& options = {});
}  // namespace cambium
