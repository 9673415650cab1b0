// What the graph operators promise beyond their samples: transposes, hubs, threads, dropout.
#include <numeric>

#include <gtest/gtest.h>

#include "core/system/parallel.h"
#include "graph/run/executor.h"
#include "ops/message/support/edges.h"
#include "tests/support/op_case.h"

namespace cambium::graph_ops_test {
namespace {
using Floats = std::vector<float>;

Floats random_floats(int64_t n, uint64_t seed) {
  Random random(seed);
  Floats out;
  for (int64_t i = 0; i < n; ++i) out.push_back(float(random.normal()));
  return out;
}

// Directed, with a hub that hears everyone and nodes that hear nobody.
Adjacency hub_graph(int64_t nodes, int64_t edges) {
  Random random(3);
  std::vector<Edge> list;
  for (int32_t j = 1; j < nodes; ++j) list.emplace_back(j, 0);
  for (int64_t e = 0; e < edges; ++e)
    list.emplace_back(random.below(uint32_t(nodes)), random.below(uint32_t(nodes / 2)));
  return make_adjacency(nodes, list, false);
}

// Runs one op on an adjacency and f32 inputs (by shape, filled from `data`), plus rng when given.
struct OpRun {
  const Adjacency& adjacency;
  std::vector<std::pair<Shape, Floats>> inputs;
  std::vector<int64_t> rng = {};

  Floats operator()(std::string_view op, const Args& args, int output = 0) const {
    Graph g(builtin_ops());
    const int64_t n = adjacency.nodes;
    std::vector<Value> in = {
        g.input("adjacency", {DType::kAdjacency, {n, n, adjacency.edges + 10}})};
    for (size_t i = 0; i < inputs.size(); ++i)
      in.push_back(g.input(str("x", i), {DType::kF32, inputs[i].first}));
    if (!rng.empty()) in.push_back(g.input("rng", {DType::kI64, {2}}));
    const Value y = g.emit(op, in, args).nth(output);
    g.outputs = {{"y", port_of(y)}};
    Engine engine;
    const Plan plan = compile(std::move(g), engine);
    Store store;
    Executor executor(plan, store);
    executor.set_input("adjacency", adjacency);
    for (size_t i = 0; i < inputs.size(); ++i)
      std::memcpy(executor.input(str("x", i)).data(), inputs[i].second.data(),
                  inputs[i].second.size() * sizeof(float));
    if (!rng.empty()) std::memcpy(executor.input("rng").data(), rng.data(), 16);
    executor.run();
    const auto bytes = executor.output("y");
    Floats out(bytes.size() / sizeof(float));
    std::memcpy(out.data(), bytes.data(), bytes.size());
    return out;
  }
};

double inner(const Floats& a, const Floats& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

TEST(Spmm, TransposeIsTheAdjointOnDirectedGraphs) {
  const Adjacency g = hub_graph(40, 150);
  const Floats x = random_floats(40 * 9, 1), y = random_floats(40 * 9, 2);
  for (const char* norm : {"sum", "mean", "sym"})
    for (bool loops : {false, true}) {
      const Floats ax = OpRun{g, {{{40, 9}, x}}}("spmm", {{"norm", norm}, {"self_loops", loops}});
      const Floats aty = OpRun{g, {{{40, 9}, y}}}(
          "spmm", {{"norm", norm}, {"self_loops", loops}, {"transpose", true}});
      EXPECT_NEAR(inner(ax, y), inner(x, aty), 1e-3) << norm << loops;
    }
}

TEST(Spmm, MeanOfOnesIsOneWhereSomebodyIsHeard) {
  const Adjacency g = hub_graph(20, 30);
  const Floats y = OpRun{g, {{{20, 1}, Floats(20, 1.0f)}}}("spmm", {{"norm", "mean"}});
  for (size_t i = 0; i < 20; ++i)
    EXPECT_NEAR(y[i], g.in.begin[i] < g.in.begin[i + 1] ? 1 : 0, 1e-6);
}

TEST(RowRanges, CoverEveryRowOnceWhateverTheHub) {
  const Adjacency g = hub_graph(30'000, 100'000);
  std::vector<int> seen(size_t(g.nodes), 0);
  for_row_ranges(g.in, 64, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) ++seen[size_t(i)];
  });
  EXPECT_EQ(std::ranges::count(seen, 1), g.nodes);
}

TEST(GraphOps, GiveTheSameBitsOnAnyNumberOfThreads) {
  const int threads = thread_count();
  const Adjacency g = hub_graph(3000, 30'000);
  const Floats z = random_floats(3000 * 4 * 8, 1), a = random_floats(32, 2);
  const Shape nodes{3000, 4, 8}, head{4, 8};
  const OpRun gat{g, {{nodes, z}, {head, a}, {head, a}}, {5, 7}};
  const Args args = {{"dropout", 0.5}};
  const auto everything = [&] {
    const Floats y = gat("gat_attention", args), alpha = gat("gat_attention", args, 1),
                 s = gat("gat_attention", args, 2), t = gat("gat_attention", args, 3);
    const Shape edges{int64_t(alpha.size()) / 4, 4}, score{3000, 4};
    const OpRun back{g,
                     {{nodes, z},
                      {head, a},
                      {head, a},
                      {nodes, y},
                      {edges, alpha},
                      {score, s},
                      {score, t},
                      {nodes, z}},
                     {5, 7}};
    const OpRun wide{g, {{{3000, 32}, z}}};
    return std::vector<Floats>{y,
                               back("gat_attention_grad", args, 0),
                               back("gat_attention_grad", args, 1),
                               back("gat_attention_grad", args, 2),
                               wide("spmm", {{"norm", "sym"}, {"self_loops", true}}),
                               wide("neighbour_max", {})};
  };
  set_thread_count(1);
  const auto one = everything();
  set_thread_count(3);
  const auto three = everything();
  set_thread_count(threads);
  EXPECT_EQ(one, three);
}

TEST(GatAttention, WeightsOfANodeSumToOne) {
  const Adjacency g = hub_graph(50, 200);
  const Floats a = random_floats(6, 2);
  const Floats alpha = OpRun{g, {{{50, 2, 3}, random_floats(300, 1)}, {{2, 3}, a}, {{2, 3}, a}}}(
      "gat_attention", {}, 1);
  const Csr& in = g.looped->in;
  for (size_t i = 0; i < 50; ++i) {
    double sum = 0;
    for (int32_t e = in.begin[i]; e < in.begin[i + 1]; ++e) sum += alpha[size_t(2 * e + 1)];
    EXPECT_NEAR(sum, 1, 1e-5);
  }
}

TEST(GatAttention, DropsAboutItsShareAnewEachStep) {
  const Adjacency g = hub_graph(2000, 20'000);
  const Shape nodes{2000, 1, 1}, head{1, 1};
  const auto run = [&](int64_t step, double p) {
    const Floats ones(2000, 1.0f);
    return OpRun{g, {{nodes, ones}, {head, {0.5f}}, {head, {0.5f}}}, {1, step}}("gat_attention",
                                                                                {{"dropout", p}});
  };
  const Floats first = run(1, 0.3), second = run(2, 0.3);
  EXPECT_NEAR(first[0], 1, 0.06);  // the hub: a mean over 2000 kept or dropped ones
  EXPECT_NE(first, second);
  EXPECT_EQ(first, run(1, 0.3));
}

TEST(GatAttention, NeedsRandomNumbersToDrop) {
  Graph g(builtin_ops());
  const Value a = g.input("adjacency", {DType::kAdjacency, {4, 4, 3}});
  const Value z = g.input("z", {DType::kF32, {4, 2, 3}}), h = g.input("h", {DType::kF32, {2, 3}});
  EXPECT_THROW(g.emit("gat_attention", {a, z, h, h}, {{"dropout", 0.5}}), UserError);
}

TEST(NeighbourMax, NamesTheFirstOfEqualsAndNobodyAsMinusOne) {
  const std::vector<Edge> edges = {{2, 0}, {1, 0}};
  const Adjacency g = make_adjacency(3, edges, false);
  Graph graph(builtin_ops());
  OpCase c(graph.op("neighbour_max"), {{{DType::kAdjacency, {3, 3, 2}}, Shape{3, 1}}});
  const Adjacency* pointer = &g;
  std::memcpy(c.tensors[0].data(), &pointer, sizeof pointer);
  std::ranges::fill(c.tensors[1].f32(), 4.0f);
  Engine engine;
  const auto out = c.run(graph.op("neighbour_max").kernel(c.call(), engine));
  EXPECT_EQ(out[0].f32()[0], 4);
  EXPECT_EQ(out[0].f32()[1], 0);
  EXPECT_EQ(out[1].i32()[0], 1);
  EXPECT_EQ(out[1].i32()[1], -1);
}

// Also the second time, with more edges than the first.
TEST(InducedSubgraph, IsWhatItsEdgesMake) {
  const Adjacency g = hub_graph(30, 90);
  Graph graph(builtin_ops());
  OpCase c(graph.op("induced_subgraph"), {{{DType::kAdjacency, {30, 30, g.edges}}, Shape{30}}});
  const Adjacency* pointer = &g;
  std::memcpy(c.tensors[0].data(), &pointer, sizeof pointer);
  Engine engine;
  const Kernel kernel = graph.op("induced_subgraph").kernel(c.call(), engine);
  for (const int32_t real : {7, 22, 0, 30}) {
    for (int32_t i = 0; i < 30; ++i) c.tensors[1].f32()[size_t(i)] = i < real;
    std::vector<Edge> kept;
    for_each_edge(g, [&](int64_t, int64_t from, int64_t to) {
      if (from < real && to < real) kept.emplace_back(int32_t(from), int32_t(to));
    });
    const auto out = c.run(kernel);
    EXPECT_TRUE(same_graph(adjacency_of(out[0]), make_adjacency(30, kept, false))) << real;
  }
}
}  // namespace
}  // namespace cambium::graph_ops_test
