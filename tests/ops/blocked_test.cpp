// Images in blocks of 16 channels: the pass that places them, and what it leaves of copies.
#include "ops/conv/support/blocked.h"

#include <cmath>

#include <gtest/gtest.h>

#include "graph/passes/passes.h"
#include "ops/conv/support/conv.h"
#include "ops/ops.h"
#include "ops/passes/passes.h"
#include "tests/support/graph_values.h"

namespace cambium::blocked_test {
namespace {
constexpr int64_t kBatch = 1, kSide = 27, kWidth = 64;  // 5e7 FLOPs and more a convolution

struct Net {
  Graph graph{builtin_ops()};
  Value x = graph.input("x", {DType::kF32, {kBatch, kSide, kSide, kWidth}});

  Value weights(const std::string& name) {
    return graph.parameter(name, {3, 3, kWidth, kWidth}, {.init = {Init::kNormal, 0.05}});
  }

  Value vector(const std::string& name, double value) {
    return graph.parameter(name, {kWidth}, {.init = {Init::kConstant, value}});
  }

  Value norm(Value v, const std::string& name) {
    return graph.emit("batch_norm", {v, vector(name + ".gamma", 1), vector(name + ".beta", 0)});
  }

  // relu(norm(conv(relu(norm(conv(x))))) + x), a residual block.
  Value block() {
    Value v = graph.emit("relu", {norm(graph.emit("conv2d", {x, weights("a")}), "na")});
    v = norm(graph.emit("conv2d", {v, weights("b")}), "nb");
    return graph.emit("relu", {graph.emit("add", {v, x})});
  }

  // Its mean square and the gradients of all parameters and of x, after the usual passes.
  Graph step() {
    const Value loss = graph.emit("reduce_mean", {graph.emit("square", {block()})},
                                  {{"axes", std::vector<int64_t>{0, 1, 2, 3}}});
    std::vector<Value> wrt = {x};
    for (int id = 0; id < int(graph.nodes().size()); ++id)
      if (graph.node(id).role == Role::kParameter) wrt.push_back(graph.value({id, 0}));
    graph.outputs = {{"loss", port_of(loss)}};
    const std::vector<Value> d = grad(loss, wrt);
    for (size_t i = 0; i < d.size(); ++i) graph.outputs.push_back({str("d", i), port_of(d[i])});
    return run_passes(std::move(graph), training_pipeline());
  }
};

Graph in_blocks(const Graph& g) {
  return run_passes(keep_blocked(g), training_pipeline());
}

bool has_winograd() {
  return suits_winograd(
      conv_sizes({}, Shape{kBatch, kSide, kSide, kWidth}, {3, 3, kWidth, kWidth}));
}

TEST(KeepBlocked, CopiesOnlyWhatComesInAndGoesOut) {
  const Graph before = Net().step(), after = in_blocks(before);
  // x and the gradient of the mean come in, the block's result and dx go out.
  const int copies = has_winograd() ? 2 : 0;
  EXPECT_EQ(test::count_ops(after, "block_channels"), copies);
  EXPECT_EQ(test::count_ops(after, "unblock_channels"), copies);
  for (const Node& n : after.nodes())
    if (n.op && (n.op->name.starts_with("conv2d") || n.op->name.starts_with("batch_norm"))) {
      EXPECT_EQ(is_blocked(after.type(n.inputs[0]).shape), has_winograd()) << n.op->name;
    }
}

TEST(KeepBlocked, ChangesNoResult) {
  const Graph before = Net().step(), after = in_blocks(before);
  const Interpreted want = interpret(before, test::random_leaf);
  const Interpreted got = interpret(after, test::random_leaf);
  ASSERT_EQ(got.outputs.size(), want.outputs.size());
  for (size_t k = 0; k < want.outputs.size(); ++k)
    for (int64_t i = 0; i < want.outputs[k].size(); ++i)
      ASSERT_NEAR(got.outputs[k][i], want.outputs[k][i],
                  1e-9 * std::max(1.0, std::abs(want.outputs[k][i])))
          << before.outputs[k].name << " element " << i;
}

TEST(KeepBlocked, LeavesGraphsWithoutSuchConvolutionsAlone) {
  Graph g(builtin_ops());
  const Value x = g.input("x", {DType::kF32, {1, 4, 4, 32}});
  const Value w = g.parameter("w", {3, 3, 32, 32}, {});
  g.outputs = {{"y", port_of(g.emit("relu", {g.emit("conv2d", {x, w})}))}};
  EXPECT_EQ(to_text(keep_blocked(g)), to_text(g));
}

// A convolution that Winograd does not suit follows its neighbours when they lie in blocks.
TEST(KeepBlocked, TakesOtherConvolutionsAlong) {
  Graph g(builtin_ops());
  const Value x = g.input("x", {DType::kF32, {kBatch, kSide, kSide, kWidth}});
  const auto w = [&](const char* name, int64_t side) {
    return g.parameter(name, {side, side, kWidth, kWidth}, {});
  };
  const Value y = g.emit("conv2d", {x, w("winograd", 3)});
  const Value strided = g.emit("conv2d", {y, w("strided", 3)}, {{"stride", 2}});
  g.outputs = {{"y", port_of(g.emit("conv2d", {strided, w("narrow", 1)}))}};
  const Graph after = in_blocks(g);
  EXPECT_EQ(test::count_ops(after, "block_channels"), has_winograd());
  EXPECT_EQ(test::count_ops(after, "unblock_channels"), has_winograd());
}
}  // namespace
}  // namespace cambium::blocked_test
