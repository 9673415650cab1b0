// Graph blocks with edges: what an edge carries goes into its message, its gate or its score.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "blocks/compose/model.h"
#include "core/rng.h"
#include "ops/ops.h"

namespace cambium::edge_features_test {
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
        build_input(graph, {Domain::kGraph,
                            {{"x", {DType::kF32, {kNodes, kChannels}}},
                             {"edges", {DType::kF32, {kMostEdges, kFeatures}}},
                             {"adjacency", {DType::kAdjacency, {kNodes, kNodes, kMostEdges}}}}});
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

// [rows,columns] at the front of `w` times x.
std::vector<double> times(const std::vector<double>& x, const std::vector<double>& w) {
  const size_t columns = w.size() / x.size();
  std::vector<double> y(columns);
  for (size_t i = 0; i < x.size(); ++i)
    for (size_t k = 0; k < columns; ++k) y[k] += x[i] * w[i * columns + k];
  return y;
}

// The numbers of one example, by the names of the papers.
class Example {
 public:
  explicit Example(std::string block) : block_(std::move(block)) {}

  std::vector<double> node(int32_t i) const { return {x.begin() + 3 * i, x.begin() + 3 * i + 3}; }

  // What the edge j -> i carries; where the graph lacks the loop i -> i, the mean of what reaches
  // i.
  std::vector<double> edge(int32_t j, int32_t i) const {
    std::vector<double> mean(kFeatures);
    const std::vector<int32_t> heard = sources(i);
    for (int64_t f = 0; f < kFeatures; ++f)
      for (const int32_t k : heard)
        mean[size_t(f)] += carried(j == i ? k : j, i, f) / double(heard.size());
    return mean;
  }

  std::vector<int32_t> sources(int32_t i) const {
    return {a.in.neighbour.begin() + a.in.begin[size_t(i)],
            a.in.neighbour.begin() + a.in.begin[size_t(i) + 1]};
  }

  std::vector<double> weight(const char* name, int64_t count) const {
    return Model::weights(str(block_, ".", name), count);
  }

  // x W, or x W + b where a bias is named.
  std::vector<double> layer(const char* name, const std::vector<double>& in, int64_t width,
                            bool bias = true) const {
    std::vector<double> y = times(
        in, weight(*name ? str(name, ".weight").c_str() : "weight", int64_t(in.size()) * width));
    if (!bias) return y;
    const std::vector<double> b = weight(str(name, ".bias").c_str(), width);
    for (size_t k = 0; k < y.size(); ++k) y[k] += b[k];
    return y;
  }

  // f(i) for every node, against the block's own values.
  template <class F> void expect(const std::string& yaml, const F& f) const {
    const std::vector<double> got = Model(yaml).run(x, a, kSame);
    std::vector<double> want;
    for (int32_t i = 0; i < kNodes; ++i)
      for (const double y : f(i)) want.push_back(y);
    ASSERT_EQ(got.size(), want.size());
    for (size_t k = 0; k < got.size(); ++k) EXPECT_NEAR(got[k], want[k], 1e-9) << k;
  }

  const Adjacency a = make_adjacency(kNodes, kEdges);
  const std::vector<double> x = nodes_of(kSame);

 private:
  std::string block_;
};

std::vector<double> sum_of(std::initializer_list<std::vector<double>> all) {
  std::vector<double> sum(all.begin()->size());
  for (const std::vector<double>& v : all)
    for (size_t k = 0; k < sum.size(); ++k) sum[k] += v[k];
  return sum;
}

// softmax of the scores, and with it the mean of the values [H,D], head by head.
std::vector<double> attended(const std::vector<std::vector<double>>& scores,
                             const std::vector<std::vector<double>>& values, size_t width) {
  std::vector<double> y(values[0].size());
  for (size_t h = 0; h < y.size() / width; ++h) {
    double total = 0;
    for (const auto& s : scores) total += std::exp(s[h]);
    for (size_t e = 0; e < scores.size(); ++e)
      for (size_t d = h * width; d < (h + 1) * width; ++d)
        y[d] += std::exp(scores[e][h]) / total * values[e][d];
  }
  return y;
}

double leaky(double u) {
  return u > 0 ? u : 0.2 * u;
}

TEST(EdgeFeatures, EnterGatScoresAsInPyTorchGeometric) {
  const Example m("gat");
  const auto dots = [&](const char* name, const std::vector<double>& z) {
    const std::vector<double> w = m.weight(name, 8);
    std::vector<double> out(2);
    for (size_t k = 0; k < 8; ++k) out[k / 4] += z[k] * w[k];
    return out;
  };
  m.expect("- gat: {width: 4, heads: 2, edges: true}", [&](int32_t i) {
    std::vector<int32_t> heard = m.sources(i);
    heard.push_back(i);
    std::vector<std::vector<double>> scores, values;
    for (const int32_t j : heard) {
      values.push_back(m.layer("", m.node(j), 8, false));
      scores.push_back(
          sum_of({dots("source", values.back()), dots("target", m.layer("", m.node(i), 8, false)),
                  dots("edge_score", m.layer("edge", m.edge(j, i), 8, false))}));
      for (double& s : scores.back()) s = leaky(s);
    }
    return sum_of({attended(scores, values, 4), m.weight("bias", 8)});
  });
}

TEST(EdgeFeatures, EnterGatv2ScoresBeforeTheNonlinearity) {
  const Example m("gatv2");
  m.expect("- gatv2: {width: 4, heads: 2, edges: true}", [&](int32_t i) {
    std::vector<int32_t> heard = m.sources(i);
    heard.push_back(i);
    std::vector<std::vector<double>> scores, values;
    const std::vector<double> a = m.weight("attention", 8);
    for (const int32_t j : heard) {
      values.push_back(m.layer("source", m.node(j), 8));
      const std::vector<double> pair = sum_of({values.back(), m.layer("target", m.node(i), 8),
                                               m.layer("edge", m.edge(j, i), 8, false)});
      scores.emplace_back(2);
      for (size_t k = 0; k < 8; ++k) scores.back()[k / 4] += a[k] * leaky(pair[k]);
    }
    return sum_of({attended(scores, values, 4), m.weight("bias", 8)});
  });
}

TEST(EdgeFeatures, OpenTheGatesOfGatedGcn) {
  const Example m("gated_gcn");
  m.expect("- gated_gcn: {width: 4, edges: true}", [&](int32_t i) {
    std::vector<double> y = m.layer("self", m.node(i), 4), total(4, 1e-6), heard(4);
    for (const int32_t j : m.sources(i)) {
      const std::vector<double> u = sum_of({m.layer("gate_source", m.node(j), 4, false),
                                            m.layer("gate_target", m.node(i), 4),
                                            m.layer("edge", m.edge(j, i), 4, false)}),
                                v = m.layer("neighbours", m.node(j), 4, false);
      for (size_t k = 0; k < 4; ++k) {
        const double gate = 1 / (1 + std::exp(-u[k]));
        total[k] += gate;
        heard[k] += gate * v[k];
      }
    }
    for (size_t k = 0; k < 4; ++k) y[k] = std::max(0.0, y[k] + heard[k] / total[k]);
    return y;
  });
}

TEST(EdgeFeatures, EnterMpnnMessages) {
  const Example m("mpnn");
  m.expect("- mpnn: {width: 4, hidden: 5, edges: true}", [&](int32_t i) {
    std::vector<double> heard(5);
    for (const int32_t j : m.sources(i)) {
      const std::vector<double> u =
          sum_of({m.layer("source", m.node(j), 5, false), m.layer("target", m.node(i), 5),
                  m.layer("edge", m.edge(j, i), 5, false)});
      for (size_t k = 0; k < 5; ++k) heard[k] += std::max(0.0, u[k]);
    }
    std::vector<double> y =
        sum_of({m.layer("self", m.node(i), 4), m.layer("messages", heard, 4, false)});
    for (double& v : y) v = std::max(0.0, v);
    return y;
  });
}

class WithEdges : public testing::TestWithParam<const char*> {
 protected:
  // Two layers of two channels.
  static std::string layers() {
    const std::string block = GetParam();
    const std::string size =
        block == "gat" || block == "gatv2" ? "width: 1, heads: 2" : "width: 2, activation: tanh";
    const std::string line = str("- ", block, ": {", size, ", edges: true}\n");
    return line + line;
  }
};

TEST_P(WithEdges, FollowsARenumberingOfTheNodes) {
  const Model model(layers());
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

TEST_P(WithEdges, RowsBehindTheLastEdgeDoNotCount) {
  const Model model(layers());
  const Adjacency a = make_adjacency(kNodes, kEdges);
  ASSERT_LT(a.edges, kMostEdges);
  EXPECT_EQ(model.run(nodes_of(kSame), a, kSame), model.run(nodes_of(kSame), a, kSame, 1e6));
}

INSTANTIATE_TEST_SUITE_P(Blocks, WithEdges,
                         testing::Values("gin", "mpnn", "gated_gcn", "gat", "gatv2"),
                         [](const auto& info) { return std::string(info.param); });
}  // namespace
}  // namespace cambium::edge_features_test
