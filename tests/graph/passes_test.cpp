// Passes: each keeps what the graph computes, and does what its name says.
#include "graph/passes/passes.h"

#include <sstream>

#include <gtest/gtest.h>

#include "ops/ops.h"
#include "tests/support/graph_values.h"

namespace cambium::passes_test {
namespace {
using test::count_ops;
using test::random_leaf;

// x -> linear -> relu -> (+ x) with a duplicate and a dead branch, and a constant to fold.
Graph example() {
  Graph g(builtin_ops());
  const Value x = g.input("x", {DType::kF32, {4, 8}});
  const Value w = g.parameter("w", {8, 8}, {}), b = g.parameter("b", {8}, {});
  const Value h = g.emit("relu", {g.emit("linear", {x, w, b})});
  const Value y = g.emit("add", {h, x});
  const Value twice =
      g.emit("mul", {g.emit("scale", {y}, {{"a", 2.0}}), g.emit("scale", {y}, {{"a", 2.0}})});
  g.emit("neg", {y});
  const Value c = g.emit("mul", {g.scalar(3), g.scalar(4)});
  g.outputs = {{"y", port_of(g.emit("mul", {twice, c}))}};
  return g;
}

void expect_same(const Graph& a, const Graph& b) {
  const Ref x = interpret(a, random_leaf).outputs[0], y = interpret(b, random_leaf).outputs[0];
  ASSERT_EQ(x.size(), y.size());
  for (int64_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], y[i], 1e-12);
}
}  // namespace

TEST(Passes, KeepWhatTheGraphComputes) {
  const Graph g = example();
  for (const Pass& p : training_pipeline()) expect_same(g, p.run(g));
  expect_same(g, run_passes(g.clone(), training_pipeline()));
}

TEST(FoldConstants, ComputesOnce) {
  const Graph out = drop_dead(fold_constants(example()));
  EXPECT_EQ(count_ops(out, "constant"), 1);
  EXPECT_EQ(count_ops(out, "mul"), 2);
}

TEST(ShareCommon, KeepsOneOfTwoEqualNodes) {
  EXPECT_EQ(count_ops(example(), "scale"), 2);
  EXPECT_EQ(count_ops(share_common(example()), "scale"), 1);
}

TEST(DropDead, RemovesWhatNobodyNeeds) {
  EXPECT_EQ(count_ops(example(), "neg"), 1);
  EXPECT_EQ(count_ops(drop_dead(example()), "neg"), 0);
}

TEST(DropDead, KeepsUnusedInputs) {
  Graph g = example();
  g.input("unused", {DType::kF32, {1}});
  EXPECT_EQ(count_ops(drop_dead(g), "input"), 2);
}

TEST(FusePostOps, MovesActivationAndResidualIntoLinear) {
  const Graph out = drop_dead(fuse_post_ops(example()));
  EXPECT_EQ(count_ops(out, "relu"), 0);
  EXPECT_EQ(count_ops(out, "add"), 0);
  EXPECT_EQ(count_ops(out, "linear"), 1);
}

TEST(FusePostOps, LeavesAnActivationWhoseInputIsReadTwice) {
  Graph g(builtin_ops());
  const Value x = g.input("x", {DType::kF32, {4, 8}}), w = g.parameter("w", {8, 8}, {});
  const Value h = g.emit("linear", {x, w});
  g.outputs = {{"y", port_of(g.emit("mul", {g.emit("relu", {h}), h}))}};
  EXPECT_EQ(count_ops(drop_dead(fuse_post_ops(g)), "relu"), 1);
}

// Its statistics are read too, by the running ones, before the sum exists.
TEST(FusePostOps, MovesResidualAndActivationIntoBatchNorm) {
  Graph g(builtin_ops());
  const Value x = g.input("x", {DType::kF32, {6, 4}}), skip = g.emit("scale", {x}, {{"a", 2.0}});
  const Value one = g.parameter("gamma", {4}, {}), zero = g.parameter("beta", {4}, {});
  const Value y = g.emit("batch_norm", {x, one, zero});
  const Value mean = g.emit("neg", {y.nth(1)});
  const Value sum = g.emit("relu", {g.emit("add", {y, skip})});
  g.outputs = {{"mean", port_of(mean)}, {"y", port_of(sum)}};
  const Graph out = drop_dead(fuse_post_ops(g));
  EXPECT_EQ(count_ops(out, "batch_norm"), 1);
  EXPECT_EQ(count_ops(out, "add") + count_ops(out, "relu"), 0);
  EXPECT_EQ(out.node(out.outputs[1].port.node).inputs.size(), 4u);
}

// The sum's other operand is made after the norm: the sum stays.
TEST(FusePostOps, LeavesASumThatBatchNormCannotWaitFor) {
  Graph g(builtin_ops());
  const Value x = g.input("x", {DType::kF32, {6, 4}});
  const Value one = g.parameter("gamma", {4}, {}), zero = g.parameter("beta", {4}, {});
  const Value y = g.emit("batch_norm", {x, one, zero});
  const Value late = g.emit("mul", {g.emit("neg", {x}), y.nth(1)});
  g.outputs = {{"y", port_of(g.emit("add", {y, late}))}};
  const Graph out = drop_dead(fuse_post_ops(g));
  EXPECT_EQ(count_ops(out, "add"), 1);
}

TEST(RunPasses, SaysUnchangedAndHonoursTheOffSwitch) {
  std::ostringstream log;
  PassOptions options{.off = {"fuse_post_ops"}, .log = &log};
  const Graph once = run_passes(example(), training_pipeline(), options);
  EXPECT_EQ(count_ops(once, "relu"), 1);
  EXPECT_EQ(log.str().find("fuse_post_ops"), std::string::npos);
  log.str("");
  run_passes(once.clone(), training_pipeline(), options);
  EXPECT_NE(log.str().find("drop_dead"), std::string::npos);
  EXPECT_NE(log.str().find("(unchanged)"), std::string::npos);
}

TEST(RunPasses, SuggestsTheNearestPassName) {
  try {
    run_passes(example(), training_pipeline(), {.off = {"fuse_postops"}});
    FAIL();
  } catch (const UserError& e) {
    EXPECT_EQ(e.help, "did you mean 'fuse_post_ops'?");
  }
}
}  // namespace cambium::passes_test
