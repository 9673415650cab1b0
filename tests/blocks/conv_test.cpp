// What the convolution blocks compute where a closed form or PyTorch says it, and what they refuse.
#include <gtest/gtest.h>

#include "tests/blocks/mistakes.h"
#include "tests/support/expect_error.h"
#include "tests/support/padded_layout.h"

namespace cambium::conv_test {
namespace {
using Numbers = std::vector<double>;

Numbers sines(int64_t n) {
  Numbers x;
  for (int64_t i = 0; i < n; ++i) x.push_back(std::sin(double(i)));
  return x;
}

// F.interpolate(sin(arange(6)) as [1,1,2,3], scale_factor=2, mode=..., align_corners=False)
TEST(Upsample, BilinearAgreesWithPyTorch) {
  const BlockCase c("- upsample: {kind: bilinear}", Domain::kGrid, {1, 2, 3, 1});
  BlockCase::Data leaves = c.data(1);
  leaves.at("x") = {sines(6)};
  const Numbers want = {0.0,
                        0.210367746202,
                        0.631103238606,
                        0.858427595312,
                        0.892340816321,
                        0.909297426826,
                        0.035280002015,
                        0.136935655206,
                        0.340246961588,
                        0.441987461448,
                        0.442157154785,
                        0.442242001453,
                        0.105840006045,
                        -0.009928526786,
                        -0.241465592448,
                        -0.390892806282,
                        -0.458210168288,
                        -0.491868849291,
                        0.14112000806,
                        -0.083360617782,
                        -0.532321869466,
                        -0.807332940147,
                        -0.908393829824,
                        -0.958924274663};
  const Numbers y = c.run(leaves);
  ASSERT_EQ(y.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(y[i], want[i], 1e-11) << i;
}

TEST(Upsample, NearestRepeatsEachPixel) {
  const BlockCase c("- upsample: 3", Domain::kGrid, {1, 2, 2, 1});
  BlockCase::Data leaves = c.data(1);
  leaves.at("x") = {{1, 2, 3, 4}};
  const Numbers y = c.run(leaves);
  ASSERT_EQ(c.out.shape(), Shape({1, 6, 6, 1}));
  for (size_t i = 0; i < 36; ++i) EXPECT_EQ(y[i], double(1 + i / 18 * 2 + i % 6 / 3)) << i;
}

TEST(CausalConv, IsTheSumOverTheWindow) {
  const BlockCase c("- causal_conv: {kernel: 2, dilation: 2}", Domain::kTokens, {1, 5, 1});
  BlockCase::Data leaves = c.data(1);
  leaves.at("x") = {{1, 2, 3, 4, 5}};
  leaves.at("causal_conv.weight") = {{10, 1}};  // of t - 2 and of t
  leaves.at("causal_conv.bias") = {{100}};
  EXPECT_EQ(c.run(leaves), Numbers({101, 102, 113, 124, 135}));
}

// Kernel 2 with dilations 1, 2, 4 hears 7 tokens back, no farther.
TEST(DilatedStack, ReachesAsFarAsItsDilationsAddUpTo) {
  const BlockCase c("- dilated_stack: 3", Domain::kTokens, {1, 10, 2});
  BlockCase::Data leaves = c.data(1);
  const Numbers before = c.run(leaves);
  leaves.at("x")[0] += 1;
  const Numbers after = c.run(leaves);
  for (size_t t = 0; t < 10; ++t) EXPECT_EQ(before[2 * t] != after[2 * t], t <= 7) << t;
}

TEST(DilatedStack, LeavesOutTheResidualThatNobodyHears) {
  BlockCase c("- dilated_stack: 2", Domain::kTokens, {1, 4, 2});
  EXPECT_TRUE(c.graph.find(Role::kParameter, "dilated_stack.layer_0.residual.weight"));
  EXPECT_FALSE(c.graph.find(Role::kParameter, "dilated_stack.layer_1.residual.weight"));
}

// With zero weights in the second layer the factors are gate(0) = 1/2.
TEST(SqueezeExcite, HalvesWhatItHasNoOpinionOf) {
  const BlockCase c("- squeeze_excite: 0.5", Domain::kGrid, {1, 2, 2, 2});
  BlockCase::Data leaves = c.data(1);
  for (auto& [name, ref] : leaves)
    if (name.starts_with("squeeze_excite.excite")) std::ranges::fill(ref.data, 0);
  const Numbers y = c.run(leaves);
  for (size_t i = 0; i < y.size(); ++i) EXPECT_DOUBLE_EQ(y[i], leaves.at("x")[int64_t(i)] / 2);
}

TEST(InvertedResidual, SqueezesInMultiplesOf8AsMobileNetDoes) {
  BlockCase c("- inverted_residual: {hidden: 72, squeeze: 0.25}", Domain::kGrid, {1, 2, 2, 4});
  const auto weight = c.graph.find(Role::kParameter, "inverted_residual.squeeze.weight");
  ASSERT_TRUE(weight);
  EXPECT_EQ(c.graph.type({*weight, 0}).shape, Shape({72, 24}));  // 16 is below 0.9 * 18
}

TEST(InvertedResidual, SqueezesAShareOfItsInputAsEfficientNetDoes) {
  BlockCase c("- inverted_residual: {hidden: 72, squeeze: 0.25, squeeze_of: input}", Domain::kGrid,
              {1, 2, 2, 12});
  const auto weight = c.graph.find(Role::kParameter, "inverted_residual.squeeze.weight");
  ASSERT_TRUE(weight);
  EXPECT_EQ(c.graph.type({*weight, 0}).shape, Shape({72, 3}));
}

// As PyTorch's ceil_mode: a window begins inside, whatever hangs over.
TEST(Pool2d, LetsTheLastWindowStandOverTheEdge) {
  const auto shape = [](const std::string& options, const Shape& in) {
    return BlockCase("- pool2d: {" + options + ", padding: ceil}", Domain::kGrid, in).out.shape();
  };
  EXPECT_EQ(shape("kernel: 3, stride: 2", {1, 55, 54, 2}), Shape({1, 27, 27, 2}));
  EXPECT_EQ(shape("kernel: 2, stride: 3", {1, 5, 7, 2}), Shape({1, 2, 3, 2}));
  EXPECT_EQ(shape("kernel: 1, stride: 3", {1, 5, 4, 2}), Shape({1, 2, 2, 2}));
  EXPECT_EQ(shape("kernel: 4, stride: 4", {1, 3, 9, 2}), Shape({1, 1, 3, 2}));
}

TEST(Pool2d, OverTheEdgeRefusesPadding) {
  const auto e = test::error_of<UserErrors>([] {
    const PaddedCase c("- tokens_to_grid: {columns: 2}\n- pool2d: {padding: ceil}",
                       padded_input(Domain::kTokens, 6, 4, 2), false);
  });
  EXPECT_EQ(std::string(e.all[0].what()),
            "pool2d 'pool2d': the data is padded, and where a window that stands over the edge "
            "ends is not known");
  EXPECT_EQ(e.all[0].help, "use padding: same or valid");
}

TEST(Conv1d, ForgetsTheGridWhenItsTokensAreNoLongerThose) {
  const std::string begin = "- grid_to_tokens\n- conv1d: {width: 2, stride: ";
  EXPECT_EQ(BlockCase(begin + "2}", Domain::kGrid, {1, 2, 4, 2}).out.columns, 0);
  EXPECT_EQ(BlockCase(begin + "1}", Domain::kGrid, {1, 2, 4, 2}).out.columns, 4);
}

using test::Mistake;

class ConvErrors : public testing::TestWithParam<test::Mistake> {};

TEST_P(ConvErrors, SayWhatWouldFit) {
  test::expect_refused(GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Blocks, ConvErrors,
    testing::Values(
        Mistake{"conv1d: {kernel: 4, dilation: 2, padding: valid}",
                "kernel = 4 with dilation = 2 reaches over 7 tokens, there are 5; use a smaller "
                "kernel or dilation, or padding: same"},
        Mistake{"conv1d: {width: 4, groups: 4}", "groups = 4 does not divide C = 6; "},
        Mistake{"conv1d: {padding: causal, norm: instance}",
                "norm = instance looks at every position, causal forbids it; use norm: rms or "
                "norm: layer"},
        Mistake{"causal_conv: {kernel: 2, norm: batch}",
                "norm = batch looks at every position, causal forbids it; use norm: rms or norm: "
                "layer"},
        Mistake{"gated_conv: {stride: 2, causal: true}",
                "stride = 2 and causal do not go together; "},
        Mistake{"gated_conv: {causal: true}", "causal needs tokens, a grid has no order; ",
                Domain::kGrid},
        Mistake{"convnext: {causal: true}", "causal needs tokens, a grid has no order; ",
                Domain::kGrid},
        Mistake{"separable_conv: {stride: 2}", "stride = 2 needs a grid, got tokens; "},
        Mistake{"dilated_stack: {layers: 40}",
                "layers = 40 makes dilations beyond 1048576; use cycle: 10 to begin again at 1"},
        Mistake{"residual_conv: {kind: bottleneck}",
                "reduction = 4 does not divide width = 6; use width: 8", Domain::kGrid},
        Mistake{"residual_conv: {groups: 2}",
                "groups needs a convolution in the middle; use kind: bottleneck", Domain::kGrid},
        Mistake{"residual_conv: {squeeze: 0.25}",
                "squeeze needs a convolution in the middle; use kind: bottleneck", Domain::kGrid},
        Mistake{"residual_conv: {kind: bottleneck, reduction: 2, groups: 2}",
                "groups = 2 does not divide the 3 channels inside; width / reduction is a multiple "
                "of groups",
                Domain::kGrid},
        Mistake{"residual_conv: {kind: bottleneck, reduction: 1, group_width: 4}",
                "group_width = 4 does not divide the 6 channels inside; width / reduction is a "
                "multiple of group_width",
                Domain::kGrid},
        Mistake{"residual_conv: {kind: bottleneck, reduction: 1, groups: 2, group_width: 3}",
                "groups = 2 and group_width = 3 say the same thing twice; ", Domain::kGrid}));
}  // namespace
}  // namespace cambium::conv_test
