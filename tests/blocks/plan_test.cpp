// The compiled plan of every block's training graph, in f32 with all passes on, against the
// interpreter in double: outputs, gradients and running statistics.
#include <gtest/gtest.h>

#include "graph/passes/passes.h"
#include "graph/run/executor.h"
#include "ops/support/dnnl.h"
#include "tests/support/block_case.h"

namespace cambium::plan_test {
namespace {
// loss = sum(w * y); every parameter's gradient becomes an output beside y and the loss.
void add_gradients(BlockCase& c) {
  Graph& g = c.graph;
  const Value w = g.input("w", c.out.x.type());
  const Value loss = g.emit("reduce_sum", {g.emit("mul", {c.out.x, w})});
  std::vector<Value> wrt = c.parameters();
  if (c.in.x.type().dtype == DType::kF32) wrt.push_back(c.in.x);
  const std::vector<Value> d = grad(loss, wrt);
  for (size_t i = 0; i < d.size(); ++i)
    if (d[i]) g.outputs.push_back({"d." + g.node(wrt[i].node).scope.path, port_of(d[i])});
}

Tensor as_tensor(const ValueType& type, const Ref& from) {
  Tensor t(type);
  for (int64_t i = 0; i < t.count(); ++i) {
    if (type.dtype == DType::kF32) t.f32()[size_t(i)] = float(from[i]);
    if (type.dtype == DType::kI32) t.i32()[size_t(i)] = int32_t(from[i]);
    if (type.dtype == DType::kI64) t.i64()[size_t(i)] = int64_t(from[i]);
  }
  return t;
}

void load(const BlockCase::Data& leaves, const Plan& plan, Store& store, Executor& executor) {
  for (const Leaf& leaf : plan.store) {
    const Tensor t = as_tensor(leaf.type, leaves.at(leaf.name));
    std::ranges::copy(t.raw(), store.at(leaf.name).raw().begin());
  }
  for (const Leaf& leaf : plan.inputs) {
    const Ref& data = leaves.at(leaf.name);
    if (data.adjacency)
      executor.set_input(leaf.name, *data.adjacency);
    else
      executor.set_input(leaf.name, as_tensor(leaf.type, data));
  }
}

void expect_near(std::string_view name, std::span<const float> got, const Ref& want) {
  ASSERT_EQ(int64_t(got.size()), want.size()) << name;
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_NEAR(got[i], want.data[i], 2e-4 * std::max(1.0, std::abs(want.data[i])))
        << name << " at " << i;
}

// Leaves as f32 holds them, so that both sides start from the same numbers.
BlockCase::Data rounded(BlockCase::Data leaves) {
  for (auto& [name, ref] : leaves)
    for (double& x : ref.data) x = float(x);
  return leaves;
}

class BlockPlan : public testing::TestWithParam<BlockTrial> {};

TEST_P(BlockPlan, MatchesTheInterpreter) {
  const BlockSample& s = GetParam().sample;
  BlockCase c("- " + s.yaml, s.domain, s.shape);
  add_gradients(c);
  const BlockCase::Data leaves = rounded(c.data(5));
  const Interpreted want =
      interpret(c.graph, [&](const Node& n) { return leaves.at(n.scope.path); });
  std::vector<std::string> states;
  for (const Update& u : c.graph.updates) states.push_back(c.graph.node(u.node).scope.path);
  std::vector<std::string> names;
  for (const Output& o : c.graph.outputs) names.push_back(o.name);
  Engine engine;
  const Plan plan = compile(run_passes(std::move(c.graph), training_pipeline()), engine);
  Store store;
  store.add(plan, 1);
  Executor executor(plan, store);
  load(leaves, plan, store, executor);
  executor.run();
  for (size_t i = 0; i < names.size(); ++i) {
    const std::span<const std::byte> raw = executor.output(names[i]);
    const auto* floats = reinterpret_cast<const float*>(raw.data());
    expect_near(names[i], {floats, raw.size() / sizeof(float)}, want.outputs[i]);
  }
  for (size_t i = 0; i < states.size(); ++i)
    expect_near(states[i], store.at(states[i]).f32(), want.updates[i]);
}

INSTANTIATE_TEST_SUITE_P(Blocks, BlockPlan, testing::ValuesIn(block_trials()),
                         [](const testing::TestParamInfo<BlockTrial>& info) {
                           return str(info.param.block->name, "_", info.index);
                         });
}  // namespace
}  // namespace cambium::plan_test
