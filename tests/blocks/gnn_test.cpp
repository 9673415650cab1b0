// Graph blocks and the adapters around them, in double through interpret.
#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "blocks/block.h"
#include "core/rng.h"
#include "core/yaml/yaml.h"
#include "ops/ops.h"

namespace cambium::gnn_test {
namespace {
// A block list built on one stream, and its value for given nodes (or tokens) and edges.
struct Model {
  Graph graph{builtin_ops()};
  Stream out;

  Model(const std::string& yaml, Domain domain, Shape shape, int64_t graphs = 1, int64_t rows = 0,
        int64_t columns = 0, double density = 1, bool training = false) {
    Stream in{.domain = domain, .x = graph.input("x", {DType::kF32, shape})};
    if (domain == Domain::kGraph) {
      in.adjacency = graph.input("adjacency", {DType::kAdjacency, {shape[0], shape[0], 100}});
      in.batch = graphs;
    }
    in.rows = rows;
    in.columns = columns;
    const Vars vars;
    Builder builder(graph, vars, training);
    builder.note_density(in.x, density);
    out = build_model(builder, parse_yaml(yaml, "model.yaml"), nullptr, in);
    graph.outputs = {{"y", port_of(out.x)}};
  }

  // Weights are functions of their names alone.
  std::vector<double> operator()(const std::vector<double>& x, const Adjacency* a = nullptr) const {
    const auto leaves = [&](const Node& n) {
      Ref r;
      r.adjacency = a;
      if (n.outputs[0].dtype == DType::kAdjacency) return r;
      if (n.scope.path == "x") return Ref{x};
      const bool positive = n.scope.path.ends_with("running_var");
      Random random(1, stream_of(n.scope.path));
      for (int64_t k = 0; k < n.outputs[0].shape.count(); ++k)
        r.data.push_back(positive ? 1 + random.uniform() : 0.5 * random.normal());
      return r;
    };
    return interpret(graph, leaves).outputs[0].data;
  }
};

std::vector<double> random_values(int64_t n) {
  Random random(7);
  std::vector<double> out;
  for (int64_t k = 0; k < n; ++k) out.push_back(random.normal());
  return out;
}

const std::vector<Edge> kEdges = {{0, 1}, {1, 2}, {2, 3}, {3, 0}, {0, 2}, {4, 1}};

class GnnBlock : public testing::TestWithParam<const char*> {};

TEST_P(GnnBlock, FollowsARenumberingOfTheNodes) {
  constexpr int64_t kNodes = 6, kChannels = 4;
  const int32_t to[kNodes] = {3, 5, 0, 1, 4, 2};
  std::vector<Edge> moved;
  for (auto [u, v] : kEdges) moved.emplace_back(to[u], to[v]);
  const Adjacency a = make_adjacency(kNodes, kEdges), b = make_adjacency(kNodes, moved);
  const std::vector<double> x = random_values(kNodes * kChannels);
  std::vector<double> px(x.size());
  for (int64_t i = 0; i < kNodes; ++i)
    std::copy_n(x.begin() + i * kChannels, kChannels, px.begin() + to[i] * kChannels);
  const Model model(str("- ", GetParam()), Domain::kGraph, {kNodes, kChannels});
  const std::vector<double> y = model(x, &a), py = model(px, &b);
  const int64_t width = model.out.channels();
  for (int64_t i = 0; i < kNodes; ++i)
    for (int64_t k = 0; k < width; ++k)
      EXPECT_NEAR(y[size_t(i * width + k)], py[size_t(to[i] * width + k)], 1e-9);
}

TEST_P(GnnBlock, KeepsTheGraphsOfABatchApart) {
  const std::vector<Edge> two = {{0, 1}, {1, 2}, {3, 4}, {4, 5}};
  const Adjacency a = make_adjacency(6, two);
  const Model model(str("- ", GetParam()), Domain::kGraph, {6, 4}, 2);
  std::vector<double> x = random_values(24);
  const std::vector<double> before = model(x, &a);
  for (size_t k = 12; k < 24; ++k) x[k] += 1;
  const std::vector<double> after = model(x, &a);
  const size_t half = before.size() / 2;
  EXPECT_TRUE(std::equal(before.begin(), before.begin() + long(half), after.begin()));
  EXPECT_FALSE(std::equal(before.begin() + long(half), before.end(), after.begin() + long(half)));
}

INSTANTIATE_TEST_SUITE_P(
    Blocks, GnnBlock,
    testing::Values("gcn: 3", "gcn: {width: 7, activation: tanh}", "graph_sage: 3",
                    "graph_sage: {width: 6, aggregate: max}", "graph_sage: {aggregate: sum}",
                    "graph_positions: {kind: random_walk, size: 3}", "gat: {width: 3, heads: 2}",
                    "gat: {width: 5, heads: 3, concat: false}", "gin: 5",
                    "gin: {norm: batch, hidden: 9}", "gps: {heads: 2}",
                    "gps: {heads: 2, norm: layer, local: gcn}", "gatv2: {width: 3, heads: 2}",
                    "gatv2: {width: 5, heads: 3, concat: false, share_weights: true}",
                    "graph_transformer: 2", "graph_transformer: {heads: 4, norm: instance}",
                    "gated_gcn: 3", "gated_gcn: {normalise: false, norm: layer}", "mpnn: 3",
                    "mpnn: {aggregate: mean, hidden: 5}", "cheb: {width: 7, order: 4}",
                    "cheb: {width: 2, order: 4}", "sgc: 3", "sgc: {width: 9, steps: 3}", "appnp",
                    "appnp: {steps: 2, alpha: 0.5}", "pna: 3",
                    "pna: {aggregators: [sum, std], scalers: [attenuation]}"));

class SparseInput : public testing::TestWithParam<const char*> {};

// Skipping zeros changes how a block computes, not what: neither its parameters nor, in training,
// what falls out.
TEST_P(SparseInput, GivesWhatADenseInputGives) {
  const Adjacency a = make_adjacency(6, kEdges);
  std::vector<double> x = random_values(6 * 40);
  for (size_t k = 0; k < x.size(); ++k)
    if (k % 13 != 2) x[k] = 0;
  for (const bool training : {false, true}) {
    const auto model = [&](double density) {
      return Model(str("- ", GetParam()), Domain::kGraph, {6, 40}, 1, 0, 0, density, training);
    };
    const Model dense = model(1), sparse = model(0.08);
    const auto uses = [](const Model& m, std::string_view op) {
      return std::ranges::count(m.graph.nodes(), op, &Node::kind);
    };
    EXPECT_EQ(uses(dense, "sparse_linear"), 0);
    EXPECT_GE(uses(sparse, "sparse_linear"), 1);
    EXPECT_EQ(uses(dense, "parameter"), uses(sparse, "parameter"));
    const std::vector<double> y = dense(x, &a), z = sparse(x, &a);
    ASSERT_EQ(y.size(), z.size());
    for (size_t k = 0; k < y.size(); ++k) EXPECT_NEAR(y[k], z[k], 1e-9) << training;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Blocks, SparseInput,
    testing::Values("gcn: {width: 3, dropout: 0.5}", "gcn: {width: 50, activation: relu}",
                    "gat: {width: 3, heads: 2, dropout: 0.5}", "gin: 5",
                    "gin: {hidden: 9, norm: batch}", "gin: {train_eps: false, width: 50}",
                    "graph_sage: {width: 3, dropout: 0.5}", "graph_sage: {width: 50, dropout: 0.5}",
                    "graph_sage: {width: 3, aggregate: max, dropout: 0.5}",
                    "linear: {width: 3, activation: relu}",
                    "gatv2: {width: 3, heads: 2, dropout: 0.5}",
                    "gated_gcn: {width: 3, dropout: 0.5}", "mpnn: {width: 3, dropout: 0.5}",
                    "cheb: {width: 3, dropout: 0.5}", "cheb: {width: 50, order: 4, dropout: 0.5}",
                    "sgc: {width: 50, dropout: 0.5}", "pna: {width: 3, dropout: 0.5}"));

TEST(Gcn, AveragesByDegreesOfBothEnds) {
  const std::vector<Edge> path = {{0, 1}, {1, 2}};
  const Adjacency a = make_adjacency(3, path);
  const Model model("- gcn: {width: 1, bias: false}", Domain::kGraph, {3, 1});
  const std::vector<double> one = {1, 1, 1}, y = model(one, &a);
  // With self loops the degrees are 2, 3, 2: y_1 / y_0 = (1/3 + 2/sqrt 6) / (1/2 + 1/sqrt 6).
  EXPECT_NEAR(y[1] / y[0], (1 / 3.0 + 2 / std::sqrt(6)) / (0.5 + 1 / std::sqrt(6)), 1e-9);
  EXPECT_NEAR(y[0], y[2], 1e-12);
}

TEST(Gat, IsTheMeanOfHeadsOrAllOfThem) {
  const Model side_by_side("- gat: {width: 3, heads: 4}", Domain::kGraph, {5, 2});
  const Model mean("- gat: {width: 3, heads: 4, concat: false}", Domain::kGraph, {5, 2});
  EXPECT_EQ(side_by_side.out.shape(), Shape({5, 12}));
  EXPECT_EQ(mean.out.shape(), Shape({5, 3}));
}

TEST(Gps, TakesAnyGraphBlocksAsItsLocalPart) {
  const Model gps("- gps: {heads: 1, local: [{gat: {width: 2, heads: 2}}, {gin: 4}]}",
                  Domain::kGraph, {4, 4});
  EXPECT_TRUE(gps.graph.find(Role::kParameter, "gps.local.gat.source"));
  EXPECT_TRUE(gps.graph.find(Role::kParameter, "gps.local.gin.eps"));
}

TEST(Gps, RefusesALocalPartThatChangesTheWidth) {
  try {
    Model("- gps: {heads: 1, local: {gcn: 3}}", Domain::kGraph, {4, 4});
    FAIL();
  } catch (const UserError& e) {
    EXPECT_STREQ(e.what(),
                 "gps 'gps': local makes a graph [4,3], but the branch must keep its [4,4]");
  }
}

// Whom each of the tokens [1,T,1] hears.
std::vector<std::vector<int>> heard(const std::string& options, int64_t tokens, int64_t columns) {
  const Model model(str("[{tokens_to_graph: {", options, "}}]"), Domain::kTokens, {1, tokens, 1}, 1,
                    columns ? tokens / columns : 0, columns);
  const Node& n = model.graph.node(model.out.adjacency.node);
  std::vector<std::vector<int>> out;
  for (int64_t t = 0; t < tokens; ++t)
    out.emplace_back(
        n.adjacency->get().in.neighbour.begin() + n.adjacency->get().in.begin[size_t(t)],
        n.adjacency->get().in.neighbour.begin() + n.adjacency->get().in.begin[size_t(t) + 1]);
  return out;
}

TEST(TokensToGraph, JoinsNeighboursOnTheGrid) {
  const auto eight = heard("neighbours: grid8", 9, 3), four = heard("neighbours: grid4", 9, 3);
  EXPECT_EQ(eight[4], (std::vector{0, 1, 2, 3, 5, 6, 7, 8}));
  EXPECT_EQ(eight[2], (std::vector{1, 4, 5}));
  EXPECT_EQ(four[4], (std::vector{1, 3, 5, 7}));
}

TEST(TokensToGraph, WindowsAndCausalityLimitWhoIsHeard) {
  EXPECT_EQ(heard("neighbours: window, window: 2", 6, 0)[3], (std::vector{1, 2, 4, 5}));
  EXPECT_EQ(heard("neighbours: window, window: 2, causal: true", 6, 0)[3], (std::vector{1, 2}));
  EXPECT_EQ(heard("neighbours: full", 4, 0)[1], (std::vector{0, 2, 3}));
}

TEST(TokensToGraph, TakesTheNearestPlaces) {
  EXPECT_EQ(heard("neighbours: knn, k: 3", 6, 0)[2], (std::vector{0, 1, 3}));  // 0 before 4
  EXPECT_EQ(heard("neighbours: knn, k: 3, causal: true", 6, 0)[4], (std::vector{1, 2, 3}));
  EXPECT_EQ(heard("neighbours: knn, k: 3, causal: true", 6, 0)[1], (std::vector{0}));
  EXPECT_EQ(heard("neighbours: knn, k: 4", 9, 3)[4], (std::vector{1, 3, 5, 7}));
  EXPECT_EQ(heard("neighbours: knn, k: 2", 9, 3)[8], (std::vector{5, 7}));
  EXPECT_EQ(heard("neighbours: knn, k: 20", 4, 0)[0], (std::vector{1, 2, 3}));
}

TEST(GridToGraph, JoinsPlacesThatTouch) {
  for (const bool eight : {false, true}) {
    const Model model(str("[{grid_to_graph: ", eight ? 8 : 4, "}]"), Domain::kGrid, {2, 3, 3, 1});
    const Csr& in = model.graph.node(model.out.adjacency.node).adjacency->get().in;
    const auto heard_by = [&](size_t t) {
      return std::vector<int>(in.neighbour.begin() + in.begin[t],
                              in.neighbour.begin() + in.begin[t + 1]);
    };
    EXPECT_EQ(heard_by(4),
              eight ? (std::vector{0, 1, 2, 3, 5, 6, 7, 8}) : (std::vector{1, 3, 5, 7}));
    EXPECT_EQ(heard_by(9), eight ? (std::vector{10, 12, 13}) : (std::vector{10, 12}));
  }
  EXPECT_THROW(Model("[{grid_to_graph: 6}]", Domain::kGrid, {1, 2, 2, 1}), UserErrors);
}

TEST(ClassToken, StandsBeforeOrBehindTheTokens) {
  for (const bool first : {true, false}) {
    const Model model(str("[{class_token: ", first ? "first" : "last", "}]"), Domain::kTokens,
                      {2, 3, 2});
    const std::vector<double> x = random_values(12), y = model(x);
    ASSERT_EQ(model.out.shape(), Shape({2, 4, 2}));
    const size_t token = first ? 0 : 6, rest = first ? 2 : 0;
    EXPECT_TRUE(std::equal(x.begin(), x.begin() + 6, y.begin() + long(rest)));
    EXPECT_TRUE(std::equal(x.begin() + 6, x.end(), y.begin() + 8 + long(rest)));
    EXPECT_EQ(y[token], y[8 + token]);  // one token for all examples
  }
}

TEST(TokensToGraph, NeedsAGridForGridNeighbours) {
  EXPECT_THROW(heard("neighbours: grid8", 6, 0), UserError);
}

TEST(GraphAdapters, BringTokensBackUnchanged) {
  const Model model("[{tokens_to_graph: {neighbours: full}}, graph_to_tokens]", Domain::kTokens,
                    {2, 4, 3});
  const std::vector<double> x = random_values(24);
  EXPECT_EQ(model.out.shape(), Shape({2, 4, 3}));
  EXPECT_EQ(model(x), x);
}
}  // namespace
}  // namespace cambium::gnn_test
