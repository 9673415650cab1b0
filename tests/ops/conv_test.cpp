// Convolution and pooling beyond what every op keeps: where windows stand, what is absorbed.
#include <cmath>

#include <gtest/gtest.h>

#include "graph/passes.h"
#include "ops/ops.h"
#include "ops/support/window.h"
#include "tests/support/op_case.h"

namespace cambium {
namespace {
TEST(Window, SamePaddingCentresOddKernels) {
  for (int64_t kernel : {1, 3, 5, 7})
    for (int64_t stride : {1, 2})
      EXPECT_EQ(place_window(28, kernel, stride, 1, "same", -1).before,
                (kernel - 1) / 2 * (kernel > stride))
          << kernel << " " << stride;
}

TEST(Window, SamePaddingGivesCeilOfExtentOverStride) {
  for (int64_t extent : {1, 5, 8, 28})
    for (int64_t stride : {1, 2, 3, 4}) {
      const Window w = place_window(extent, 3, stride, 1, "same", -1);
      EXPECT_EQ(w.out, (extent + stride - 1) / stride);
      EXPECT_EQ((extent + w.before + w.after - 3) / stride + 1, w.out);
    }
}

TEST(Window, PatchesNeedNoPadding) {
  const Window w = place_window(28, 4, 4, 1, "same", -1);
  EXPECT_EQ(w.out, 7);
  EXPECT_EQ(w.before + w.after, 0);
}

TEST(Window, RefusesAKernelThatDoesNotFit) {
  try {
    place_window(4, 3, 1, 2, "valid", -1);
    FAIL();
  } catch (const UserError& e) {
    EXPECT_STREQ(e.what(), "a kernel that covers 5 does not fit into extent 4 with padding 0");
  }
}

// Winograd's filtering, which large 3 x 3 convolutions take where oneDNN has it, against the plain
// sum in double.
TEST(Conv2d, AgreesWithThePlainSumWhenItIsLarge) {
  const Sample sample{{Shape{2, 26, 27, 64}, Shape{3, 3, 64, 64}, Shape{64}, Shape{2, 26, 27, 64}},
                      {{"activation", "relu"}}};
  Engine engine;
  const Op& op = Graph(builtin_ops()).op("conv2d");
  OpCase c(op, sample);
  const std::vector<Ref> want = c.reference();
  const std::vector<Tensor> got = c.run(op.kernel(c.call(), engine));
  double worst = 0;
  for (int64_t i = 0; i < want[0].size(); ++i)
    worst = std::max(worst, std::abs(double(got[0].f32()[size_t(i)]) - want[0][i]));
  EXPECT_LT(worst, 1e-3);  // of values of about 24
}

// conv2d -> relu -> + skip, as one graph.
Graph conv_relu_add() {
  Graph g(builtin_ops());
  const Value x = g.input("x", {DType::kF32, {2, 4, 4, 3}}),
              skip = g.input("skip", {DType::kF32, {2, 4, 4, 5}}),
              w = g.parameter("w", {3, 3, 3, 5}, {});
  const Value y = g.emit("relu", {g.emit("conv2d", {x, w})});
  g.outputs = {{"y", port_of(g.emit("add", {skip, y}))}};
  return g;
}

TEST(Conv2d, AbsorbsActivationAndResidual) {
  const Graph before = conv_relu_add();
  const Graph after = drop_dead(fuse_post_ops(before));
  EXPECT_EQ(after.nodes().size(), 4u);
  const auto leaves = [](const Node& n) {
    Ref r;
    for (int64_t i = 0; i < n.outputs[0].shape.count(); ++i)
      r.data.push_back(std::sin(double(i) + double(n.scope.path.size())));
    return r;
  };
  EXPECT_EQ(interpret(before, leaves).outputs[0].data, interpret(after, leaves).outputs[0].data);
}

TEST(Conv2d, KeepsAnActivationThatFollowsTheResidual) {
  Graph g(builtin_ops());
  const Value x = g.input("x", {DType::kF32, {1, 4, 4, 3}}), w = g.parameter("w", {3, 3, 3, 3}, {});
  g.outputs = {{"y", port_of(g.emit("relu", {g.emit("add", {g.emit("conv2d", {x, w}), x})}))}};
  const Graph after = drop_dead(fuse_post_ops(g));
  EXPECT_EQ(after.nodes().back().op->name, "relu");
  EXPECT_EQ(after.nodes().size(), 4u);
}

TEST(Conv2d, NamesGroupsThatDoNotDivide) {
  Graph g(builtin_ops());
  const Value x = g.input("x", {DType::kF32, {1, 4, 4, 6}}), w = g.parameter("w", {3, 3, 1, 4}, {});
  try {
    g.emit("conv2d", {x, w}, {{"groups", 4}});
    FAIL();
  } catch (const UserError& e) {
    EXPECT_STREQ(e.what(), "conv2d '': groups = 4 does not divide C = 6");
  }
}
}  // namespace
}  // namespace cambium
