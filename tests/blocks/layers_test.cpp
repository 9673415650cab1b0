// The layers that blocks share, against numbers computed in double by PyTorch 2: activations,
// norms, stochastic depth.
#include <numeric>

#include <gtest/gtest.h>

#include "tests/support/block_case.h"

namespace cambium::layers_test {
namespace {
using Numbers = std::vector<double>;

// The block's result for x, with parameters as they start (constants only).
Numbers run(const std::string& yaml, Domain domain, const Shape& shape, const Numbers& x,
            double parameter = 0) {
  const BlockCase c("- " + yaml, domain, shape);
  BlockCase::Data leaves = c.data(1);
  for (auto& [name, ref] : leaves) std::ranges::fill(ref.data, parameter);
  leaves.at("x") = {x};
  return c.run(leaves);
}

void expect_near(const Numbers& got, const Numbers& want, double tolerance = 1e-11) {
  ASSERT_GE(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], tolerance) << i;
}

struct Curve {
  std::string kind;
  Numbers y;  // at -4, -1.5, -0.3, 0.2, 1, 3.5
};

void PrintTo(const Curve& c, std::ostream* out) {
  *out << c.kind;
}

class Activations : public testing::TestWithParam<Curve> {};

TEST_P(Activations, AgreeWithPyTorch) {
  const auto& [kind, y] = GetParam();
  expect_near(
      run(str("activation: ", kind), Domain::kVector, {6, 1}, {-4, -1.5, -0.3, 0.2, 1, 3.5}, 0.25),
      y);
}

INSTANTIATE_TEST_SUITE_P(
    Layers, Activations,
    testing::Values(Curve{"mish",
                          {-0.072591740792, -0.298099742167, -0.151133177138, 0.132599001862,
                           0.865098388267, 3.493990715118}},
                    Curve{"selu",
                          {-1.72589862819, -1.365814353367, -0.455667315379, 0.210140197471,
                           1.050700987355, 3.677453455744}},
                    Curve{"softplus",
                          {0.018149927918, 0.201413277983, 0.554355244469, 0.798138869382,
                           1.313261687518, 3.529750418273}},
                    Curve{"hardswish", {0, -0.375, -0.135, 0.32 / 3, 2.0 / 3, 3.5}},
                    Curve{"hard_sigmoid", {0, 0.25, 0.45, 1.6 / 3, 2.0 / 3, 1}},
                    Curve{"relu2", {0, 0, 0, 0.04, 1, 12.25}},
                    Curve{"prelu", {-1, -0.375, -0.075, 0.2, 1, 3.5}}));

Numbers sines(int64_t n) {
  Numbers x;
  for (int64_t i = 0; i < n; ++i) x.push_back(std::sin(double(i)));
  return x;
}

// gamma 1 and beta 0 cannot both be the one value that run() gives to all parameters.
TEST(Norms, GroupAndInstanceAgreeWithPyTorch) {
  expect_near(
      run("norm: {kind: group, groups: 2, bias: false}", Domain::kTokens, {2, 3, 4}, sines(24), 1),
      {-0.11843451523773321, 1.0157299233616008, 1.3972734091010053, 0.24143242468796572,
       -1.138479760668799, -1.4109066637347851});
  expect_near(run("norm: {kind: instance, bias: false}", Domain::kTokens, {2, 3, 4}, sines(24), 1),
              {-0.10842087409209986, 0.9680278981491806, 1.3933867189505387, 0.3010326354575143,
               -1.1669178700885434, -1.3768555064419272});
}

TEST(Norms, L2AndScaleSetTheLengthOfARow) {
  // 1 / sqrt(C) is a constant in f32
  const Numbers y = run("norm: {kind: l2, eps: 1e-12}", Domain::kVector, {1, 3}, {3, 0, -4});
  expect_near(y, {0.6, 0, -0.8}, 1e-7);
  expect_near(run("norm: {kind: scale, eps: 1e-12}", Domain::kVector, {1, 3}, {3, 0, -4}, 10),
              {6, 0, -8});
}

TEST(Norms, GroupsTakeTheLargestDivisorUpTo32) {
  const auto groups = [](int64_t channels) {
    const BlockCase c("- norm: group", Domain::kVector, {2, channels});
    for (const Node& n : c.graph.nodes())
      if (n.kind() == "group_norm") return n.attrs.text().substr(0, n.attrs.text().find(','));
    return std::string("none");
  };
  EXPECT_EQ(groups(64), "groups=32");
  EXPECT_EQ(groups(48), "groups=24");
  EXPECT_EQ(groups(7), "groups=7");
  EXPECT_EQ(groups(37), "groups=1");
}

// The two graphs of a batch are normalised apart.
TEST(Norms, InstancesOfABatchOfGraphsAreItsGraphs) {
  const BlockCase c("- norm: instance", Domain::kGraph, {6, 2}, {.graphs = 2});
  BlockCase::Data leaves = c.data(1);
  const Numbers before = c.run(leaves);
  for (int64_t i = 6; i < 12; ++i) leaves.at("x")[i] *= double(i);
  const Numbers after = c.run(leaves);
  EXPECT_TRUE(std::equal(before.begin(), before.begin() + 6, after.begin()));
  EXPECT_FALSE(std::equal(before.begin() + 6, before.end(), after.begin() + 6));
}

std::string first_error(const std::string& yaml, Domain domain, const Shape& shape) {
  try {
    BlockCase("- " + yaml, domain, shape);
  } catch (const UserErrors& e) {
    return str(e.all[0].what(), "; ", e.all[0].help);
  }
  return "";
}

TEST(Norms, SayWhatDoesNotFit) {
  EXPECT_EQ(first_error("norm: instance", Domain::kVector, {2, 4}),
            "norm 'norm': norm = instance needs several places in an example, a vector has one; "
            "use norm: layer");
  EXPECT_EQ(first_error("norm: {kind: group, groups: 4}", Domain::kVector, {2, 6}),
            "norm 'norm': groups = 4 does not divide C = 6; groups that do: 1, 2, 3, 6");
  EXPECT_EQ(
      first_error("conv_mixer: {kernel: 3, causal: true, norm: group}", Domain::kTokens, {2, 5, 4}),
      "conv_mixer 'conv_mixer': norm = group looks at every position, causal forbids it; use "
      "norm: rms or norm: layer");
}

// A branch of ones: y - x is 0 or 1 / (1 - p) for a whole example.
TEST(DropPath, LeavesTheBranchOutForWholeExamples) {
  constexpr int64_t kExamples = 200, kPlaces = 6;
  const BlockCase c("- {residual: [{norm: {kind: layer}}], drop_path: 0.25}", Domain::kTokens,
                    {kExamples, 3, 2});
  BlockCase::Data leaves = c.data(1);
  for (auto& [name, ref] : leaves)
    if (name.ends_with("gamma") || name.ends_with("beta"))
      std::ranges::fill(ref.data, name.ends_with("beta") ? 1 : 0);
  const Numbers y = c.run(leaves);
  int dropped = 0;
  for (int64_t e = 0; e < kExamples; ++e) {
    const auto branch = [&](int64_t k) {
      return y[size_t(e * kPlaces + k)] - leaves.at("x")[e * kPlaces + k];
    };
    for (int64_t k = 1; k < kPlaces; ++k) EXPECT_NEAR(branch(k), branch(0), 1e-12);
    const bool gone = std::abs(branch(0)) < 1e-12;
    EXPECT_NEAR(branch(0), gone ? 0 : 1 / 0.75, 1e-6);
    dropped += gone;
  }
  EXPECT_GT(dropped, 20);
  EXPECT_LT(dropped, 90);
}

TEST(DropPath, IsTheIdentityInEvaluation) {
  const BlockCase c("- {residual: [{linear: 4}], drop_path: 0.5}", Domain::kVector, {3, 4},
                    {.training = false});
  for (const Node& n : c.graph.nodes()) EXPECT_NE(n.kind(), "dropout");
}

TEST(Residual, SandwichNormalisesBothEndsOfTheBranch) {
  BlockCase c("- {residual: [{linear: 4}], norm: layer, place: sandwich, layer_scale: 0.1}",
              Domain::kVector, {3, 4});
  EXPECT_TRUE(c.graph.find(Role::kParameter, "residual.norm.gamma"));
  EXPECT_TRUE(c.graph.find(Role::kParameter, "residual.norm_out.gamma"));
  const auto scale = c.graph.find(Role::kParameter, "residual.layer_scale");
  ASSERT_TRUE(scale);
  EXPECT_EQ(c.graph.node(*scale).parameter.init, (Init{Init::kConstant, 0.1}));
}
}  // namespace
}  // namespace cambium::layers_test
