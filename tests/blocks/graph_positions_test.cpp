// Where nodes stand in their graph, against closed forms.
#include <numbers>

#include <gtest/gtest.h>

#include "ops/message/support/components.h"
#include "tests/support/block_case.h"

namespace cambium::graph_positions_test {
namespace {
std::vector<Edge> path(int32_t from, int32_t nodes) {
  std::vector<Edge> edges;
  for (int32_t i = 1; i < nodes; ++i) edges.emplace_back(from + i - 1, from + i);
  return edges;
}

// x . L x for the normalised Laplacian L, of column k.
double rayleigh(const Component& c, const std::vector<double>& rows, int64_t width, int64_t k) {
  double sum = 0;
  for (int64_t i = 0; i < c.size(); ++i)
    for (int32_t e = c.begin[size_t(i)]; e < c.begin[size_t(i) + 1]; ++e) {
      const int64_t j = c.neighbour[size_t(e)];
      const double a = rows[size_t(i * width + k)] / std::sqrt(double(c.degree(i)));
      const double b = rows[size_t(j * width + k)] / std::sqrt(double(c.degree(j)));
      sum += (a - b) * (a - b) / 2;
    }
  return sum;
}

// The eigenvalues of a path of n nodes are 1 - cos(pi k / (n - 1)); dense, then by Lanczos.
TEST(GraphPositions, OfAPathAreItsWaves) {
  for (int32_t n : {2, 20, 514}) {
    const Component c = components(make_adjacency(n, path(0, n)))[0];
    const int64_t width = 6, count = std::min<int64_t>(width, n - 1);
    const std::vector<double> rows = laplacian_rows(c, width);
    for (int64_t k = 0; k < width; ++k) {
      double length = 0, overlap = 0, most = 0, least = 0;
      for (int64_t i = 0; i < n; ++i) {
        const double v = rows[size_t(i * width + k)];
        length += v * v;
        overlap += v * rows[size_t(i * width)];
        most = std::max(most, v);
        least = std::min(least, v);
      }
      EXPECT_NEAR(length, k < count, 1e-9) << n << " " << k;
      if (k >= count) continue;
      EXPECT_NEAR(rayleigh(c, rows, width, k),
                  1 - std::cos(std::numbers::pi * double(k + 1) / (n - 1)), 1e-9)
          << n << " " << k;
      EXPECT_NEAR(overlap, k == 0, 1e-7) << n << " " << k;
      EXPECT_GE(most, -least - 1e-6) << n << " " << k;
    }
  }
}

TEST(GraphPositions, PartsAreFoundWhateverTheDirections) {
  std::vector<Edge> edges = path(0, 3);
  edges.emplace_back(2, 2);
  edges.emplace_back(5, 4);
  const std::vector<Component> parts = components(make_adjacency(7, edges, false));
  ASSERT_EQ(parts.size(), 4u);
  EXPECT_EQ(parts[0].nodes, (std::vector<int32_t>{0, 1, 2}));
  EXPECT_EQ(parts[0].begin, (std::vector<int32_t>{0, 1, 3, 4}));
  EXPECT_EQ(parts[0].neighbour, (std::vector<int32_t>{1, 0, 2, 1}));
  EXPECT_EQ(parts[2].nodes, (std::vector<int32_t>{4, 5}));
  EXPECT_EQ(parts[3].nodes, (std::vector<int32_t>{6}));
}

// A graph that was seen before is not computed again, wherever its nodes stand.
TEST(GraphPositions, AreComputedOnceAGraph) {
  int asked = 0;
  ComponentCache cache(
      [&](const Component& c, int64_t width) {
        ++asked;
        std::vector<double> rows;
        for (int64_t i = 0; i < c.size() * width; ++i) rows.push_back(double(i));
        return rows;
      },
      2);
  std::vector<Edge> twice = path(0, 3);
  for (Edge e : path(3, 3)) twice.push_back(e);
  std::vector<float> y(16, -1);
  cache.fill(make_adjacency(8, twice), y.data());  // two paths, two lone nodes
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(y, (std::vector<float>{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 0, 1}));
  cache.fill(make_adjacency(3, path(0, 3)), y.data());
  EXPECT_EQ(asked, 2);
}

TEST(GraphPositions, WalksReturnToATriangleByChance) {
  Graph g(builtin_ops());
  const std::vector<Edge> edges = {{0, 1}, {1, 2}, {2, 0}, {3, 4}};
  const Value a = g.constant(std::make_shared<const Adjacency>(make_adjacency(6, edges)));
  g.outputs = {{"y", port_of(g.emit("walk_returns", {a}, {{"steps", 4}}))}};
  const std::vector<double> y = interpret(g, [](const Node&) { return Ref{}; }).outputs[0].data;
  for (int64_t i = 0; i < 6; ++i) {
    const std::vector<double> triangle = {0, 1.0 / 2, 1.0 / 4, 3.0 / 8}, pair = {0, 1, 0, 1};
    for (int64_t k = 0; k < 4; ++k)
      EXPECT_NEAR(y[size_t(i * 4 + k)],
                  i < 3   ? triangle[size_t(k)]
                  : i < 5 ? pair[size_t(k)]
                          : 0,
                  1e-12)
          << i;
  }
}

TEST(GraphPositions, SignsFlipInTrainingAlone) {
  const std::string yaml = "- graph_positions: {size: 4, combine: concat}";
  const BlockCase train(yaml, Domain::kGraph, {8, 1}),
      still(yaml, Domain::kGraph, {8, 1}, {.training = false});
  BlockCase::Data leaves = train.data(1), fixed = leaves;
  fixed.erase("rng");
  const std::vector<double> want = still.run(fixed);
  int flipped = 0, kept = 0;
  for (double step = 0; step < 8; ++step) {
    leaves.at("rng")[1] = step;
    const std::vector<double> y = train.run(leaves);
    for (size_t i = 0; i < y.size(); ++i) {
      EXPECT_NEAR(std::abs(y[i]), std::abs(want[i]), 1e-12);
      if (std::abs(want[i]) > 1e-3 && i % 5 > 0) ++(y[i] * want[i] < 0 ? flipped : kept);
    }
    for (size_t i = 0; i < y.size(); i += 5) EXPECT_EQ(y[i], want[i]);  // the features stay
  }
  EXPECT_GT(flipped, 10);
  EXPECT_GT(kept, 10);
}
}  // namespace
}  // namespace cambium::graph_positions_test
