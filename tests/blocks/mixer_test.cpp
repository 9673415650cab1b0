// Token mixers: what they refuse, that they cost what they promise, and what they must equal.
#include <cmath>

#include <gtest/gtest.h>

#include "graph/cost.h"
#include "tests/support/block_case.h"

namespace cambium::mixer_test {
namespace {
// The first error of `yaml` on tokens [2,6,64]: "text; help".
std::string error_of(const std::string& yaml, const Shape& shape = {2, 6, 64}) {
  try {
    BlockCase("- " + yaml, Domain::kTokens, shape);
  } catch (const UserErrors& e) {
    const std::string text = e.all.at(0).what();
    return text.substr(text.find("': ") + 3) + "; " + e.all.at(0).help;
  }
  return "none";
}

TEST(MixerErrors, HeadsMustDivideTheWidth) {
  for (const char* block : {"linear_attention", "retention", "performer", "delta_net"})
    EXPECT_EQ(error_of(str(block, ": {heads: 5}")),
              "heads = 5 does not divide C = 64; use heads: 4 or heads: 8");
  EXPECT_EQ(error_of("retention: 100"), "heads = 100 does not divide C = 64; use heads: 64");
}

TEST(MixerErrors, HeadsMustDivideBothWidths) {
  EXPECT_EQ(error_of("gated_linear_attention: {heads: 64}"),
            "heads = 64 does not divide expand_k * C = 32; use heads: 32");
  EXPECT_EQ(error_of("gated_linear_attention: {expand_v: 0.05}"),
            "heads = 4 does not divide expand_v * C = 3; use heads: 3");
}

TEST(MixerErrors, RecurrencesMustKeepTheWidth) {
  EXPECT_EQ(error_of("min_gru: {expand: 2, project: false}"),
            "project = false leaves 128 channels, C = 64 came in; use expand: 1 or project: true");
  EXPECT_EQ(error_of("rg_lru: {blocks: 3}"),
            "blocks = 3 does not divide the inner width 64; use blocks: 1, or another number that "
            "divides it");
  EXPECT_EQ(error_of("rg_lru: {least: 0.9999}"),
            "least = 0.9999 is above most = 0.999; use least: 0.999 or less");
}

TEST(MixerErrors, FeaturesMustFit) {
  EXPECT_EQ(error_of("linear_attention: {feature_map: identity}"),
            "feature_map = identity has weights of both signs, their sum may be zero; use "
            "normalise: false, or feature_map: elu1");
  EXPECT_EQ(error_of("linear_attention: {feature_map: taylor2, feature_dim: 64}"),
            "feature_dim = 64 gives 4161 features with taylor2; use feature_dim: 16, at most 32");
  EXPECT_EQ(error_of("performer: 1", {2, 6, 512}),
            "heads = 1 of C = 512 are 512 wide, random features of e^(q . k) overflow above 128; "
            "use heads: 4 or more");
}

TEST(MixerErrors, StepSizesAreAnInterval) {
  EXPECT_EQ(error_of("mamba: {dt_min: 0.2}"),
            "dt_min = 0.2 is above dt_max = 0.1; use dt_min: 0.1 or less");
}

TEST(MixerErrors, StatesAndHeadsMustFit) {
  EXPECT_EQ(error_of("s4d: 5"), "state = 5 is odd, states come in pairs; use state: 6");
  EXPECT_EQ(error_of("s4d: {dt_max: 0.0001}"),
            "dt_min = 0.001 is above dt_max = 0.0001; use dt_min: 0.0001 or less");
  EXPECT_EQ(
      error_of("mamba2: {head_dim: 24}"),
      "head_dim = 24 does not divide the inner width 128; use head_dim: 8, or another expand");
  EXPECT_EQ(error_of("mamba2: {head_dim: 16, groups: 6}"),
            "groups = 6 does not divide the 8 heads; use groups: 2");
  EXPECT_EQ(error_of("mamba2: {dt_min: 0.2}"),
            "dt_min = 0.2 is above dt_max = 0.1; use dt_min: 0.1 or less");
  EXPECT_EQ(error_of("hyena: {length: 5}"),
            "length = 5 is below the 6 tokens that came in; use length: 6 or more, or 0");
}

TEST(MixerErrors, RotatedHeadsAreEven) {
  EXPECT_EQ(error_of("retention: 3", {2, 6, 9}),
            "rope = true needs heads of even width, heads = 3 of C = 9 are 3 wide; use rope: "
            "false, or another number of heads");
}

// Forward flops, and those of the whole step, at T tokens.
std::pair<double, double> flops(const std::string& yaml, int64_t t) {
  BlockCase c("- " + yaml, Domain::kTokens, {1, t, 32});
  const Value loss = c.graph.emit("reduce_sum", {c.out.x});
  const double forward = total_cost(c.graph).forward_flops;
  std::vector<Value> wrt = c.parameters();
  wrt.push_back(c.in.x);
  grad(loss, wrt);
  const ScopeCost cost = total_cost(c.graph);
  return {forward, cost.flops()};
}

class Linear : public testing::TestWithParam<const char*> {};

TEST_P(Linear, CostGrowsInProportionToTheLength) {
  const auto [forward, step] = flops(GetParam(), 512);
  const auto [forward8, step8] = flops(GetParam(), 4096);
  EXPECT_NEAR(forward8 / forward, 8, 0.1);
  EXPECT_NEAR(step8 / step, 8, 0.1);
}

INSTANTIATE_TEST_SUITE_P(Blocks, Linear,
                         testing::Values("linear_attention: {heads: 2, causal: true}",
                                         "linear_attention: 2", "performer: {causal: true}",
                                         "performer: 2", "retention: 4", "mamba: 4",
                                         "delta_net: {heads: 2, gated: true}",
                                         "gated_linear_attention: 2", "min_gru: 1", "rg_lru: 1",
                                         "lstm: 16", "gru: 16", "rnn: 16",
                                         "mamba2: {state: 8, head_dim: 8}", "rwkv", "rwkv_ffn"));

class Loglinear : public testing::TestWithParam<const char*> {};

TEST_P(Loglinear, CostGrowsByALogarithmFasterThanTheLength) {
  const auto [forward, step] = flops(GetParam(), 512);
  const auto [forward8, step8] = flops(GetParam(), 4096);
  EXPECT_GT(step8 / step, 8);
  EXPECT_LT(forward8 / forward, 8 * 13.0 / 10);  // log2 of the transforms' lengths, 1024 and 8192
  EXPECT_LT(step8 / step, 8 * 13.0 / 10);
}

INSTANTIATE_TEST_SUITE_P(Blocks, Loglinear, testing::Values("s4d: 4", "hyena: {filter_width: 4}"));

int64_t parameters(const std::string& layer, int64_t layers, int64_t vocab,
                   const std::string& before, const std::string& after) {
  const BlockCase c(str("- {embed: {dim: 768, vocab: ", vocab, "}, name: tokens}\n", before,
                        "- {repeat: ", layers, ", body: [", layer, "]}\n", after),
                    Domain::kIds, {1, 8});
  return total_cost(c.graph).parameters;
}

// state-spaces/mamba-130m and mamba2-130m: 24 layers of width 768, tied, the vocabulary padded.
TEST(Mixers, MambaHasTheParametersOfThePublishedModels) {
  const std::string after = "- norm: rms\n- linear: {tie: tokens}";
  EXPECT_EQ(parameters("{residual: [{norm: rms}, mamba]}", 24, 50280, "", after), 129'135'360);
  EXPECT_EQ(parameters("{residual: [{norm: rms}, mamba2]}", 24, 50288, "", after), 128'989'632);
}

// What a parameter that begins at zero is added to.
std::span<const float> start_of(const Graph& g, std::string_view parameter) {
  for (const Node& n : g.nodes()) {
    if (!n.op || n.kind() != "add") continue;
    const Node &left = g.node(n.inputs[0].node), &right = g.node(n.inputs[1].node);
    if (left.scope.path == parameter && right.constant) return right.constant->f32();
  }
  return {};
}

// On these starts, and on no weight decay of them, rests what mamba learns first (docs/recall.md).
TEST(Mixers, MambaStartsWithShortStepsAndRatesOneToN) {
  const BlockCase c("- mamba: {state: 4, dt_min: 0.002, dt_max: 0.05}", Domain::kTokens,
                    {1, 3, 128});
  const auto dt = start_of(c.graph, "mamba.dt_bias"), rates = start_of(c.graph, "mamba.log_a");
  ASSERT_EQ(dt.size(), 256u);
  ASSERT_EQ(rates.size(), 1024u);
  double mean = 0;
  for (const float x : dt) {
    const double step = std::log1p(std::exp(double(x)));  // softplus
    EXPECT_TRUE(step > 0.00199 && step < 0.0501) << step;
    mean += std::log(step) / 256;
  }
  EXPECT_NEAR(mean, std::log(0.01), 0.2);  // log-uniform: the geometric middle
  for (size_t i = 0; i < rates.size(); ++i)
    EXPECT_NEAR(std::exp(rates[i]), double(1 + i % 4), 1e-5);
  int kept = 0;
  for (const Node& n : c.graph.nodes())
    if (n.role == Role::kParameter && !n.parameter.decay) {
      const std::string& name = n.scope.path;
      EXPECT_TRUE(name == "mamba.dt_bias" || name == "mamba.log_a" || name == "mamba.d" ||
                  name == "mamba.conv.bias")
          << name;
      EXPECT_EQ(n.parameter.init.kind, name == "mamba.d" ? Init::kConstant : Init::kZeros);
      ++kept;
    }
  EXPECT_EQ(kept, 4);
}

// RWKV-4-Pile-169M: 12 layers of width 768, a norm behind the embedding, not tied.
TEST(Mixers, RwkvHasTheParametersOfThePublishedModel) {
  EXPECT_EQ(
      parameters("{residual: [{norm: layer}, rwkv]}, {residual: [{norm: layer}, rwkv_ffn]}", 12,
                 50277, "- norm: layer\n", "- norm: layer\n- linear: {width: 50277, bias: false}"),
      169'342'464);
}

TEST(Mixers, LinearAttentionIsTheSameBothWaysAtTheLastToken) {
  const Shape shape{1, 6, 4};
  const BlockCase causal("- linear_attention: {heads: 2, causal: true}", Domain::kTokens, shape);
  const BlockCase full("- linear_attention: {heads: 2}", Domain::kTokens, shape);
  const std::vector<double> a = causal.run(causal.data(3)), b = full.run(full.data(3));
  for (size_t i = 20; i < 24; ++i) EXPECT_NEAR(a[i], b[i], 1e-12);
  EXPECT_GT(std::abs(a[0] - b[0]), 1e-6);
}

TEST(Mixers, PerformerEstimatesSoftmaxAttention) {
  const Shape shape{1, 8, 4};
  const BlockCase exact("- attention: {heads: 1}", Domain::kTokens, shape);
  const BlockCase estimate("- performer: {features: 4096, eps: 0}", Domain::kTokens, shape);
  BlockCase::Data leaves = exact.data(4);
  BlockCase::Data same;
  for (const char* name : {"attention.q.weight", "attention.k.weight"})  // few features suffice
    for (double& w : leaves.at(name).data) w *= 0.3;
  for (const auto& [name, ref] : leaves)
    same[name == "x" ? name : "performer" + name.substr(name.find('.'))] = ref;
  const std::vector<double> a = exact.run(leaves), b = estimate.run(same);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 0.05);
}
}  // namespace
}  // namespace cambium::mixer_test
