// Chains: which pointwise ops share a loop, and that sharing changes no bit.
#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "core/tensor/bf16.h"
#include "graph/run/executor.h"
#include "ops/ops.h"
#include "ops/support/dnnl.h"

namespace cambium::chains_test {
namespace {
constexpr int64_t kCount = 1300;  // two whole blocks and a part of one
const std::vector<int64_t> kWhole = {kCount};

Graph graph_of(const std::function<Value(Graph&, Value, Value)>& body) {
  Graph g(builtin_ops());
  const Value a = g.input("a", {DType::kF32, {kCount}}), b = g.input("b", {DType::kF32, {kCount}});
  g.outputs = {{"y", port_of(body(g, a, b))}};
  return g;
}

struct PlanRun {
  Engine engine;
  Plan plan;
  Store store;
  std::unique_ptr<Executor> exec;

  PlanRun(Graph g, bool chains) : plan(compile(std::move(g), engine, {.chains = chains})) {
    store.add(plan, 1);
    exec = std::make_unique<Executor>(plan, store);
    Tensor a(ValueType{DType::kF32, {kCount}}), b(ValueType{DType::kF32, {kCount}});
    for (int64_t i = 0; i < kCount; ++i) {
      a.f32()[size_t(i)] = std::sin(float(i));
      b.f32()[size_t(i)] = std::cos(float(3 * i));
    }
    exec->set_input("a", a);
    exec->set_input("b", b);
  }

  std::vector<std::byte> result() {
    exec->run();
    const auto bytes = exec->output("y");
    return {bytes.begin(), bytes.end()};
  }

  size_t longest() const {
    size_t longest = 0;
    for (const PlanStep& s : plan.steps) longest = std::max(longest, s.nodes.size());
    return longest;
  }
};

Value rounded_sum(Graph& g, Value a, Value b) {
  const Value sum = g.emit("gelu", {g.emit("add", {a, b})});
  const Value narrow = g.emit("cast", {sum}, {{"to", "bf16"}});
  return g.emit("mul", {g.emit("cast", {narrow}, {{"to", "f32"}}), g.scalar(0.3)});
}

// A pointwise op alone runs as a chain when an operand has 16 bits: its own kernel takes f32.
Value sum_of_narrow(Graph& g, Value a, Value b) {
  const Value narrow = g.emit("cast", {g.emit("reduce_to", {a}, {{"shape", kWhole}})});
  return g.emit("add", {narrow, b});
}

TEST(Chains, ReadOperandsOf16Bits) {
  PlanRun together(graph_of(sum_of_narrow), true), apart(graph_of(sum_of_narrow), false);
  EXPECT_EQ(apart.longest(), 1u);
  const auto y = apart.result();
  EXPECT_EQ(together.result(), y);
  for (int64_t i = 0; i < kCount; ++i) {
    float sum;
    std::memcpy(&sum, y.data() + size_t(i) * sizeof sum, sizeof sum);
    ASSERT_EQ(sum, from_bf16(to_bf16(std::sin(float(i)))) + std::cos(float(3 * i))) << i;
  }
}

TEST(Chains, ChangeNoBit) {
  PlanRun together(graph_of(rounded_sum), true), apart(graph_of(rounded_sum), false);
  EXPECT_EQ(together.longest(), 5u);
  EXPECT_EQ(apart.longest(), 1u);
  EXPECT_EQ(together.result(), apart.result());
}

TEST(Chains, GiveNoMemoryToWhatOnlyTheyRead) {
  const PlanRun together(graph_of(rounded_sum), true), apart(graph_of(rounded_sum), false);
  EXPECT_LE(together.plan.memory.arena_bytes, kCount * 4 + 64);
  EXPECT_LT(together.plan.memory.arena_bytes, apart.plan.memory.arena_bytes);
}

TEST(Chains, WriteBf16ForProducts) {
  const auto body = [](Graph& g, Value a, Value b) {
    return g.emit("cast", {g.emit("maximum", {a, b})}, {{"to", "bf16"}});
  };
  PlanRun together(graph_of(body), true), apart(graph_of(body), false);
  EXPECT_EQ(together.longest(), 2u);
  EXPECT_EQ(together.result(), apart.result());
}

TEST(Chains, WaitForAnOperandMadeLater) {
  // `late` needs a sum over everything, so its chain with `early` can only run after that sum.
  const auto body = [](Graph& g, Value a, Value b) {
    const Value early = g.emit("exp", {a});
    const Value mean = g.emit("reduce_mean", {b}, {{"axes", std::vector<int64_t>{0}}});
    return g.emit("mul", {early, mean});
  };
  PlanRun together(graph_of(body), true), apart(graph_of(body), false);
  EXPECT_EQ(together.longest(), 2u);
  EXPECT_EQ(together.result(), apart.result());
}

TEST(Chains, BreakWhereSomebodyElseReadsInBetween) {
  // The sum reads `early`, and the product reads the sum: they cannot share one loop.
  const auto body = [](Graph& g, Value a, Value) {
    const Value early = g.emit("exp", {a});
    const Value mean = g.emit("reduce_mean", {early}, {{"axes", std::vector<int64_t>{0}}});
    return g.emit("mul", {early, mean});
  };
  PlanRun together(graph_of(body), true), apart(graph_of(body), false);
  EXPECT_EQ(together.longest(), 1u);
  EXPECT_EQ(together.result(), apart.result());
}

TEST(Chains, NameTheNodeThatWentWrong) {
  Graph g = graph_of([](Graph& g, Value a, Value b) {
    const Value sum = g.emit("add", {a, b});
    g.scope.path = "culprit";
    const Value log = g.emit("log", {sum});
    g.scope.path = "";
    return g.emit("scale", {log}, {{"a", 2.0}});
  });
  PlanRun run(std::move(g), true);
  EXPECT_EQ(run.longest(), 3u);
  const int id = run.exec->first_non_finite();
  ASSERT_GE(id, 0);
  EXPECT_EQ(run.plan.graph.node(id).scope.path, "culprit");
}
}  // namespace
}  // namespace cambium::chains_test
