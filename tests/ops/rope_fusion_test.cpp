// Rotations that move into attention: the same values and gradients, and only where nobody else
// needs what they give.
#include <gtest/gtest.h>

#include "graph/passes/passes.h"
#include "ops/ops.h"
#include "ops/passes/passes.h"
#include "tests/support/graph_values.h"

namespace cambium::rope_fusion_test {
namespace {
using test::count_ops;
using test::random_leaf;

struct Wiring {
  double key_base = 10000;
  int64_t keys = 6;  // queries: 6
  int64_t channels = 0, key_channels = 0;
  bool queries_twice = false;    // turned queries go into the loss as well
  bool output_gradient = false;  // d loss / d turned queries is asked for
  bool values = false;           // are turned, too
};

Graph example(const Wiring& w) {
  Graph g(builtin_ops());
  const Value q = g.parameter("q", {2, 6, 4, 4}, {});
  const Value k = g.parameter("k", {2, w.keys, 2, 4}, {});
  const Value v = g.parameter("v", {2, w.keys, 2, 4}, {});
  const Value turned = g.emit("rope", {q}, {{"channels", w.channels}});
  const Args of_keys = {{"base", w.key_base}, {"channels", w.key_channels}};
  const Value o = g.emit(
      "attention", {turned, g.emit("rope", {k}, of_keys), w.values ? g.emit("rope", {v}) : v});
  const auto sum = [&](Value x) { return g.emit("reduce_sum", {g.emit("square", {x})}); };
  const Value loss = w.queries_twice ? g.emit("add", {sum(o), sum(turned)}) : sum(o);
  std::vector<Value> wrt = {q, k, v};
  if (w.output_gradient) wrt.push_back(turned);
  const std::vector<Value> d = grad(loss, wrt);
  g.outputs = {{"loss", port_of(loss)}};
  for (size_t i = 0; i < d.size(); ++i) g.outputs.push_back({std::to_string(i), port_of(d[i])});
  return drop_dead(g);
}

void expect_same(const Graph& a, const Graph& b) {
  const std::vector<Ref> x = interpret(a, random_leaf).outputs,
                         y = interpret(b, random_leaf).outputs;
  ASSERT_EQ(x.size(), y.size());
  for (size_t k = 0; k < x.size(); ++k)
    for (int64_t i = 0; i < x[k].size(); ++i) EXPECT_NEAR(x[k][i], y[k][i], 1e-12);
}

TEST(FuseRope, LeavesNoRotationOfItsOwn) {
  const Graph g = example({}), fused = drop_dead(fuse_rope(g));
  EXPECT_EQ(count_ops(g, "rope"), 4);
  EXPECT_EQ(count_ops(fused, "rope"), 0);
  expect_same(g, fused);
}

TEST(FuseRope, MovesTurnsOfAPartOfAHead) {
  const Graph g = example({.channels = 2, .key_channels = 2}), fused = drop_dead(fuse_rope(g));
  EXPECT_EQ(count_ops(g, "rope"), 4);
  EXPECT_EQ(count_ops(fused, "rope"), 0);
  expect_same(g, fused);
}

TEST(FuseRope, KeepsWhatOthersRead) {
  // The gradient of the turned queries is a sum, which is turned back as a whole.
  const Graph shared = example({.queries_twice = true}), fused = drop_dead(fuse_rope(shared));
  EXPECT_EQ(count_ops(fused, "rope"), 4);  // attention_grad still reads both
  expect_same(shared, fused);
  const Graph asked = example({.output_gradient = true}), kept = drop_dead(fuse_rope(asked));
  EXPECT_EQ(count_ops(kept, "rope"), 4);
  expect_same(asked, kept);
}

TEST(FuseRope, LeavesOtherRotationsAlone) {
  for (const Wiring& w : {Wiring{.key_base = 500}, Wiring{.keys = 9}, Wiring{.channels = 2},
                          Wiring{.key_channels = 2}}) {
    const Graph g = example(w), same = drop_dead(fuse_rope(g));
    EXPECT_EQ(count_ops(same, "rope"), 4);
    expect_same(g, same);
  }
}

TEST(FuseRope, TurnsTheGradientOfTurnedValuesBack) {
  const Graph g = example({.values = true}), fused = drop_dead(fuse_rope(g));
  EXPECT_EQ(count_ops(g, "rope"), 6);
  EXPECT_EQ(count_ops(fused, "rope"), 2);
  expect_same(g, fused);
}
}  // namespace
}  // namespace cambium::rope_fusion_test
