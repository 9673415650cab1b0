// Graphs between the places of a line or a grid, the same for every example of a batch.
#pragma once
#include <algorithm>
#include <cmath>

#include "blocks/padding.h"

namespace cambium {
// Refuses graphs too large to be made within a second: `least` is what the edges of one example
// come to at least, `kind` what they were asked for as.
inline void check_edges(double least, int64_t batch, int64_t places, std::string_view kind) {
  constexpr double kMostOfOne = 1 << 23, kMost = 100'000'000;
  const auto refuse = [&](double edges, std::string_view of, double most) {
    throw OptionError("neighbours",
                      str("neighbours = ", kind, " makes about ", int64_t(std::min(edges, 0x1p62)),
                          " edges for ", of, " of ", places, " places, more than ", int64_t(most)),
                      "use fewer neighbours, a shorter context or a smaller batch");
  };
  if (least > kMostOfOne) refuse(least, "one example", kMostOfOne);
  if (least * double(batch) > kMost)
    refuse(least * double(batch), str("a batch of ", batch), kMost);
  require(double(places) * double(batch) <= kMostWhole, batch, " x ", places,
          " places are too many for a graph");
}

// A copy of the graph between `places` places for each of `batch` examples. `edges_of` answers the
// edges of one; it is asked here for their number, and again when the graph is needed.
inline std::shared_ptr<const LazyAdjacency> adjacency_of_batch(
    std::function<std::vector<Edge>()> edges_of, int64_t batch, int64_t places) {
  const int64_t edges = make_adjacency(places, edges_of(), false).edges;
  return std::make_shared<const LazyAdjacency>(batch * places, batch * edges, [=] {
    return repeat_adjacency(make_adjacency(places, edges_of(), false), batch);
  });
}

// The edges of a batch of places that may be padded: padding hears nobody, and nobody hears it.
// With an order [edges] each place keeps the `most` real ones of lowest order.
inline Value adjacency_of_places(Builder& b, const Stream& s,
                                 std::shared_ptr<const LazyAdjacency> all, Value order = {},
                                 int64_t most = 0) {
  const Value edges = b.graph.constant(std::move(all));
  if (!s.mask) return edges;
  const int64_t places = s.mask.shape().count();
  const Value mask = b.emit("reshape", {s.mask}, {{"shape", std::vector<int64_t>{places}}});
  if (!order) return b.emit("induced_subgraph", {edges, mask});
  return b.emit("induced_subgraph", {edges, mask, order}, {{"most", most}});
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

// Other places of a grid by how near they are to one of them.
class NearPlaces {
 public:
  NearPlaces(int64_t rows, int64_t columns, bool causal)
      : rows_(rows), columns_(columns), causal_(causal) {}

  // The k nearest to (y, x), of equally near ones those that come first; fewer where there are
  // fewer. Valid until the next call.
  std::span<const std::pair<int64_t, int64_t>> nearest(int64_t y, int64_t x, int64_t k) {
    // What lies outside of the square is further away than its half side.
    for (int64_t reach = int64_t(std::sqrt(double(k))) / 2 + 1;; reach *= 2) {
      look(y, x, reach);
      const auto inside = std::ranges::count_if(
          near_, [&](const auto& place) { return place.first <= reach * reach; });
      if (inside >= k || reach >= std::max(rows_, columns_)) break;
    }
    const auto count = std::min(size_t(k), near_.size());
    std::partial_sort(near_.begin(), near_.begin() + long(count), near_.end());
    return std::span(near_).first(count);
  }

 private:
  void look(int64_t y, int64_t x, int64_t reach) {
    near_.clear();
    for (int64_t v = std::max<int64_t>(0, y - reach); v <= std::min(rows_ - 1, y + reach); ++v)
      for (int64_t u = std::max<int64_t>(0, x - reach); u <= std::min(columns_ - 1, x + reach); ++u)
        if (causal_ ? v * columns_ + u < y * columns_ + x : v != y || u != x)
          near_.emplace_back((v - y) * (v - y) + (u - x) * (u - x), v * columns_ + u);
  }

  int64_t rows_, columns_;
  bool causal_;
  std::vector<std::pair<int64_t, int64_t>> near_;  // squared distance, place
};

// Those of them that are among the k nearest when all behind some place, itself not before this
// one, are left out: the k nearest of these lie within so many rows and columns.
inline double about_spare_edges(int64_t rows, int64_t columns, int64_t k) {
  const auto within = [&](int64_t extent) { return double(std::min(extent, 2 * k + 1)); };
  return double(rows) * double(columns) * within(rows) * within(columns);
}

inline std::vector<Edge> spare_edges(int64_t rows, int64_t columns, int64_t k, bool causal) {
  std::vector<Edge> edges;
  for (int64_t y = 0; y < rows; ++y)
    for (int64_t x = 0; x < columns; ++x)
      for (int64_t v = std::max<int64_t>(0, y - k); v <= std::min(rows - 1, y + k); ++v)
        for (int64_t u = std::max<int64_t>(0, x - k); u <= std::min(columns - 1, x + k); ++u)
          if (const int64_t from = v * columns + u, to = y * columns + x;
              causal ? from < to : from != to)
            edges.emplace_back(int32_t(from), int32_t(to));
  return edges;
}

// The squared distances of edges in a grid of `columns`, the same for each of `batch` examples:
// [batch edges].
inline Value distances(Builder& b, const Adjacency& one, int64_t columns, int64_t batch) {
  return b.table(DType::kF32, {one.edges * batch}, [&](Tensor& t) {
    for (int64_t to = 0; to < one.nodes; ++to)
      for (int32_t e = one.in.begin[size_t(to)]; e < one.in.begin[size_t(to) + 1]; ++e) {
        const int64_t from = one.in.neighbour[size_t(e)];
        const int64_t y = to / columns - from / columns, x = to % columns - from % columns;
        for (int64_t k = 0; k < batch; ++k)
          t.f32()[size_t(k * one.edges + e)] = float(y * y + x * x);
      }
  });
}

// For each place its k nearest others, by distance in the grid (one column: along the line).
// `causal`: of the places before it alone.
inline std::vector<Edge> nearest_edges(int64_t rows, int64_t columns, int64_t k, bool causal) {
  std::vector<Edge> edges;
  NearPlaces places(rows, columns, causal);
  for (int64_t y = 0; y < rows; ++y)
    for (int64_t x = 0; x < columns; ++x)
      for (const auto& [distance, place] : places.nearest(y, x, k))
        edges.emplace_back(int32_t(place), int32_t(y * columns + x));
  return edges;
}
}  // namespace cambium
