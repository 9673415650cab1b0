// Convolution and pooling beyond what every op keeps: where windows stand, what is absorbed.
#include <cmath>

#include <gtest/gtest.h>

#include "graph/passes/passes.h"
#include "ops/conv/support/conv_taps.h"
#include "ops/conv/support/window.h"
#include "ops/ops.h"
#include "tests/support/op_case.h"

namespace cambium::conv_test {
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
  const Graph ops(builtin_ops());
  const Op& op = ops.op("conv2d");
  OpCase c(op, sample);
  const std::vector<Ref> want = c.reference();
  const std::vector<Tensor> got = c.run(op.kernel(c.call(), engine));
  double worst = 0;
  for (int64_t i = 0; i < want[0].size(); ++i)
    worst = std::max(worst, std::abs(double(got[0].f32()[size_t(i)]) - want[0][i]));
  EXPECT_LT(worst, 1e-3);  // of values of about 24
}

// What takes over from oneDNN's plain loops, for every kind of window and both precisions.
void expect_by_taps(const char* name, const Sample& sample,
                    const std::function<Kernel(const Call&)>& make) {
  const Graph ops(builtin_ops());
  const Op& op = ops.op(name);
  OpCase c(op, sample);
  const std::vector<Ref> want = c.reference();
  const std::vector<Tensor> got = c.run(make(c.call()));
  for (size_t o = 0; o < want.size(); ++o)
    for (int64_t i = 0; i < want[o].size(); ++i)
      ASSERT_NEAR(got[o].f32()[size_t(i)], want[o][i], 1e-4) << name << " " << o << " " << i;
}

std::vector<Args> windows() {
  return {{},
          {{"stride", 2}, {"dilation", 2}},
          {{"groups", 2}, {"padding", "valid"}},
          {{"stride", 3}, {"groups", 2}, {"pad", 2}}};
}

TEST(ConvByTaps, GivesTheGradientOfTheInput) {
  for (const Args& window : windows())
    for (DType type : {DType::kF32, DType::kBf16}) {
      const ConvWindow a = parse_fields<ConvWindow>(window);
      const Shape x{2, 9, 8, 6}, w{3, 4, 6 / a.groups, 10};
      const ConvSizes z = conv_sizes(a, x, w);
      Args args = window;
      args.push_back({"input", std::vector<int64_t>{9, 8}});
      expect_by_taps(
          "conv2d_grad_input",
          {{SampleInput(type, z.output_shape(), -1, 1), SampleInput(type, w, -1, 1)}, args},
          [&](const Call&) { return grad_input_by_taps(z, type, DType::kF32); });
    }
}

TEST(ConvByTaps, GivesTheGradientOfTheWeights) {
  for (const Args& window : windows())
    for (DType type : {DType::kF32, DType::kBf16}) {
      const ConvWindow a = parse_fields<ConvWindow>(window);
      const Shape x{2, 9, 8, 6}, w{3, 4, 6 / a.groups, 10};
      const ConvSizes z = conv_sizes(a, x, w);
      Args args = window;
      args.push_back({"kernel", std::vector<int64_t>{3, 4}});
      expect_by_taps(
          "conv2d_grad_weights",
          {{SampleInput(type, x, -1, 1), SampleInput(type, z.output_shape(), -1, 1)}, args},
          [&](const Call&) { return grad_weights_by_taps(z, type, true); });
    }
}

TEST(ConvByTaps, TakesOverFromPlainLoops) {
  Engine engine;
  for (const auto& [name, sample] :
       {std::pair{"conv2d_grad_input", Sample{{Shape{8, 32, 32, 16}, Shape{31, 31, 16, 16}},
                                              {{"input", std::vector<int64_t>{32, 32}}}}},
        std::pair{"conv2d_grad_weights", Sample{{Shape{8, 32, 32, 16}, Shape{8, 32, 32, 16}},
                                                {{"kernel", std::vector<int64_t>{31, 31}}}}}}) {
    const Graph ops(builtin_ops());
    const Op& op = ops.op(name);
    OpCase c(op, sample);
    EXPECT_FALSE(is_reference_impl(op.kernel(c.call(), engine).impl)) << name;
  }
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
}  // namespace cambium::conv_test
