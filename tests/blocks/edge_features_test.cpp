// gin with edges: what an edge carries goes into its message.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "blocks/model.h"
#include "core/rng.h"
#include "ops/ops.h"

namespace cambium {
namespace {
constexpr int64_t kNodes = 6, kChannels = 3, kFeatures = 2, kMostEdges = 20;
const std::vector<Edge> kEdges = {{0, 1}, {1, 2}, {2, 3}, {3, 0}, {0, 2}, {4, 1}};

// What an edge carries, by its ends: not the same both ways.
double carried(int32_t source, int32_t target, int64_t feature) {
  return std::sin(1.0 + 3.0 * source + 7.0 * target + 2.0 * double(feature));
}

struct Model {
  Graph graph{builtin_ops()};

  explicit Model(const std::string& yaml) {
    const Stream in =
        build_input(graph, {.domain = Domain::kGraph,
                            .x = {DType::kF32, {kNodes, kChannels}},
                            .adjacency = {DType::kAdjacency, {kNodes, kNodes, kMostEdges}},
                            .edges = ValueType{DType::kF32, {kMostEdges, kFeatures}}});
    const Vars vars;
    Builder builder(graph, vars, false);
    const Stream out = build_model(builder, parse_yaml(yaml, "model.yaml"), nullptr, in);
    graph.outputs = {{"y", port_of(out.x)}};
  }

  // Weights are functions of their names alone.
  static std::vector<double> weights(const std::string& name, int64_t count) {
    Random random(1, stream_of(name));
    std::vector<double> out;
    for (int64_t i = 0; i < count; ++i) out.push_back(0.5 * random.normal());
    return out;
  }

  // Of node i, the number node_of[i]; rows behind the last edge hold `tail`.
  std::vector<double> run(const std::vector<double>& x, const Adjacency& a,
                          const std::vector<int32_t>& node_of, double tail = 0) const {
    std::vector<double> edges(size_t(kMostEdges * kFeatures), tail);
    for (int32_t i = 0; i < kNodes; ++i)
      for (int32_t e = a.in.begin[size_t(i)]; e < a.in.begin[size_t(i) + 1]; ++e)
        for (int64_t f = 0; f < kFeatures; ++f)
          edges[size_t(e * kFeatures + f)] =
              carried(node_of[size_t(a.in.neighbour[size_t(e)])], node_of[size_t(i)], f);
    const auto leaves = [&](const Node& n) {
      if (n.outputs[0].dtype == DType::kAdjacency) return Ref{{}, &a};
      if (n.scope.path == "x") return Ref{x};
      if (n.scope.path == "edges") return Ref{edges};
      return Ref{weights(n.scope.path, n.outputs[0].shape.count())};
    };
    return interpret(graph, leaves).outputs[0].data;
  }
};

const std::vector<int32_t> kSame = {0, 1, 2, 3, 4, 5};

std::vector<double> nodes_of(const std::vector<int32_t>& node_of) {
  std::vector<double> x;
  for (const int32_t i : node_of)
    for (int64_t c = 0; c < kChannels; ++c) x.push_back(std::cos(5.0 * i + double(c)));
  return x;
}

// y = relu(((1 + eps) x_i + sum_j relu(x_j + e_ji W + d)) W_inner + b) W_outer + c, loop by loop.
TEST(Gine, IsItsFormula) {
  const Model model("- gin: {width: 4, hidden: 5, edges: true}");
  const Adjacency a = make_adjacency(kNodes, kEdges);
  const std::vector<double> x = nodes_of(kSame);
  const auto w = [](const char* name, int64_t n) { return Model::weights(str("gin.", name), n); };
  const std::vector<double> edge = w("edge.weight", kFeatures * kChannels),
                            edge_bias = w("edge.bias", kChannels), eps = w("eps", 1),
                            inner = w("inner.weight", kChannels * 5),
                            inner_bias = w("inner.bias", 5), outer = w("outer.weight", 5 * 4),
                            outer_bias = w("outer.bias", 4);
  std::vector<double> expected;
  for (int32_t i = 0; i < kNodes; ++i) {
    std::vector<double> sum(kChannels), hidden = inner_bias, y = outer_bias;
    for (int64_t c = 0; c < kChannels; ++c) sum[size_t(c)] = (1 + eps[0]) * x[size_t(i * 3 + c)];
    for (int32_t e = a.in.begin[size_t(i)]; e < a.in.begin[size_t(i) + 1]; ++e) {
      const int32_t j = a.in.neighbour[size_t(e)];
      for (int64_t c = 0; c < kChannels; ++c) {
        double m = x[size_t(j * 3 + c)] + edge_bias[size_t(c)];
        for (int64_t f = 0; f < kFeatures; ++f)
          m += carried(j, i, f) * edge[size_t(f * kChannels + c)];
        sum[size_t(c)] += std::max(m, 0.0);
      }
    }
    for (size_t h = 0; h < 5; ++h) {
      for (size_t c = 0; c < 3; ++c) hidden[h] += sum[c] * inner[c * 5 + h];
      for (size_t k = 0; k < 4; ++k) y[k] += std::max(hidden[h], 0.0) * outer[h * 4 + k];
    }
    expected.insert(expected.end(), y.begin(), y.end());
  }
  const std::vector<double> got = model.run(x, a, kSame);
  ASSERT_EQ(got.size(), expected.size());
  for (size_t k = 0; k < got.size(); ++k) EXPECT_NEAR(got[k], expected[k], 1e-12) << k;
}

TEST(Gine, FollowsARenumberingOfTheNodes) {
  const Model model("- gin: {width: 4, edges: true}\n- gin: {width: 2, norm: layer, edges: true}");
  const std::vector<int32_t> to = {3, 5, 0, 1, 4, 2};
  std::vector<int32_t> node_of(kNodes);
  for (int32_t i = 0; i < kNodes; ++i) node_of[size_t(to[size_t(i)])] = i;
  std::vector<Edge> moved;
  for (const Edge& e : kEdges) moved.emplace_back(to[size_t(e.first)], to[size_t(e.second)]);
  const Adjacency a = make_adjacency(kNodes, kEdges), b = make_adjacency(kNodes, moved);
  const std::vector<double> y = model.run(nodes_of(kSame), a, kSame),
                            py = model.run(nodes_of(node_of), b, node_of);
  for (size_t i = 0; i < kNodes; ++i)
    for (size_t k = 0; k < 2; ++k) EXPECT_NEAR(y[i * 2 + k], py[size_t(to[i]) * 2 + k], 1e-9);
  EXPECT_NE(y, model.run(nodes_of(kSame), a, node_of));  // the edges count
}

TEST(Gine, RowsBehindTheLastEdgeDoNotCount) {
  const Model model("- gin: {width: 4, edges: true}");
  const Adjacency a = make_adjacency(kNodes, kEdges);
  ASSERT_LT(a.edges, kMostEdges);
  EXPECT_EQ(model.run(nodes_of(kSame), a, kSame), model.run(nodes_of(kSame), a, kSame, 1e6));
}
}  // namespace
}  // namespace cambium
