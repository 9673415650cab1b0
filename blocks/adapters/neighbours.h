// Graphs between the places of a line or a grid, the same for every example of a batch.
#pragma once
#include <algorithm>

#include "blocks/block.h"

namespace cambium {
// Copies the edges between `places` places for each of `batch` examples. UserError, naming `kind`,
// when they are too many.
inline std::shared_ptr<const Adjacency> adjacency_of_batch(std::span<const Edge> one, int64_t batch,
                                                           int64_t places, std::string_view kind) {
  constexpr int64_t kMostEdges = 100'000'000;
  require(int64_t(one.size()) * batch <= kMostEdges, "neighbours = ", kind, " makes ",
          int64_t(one.size()) * batch, " edges for a batch of ", batch, " x ", places,
          " tokens, more than ", kMostEdges);
  std::vector<Edge> all;
  all.reserve(one.size() * size_t(batch));
  for (int64_t k = 0; k < batch; ++k)
    for (auto [u, v] : one) all.emplace_back(u + int32_t(k * places), v + int32_t(k * places));
  return std::make_shared<const Adjacency>(make_adjacency(batch * places, all, false));
}

// The 4 or 8 places beside each place of a grid, read row by row.
inline std::vector<Edge> grid_edges(int64_t rows, int64_t columns, bool diagonals) {
  std::vector<Edge> edges;
  for (int64_t y = 0; y < rows; ++y)
    for (int64_t x = 0; x < columns; ++x)
      for (int64_t v = std::max<int64_t>(0, y - 1); v <= std::min(rows - 1, y + 1); ++v)
        for (int64_t u = std::max<int64_t>(0, x - 1); u <= std::min(columns - 1, x + 1); ++u) {
          const int64_t steps = std::abs(v - y) + std::abs(u - x);
          if (steps == 1 || (diagonals && steps == 2))
            edges.emplace_back(int32_t(v * columns + u), int32_t(y * columns + x));
        }
  return edges;
}

// For each place its k nearest others, by distance in the grid (one column: along the line); of
// equally near ones those that come first. `causal`: of the places before it alone.
inline std::vector<Edge> nearest_edges(int64_t rows, int64_t columns, int64_t k, bool causal) {
  std::vector<Edge> edges;
  // The k nearest lie within this many rows and columns, also in a corner or a narrow grid.
  const int64_t reach = k + 1;
  std::vector<std::pair<int64_t, int64_t>> near;  // squared distance, place
  for (int64_t y = 0; y < rows; ++y)
    for (int64_t x = 0; x < columns; ++x) {
      near.clear();
      for (int64_t v = std::max<int64_t>(0, y - reach); v <= std::min(rows - 1, y + reach); ++v)
        for (int64_t u = std::max<int64_t>(0, x - reach); u <= std::min(columns - 1, x + reach);
             ++u)
          if (causal ? v * columns + u < y * columns + x : v != y || u != x)
            near.emplace_back((v - y) * (v - y) + (u - x) * (u - x), v * columns + u);
      const auto count = size_t(std::min<int64_t>(k, int64_t(near.size())));
      std::partial_sort(near.begin(), near.begin() + long(count), near.end());
      for (size_t n = 0; n < count; ++n)
        edges.emplace_back(int32_t(near[n].second), int32_t(y * columns + x));
    }
  return edges;
}
}  // namespace cambium
