// Colours: one palette for all plots and pictures, readable with every common colour blindness
// (Okabe and Ito 2008, "Color Universal Design"), and from the eighth series on with most (Tol
// 2021, "Colour Schemes", muted).
#pragma once
#include <array>
#include <string_view>

namespace cambium {
inline constexpr std::array<std::string_view, 16> kSeriesColours = {
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#332288",
    "#882255", "#117733", "#aa4499", "#999933", "#44aa99", "#cc6677", "#661100", "#ddcc77"};

// What a box of a model's picture stands for.
enum class Tint { kGrid, kTokens, kGraph, kVector, kAdapter, kReorder, kPlain };

struct TintStyle {
  std::string_view name, meaning, fill, frame, stroke;  // frame: the faint fill of an open box
};

constexpr TintStyle style_of(Tint t) {
  constexpr TintStyle styles[] = {
      {"grid", "grid, convolution", "#dcebf7", "#f4f9fd", "#0072b2"},
      {"tokens", "tokens, attention", "#fcedcb", "#fefaf0", "#b97a00"},
      {"graph", "graph, message passing", "#d3f0e6", "#f1faf7", "#008060"},
      {"vector", "one vector an example", "#e8eaee", "#f7f8fa", "#6b7280"},
      {"adapter", "adapter between domains", "#f6dcea", "#fdf5f9", "#a8457d"},
      {"reorder", "copy into another order", "#fbd9d6", "#fdf3f2", "#c62828"},
      {"plain", "input, output", "#ffffff", "#ffffff", "#444b57"}};
  return styles[size_t(t)];
}

// From cold to hot: ColorBrewer's OrRd, its dark end lightened for dark text (Harrower and
// Brewer 2003).
inline constexpr std::array<std::string_view, 6> kHeatColours = {"#fff7ec", "#fee8c8", "#fdd49e",
                                                                 "#fdbb84", "#fc9d6a", "#f67d57"};
}  // namespace cambium
