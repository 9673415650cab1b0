// Batch, group and instance norm of padded data: how far smaller graphs are padded changes nothing
// that is real.
#include <gtest/gtest.h>

#include "tests/support/block_case.h"

namespace cambium {
namespace {
using Numbers = std::vector<double>;

constexpr int64_t kReal[] = {3, 2};  // nodes of the two graphs
constexpr int64_t kChannels = 4;

struct Step {
  Numbers real, states;  // y of the real nodes; the states after the step
};

int64_t real_nodes(int64_t graph) {
  return kReal[graph];
}

// Paths along the real nodes of each graph, both ways.
std::shared_ptr<const Adjacency> paths(int64_t places) {
  std::vector<Edge> edges;
  for (int64_t g = 0; g < 2; ++g)
    for (int64_t i = 0; i + 1 < real_nodes(g); ++i)
      edges.emplace_back(int32_t(g * places + i), int32_t(g * places + i + 1));
  return std::make_shared<const Adjacency>(make_adjacency(2 * places, edges, true));
}

// Rows of padding hold `filling`, real ones the same numbers whatever `places` is.
Numbers features(int64_t places, double filling) {
  Numbers x(size_t(2 * places * kChannels), filling);
  Random random(5, stream_of("x"));
  for (int64_t g = 0; g < 2; ++g)
    for (int64_t i = 0; i < real_nodes(g) * kChannels; ++i)
      x[size_t(g * places * kChannels + i)] = random.normal();
  return x;
}

// One step in training on the two graphs, each padded to `places` nodes.
Step step(const std::string& yaml, int64_t places, double filling) {
  const auto adjacency = paths(places);
  Graph g(builtin_ops());
  const Vars vars;
  Builder b(g, vars, true);
  const Yaml model = parse_yaml("- " + yaml, "model.yaml");
  const Shape nodes = {2 * places};
  const Stream in =
      build_input(g, {.domain = Domain::kGraph,
                      .x = {DType::kF32, {2 * places, kChannels}},
                      .adjacency = {DType::kAdjacency, {2 * places, 2 * places, adjacency->edges}},
                      .graphs = 2,
                      .mask = ValueType{DType::kF32, nodes}});
  g.outputs = {{"y", port_of(build_model(b, model, nullptr, in).x)}};
  const Interpreted done = interpret(g, [&](const Node& n) -> Ref {
    if (n.scope.path == "adjacency") return {{}, adjacency.get()};
    if (n.scope.path == "x") return {features(places, filling)};
    Ref r;
    Random random(3, stream_of(n.scope.path));
    for (int64_t i = 0; i < n.outputs[0].shape.count(); ++i)
      r.data.push_back(n.scope.path == "mask" ? double(i % places < real_nodes(i / places))
                                              : 0.5 + 0.2 * random.normal());
    return r;
  });
  Step out;
  const Numbers& y = done.outputs[0].data;
  for (size_t i = 0, width = y.size() / size_t(2 * places); i < y.size(); ++i) {
    const auto node = int64_t(i / width);
    if (node % places < real_nodes(node / places)) out.real.push_back(y[i]);
  }
  for (const Ref& state : done.updates)
    out.states.insert(out.states.end(), state.data.begin(), state.data.end());
  return out;
}

void expect_near(const Numbers& a, const Numbers& b, const std::string& what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-12) << what << " at " << i;
}

TEST(PaddedNorm, MorePaddingChangesNothingReal) {
  for (const std::string yaml :
       {"norm: batch", "{residual: [{linear: 4}], norm: batch, place: sandwich}",
        "gin: {width: 3, norm: batch}", "gps: {heads: 2, norm: batch}",
        "gated_gcn: {width: 3, norm: batch}", "mpnn: {width: 3, norm: batch}",
        "pna: {width: 3, norm: batch}", "graph_transformer: {heads: 2, norm: batch}",
        "norm: instance", "norm: {kind: group, groups: 2}"}) {
    const Step tight = step(yaml, 3, 7), wide = step(yaml, 6, -40);
    EXPECT_EQ(tight.states.empty(), yaml.find("batch") == yaml.npos) << yaml;
    expect_near(tight.real, wide.real, yaml);
    expect_near(tight.states, wide.states, yaml);
  }
}

TEST(PaddedNorm, RunningStatisticsAreThoseOfRealRows) {
  const Step got = step("norm: {kind: batch, momentum: 1}", 5, 100);
  const Numbers x = features(3, 0);  // its rows 0 to 4 are real
  Numbers want(2 * kChannels, 0.0);
  for (size_t j = 0; j < kChannels; ++j) {
    for (size_t r = 0; r < 5; ++r) want[j] += x[r * kChannels + j] / 5;
    for (size_t r = 0; r < 5; ++r)
      want[kChannels + j] += std::pow(x[r * kChannels + j] - want[j], 2) / 4;
  }
  expect_near(got.states, want, "mean and unbiased variance");
}

// y_0 - y_1 = gamma (x_0 - x_1) / deviation, with the deviation over the real rows of each graph.
TEST(PaddedNorm, DeviationsAreThoseOfAGraphsRealRows) {
  constexpr int64_t kPlaces = 5;
  const Numbers y = step("norm: instance", kPlaces, 100).real, x = features(kPlaces, 0);
  for (size_t c = 0; c < kChannels; ++c) {
    const auto gamma = [&](size_t graph) {
      const size_t n = size_t(kReal[graph]), from = graph * kPlaces,
                   real = graph * size_t(kReal[0]);
      const auto row = [&](size_t r) { return x[(from + r) * kChannels + c]; };
      double mean = 0, var = 0;
      for (size_t r = 0; r < n; ++r) mean += row(r) / double(n);
      for (size_t r = 0; r < n; ++r) var += std::pow(row(r) - mean, 2) / double(n);
      const double dy = y[real * kChannels + c] - y[(real + 1) * kChannels + c];
      return dy / (row(0) - row(1)) * std::sqrt(var + 1e-5);
    };
    EXPECT_NEAR(gamma(0), gamma(1), 1e-12) << c;
    EXPECT_GT(std::abs(gamma(0)), 0.01);
  }
}
}  // namespace
}  // namespace cambium
