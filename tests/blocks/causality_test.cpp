// Causal blocks never look ahead: changing token t leaves every output before t as it was.
#include <gtest/gtest.h>

#include "tests/support/block_case.h"

namespace cambium {
namespace {
constexpr int64_t kTokens = 6, kChannels = 4;

// Which outputs differ, by position, after token `t` of the first example was changed.
std::vector<bool> changed_positions(const std::string& yaml, int64_t t) {
  const BlockCase c("- " + yaml, Domain::kTokens, {2, kTokens, kChannels});
  BlockCase::Data leaves = c.data(3);
  const std::vector<double> before = c.run(leaves);
  for (int64_t i = 0; i < kChannels; ++i)
    leaves.at("x")[t * kChannels + i] += 0.7 + 0.1 * double(i);
  const std::vector<double> after = c.run(leaves);
  std::vector<bool> changed(kTokens, false);
  const int64_t width = c.out.channels();
  for (int64_t i = 0; i < kTokens * width; ++i)
    if (before[size_t(i)] != after[size_t(i)]) changed[size_t(i / width)] = true;
  return changed;
}

class Causal : public testing::TestWithParam<const char*> {};

TEST_P(Causal, OutputsBeforeAChangedTokenStayEqual) {
  for (int64_t t = 0; t < kTokens; ++t) {
    const std::vector<bool> changed = changed_positions(GetParam(), t);
    for (int64_t i = 0; i < t; ++i) EXPECT_FALSE(changed[size_t(i)]) << "t " << t << " at " << i;
    EXPECT_TRUE(changed[size_t(t)]) << "t " << t;
  }
}

TEST_P(Causal, LaterOutputsHearTheFirstToken) {
  EXPECT_TRUE(changed_positions(GetParam(), 0)[1]);
}

INSTANTIATE_TEST_SUITE_P(
    Blocks, Causal,
    testing::Values(
        "attention: {heads: 2, causal: true}",
        "attention: {heads: 2, kv_heads: 1, causal: true, position: rope}",
        "attention: {heads: 2, causal: true, window: 2, position: alibi, gate: true}",
        "attention: {heads: 2, causal: true, position: t5, buckets: 4, max_distance: 4, sinks: "
        "true}",
        "attention: {heads: 2, causal: true, kind: top_k, keep: 3}",
        "attention: {heads: 2, causal: true, kind: block_sparse, block: 2, near: 1}",
        "depthwise_conv: {kernel: 3, causal: true}",
        "depthwise_conv: {kernel: 4, dilation: 1, causal: true, norm: rms}",
        "linear_attention: {heads: 2, causal: true}",
        "linear_attention: {causal: true, feature_map: taylor2, normalise: false}",
        "performer: {heads: 2, causal: true}", "performer: {causal: true, kernel: relu}",
        "retention: 2", "retention: {heads: 1, rope: false, gate: false}", "mamba: 4",
        "mamba: {conv: 1, expand: 1}", "conv_mixer: {kernel: 3, causal: true, norm: rms}",
        "conv_mixer: {kernel: 2, causal: true, norm: layer, shortcut: true}",
        "conv_mixer: {kernel: 3, causal: true, norm: dynamic_tanh, activation: prelu}",
        "{residual: [{attention: {heads: 1, causal: true}}], norm: scale, place: sandwich}",
        "conv1d: {width: 3, padding: causal}", "causal_conv: 3",
        "causal_conv: {kernel: 2, groups: 4, norm: rms, activation: prelu}", "dilated_stack: 4",
        "dilated_stack: {layers: 5, kernel: 3, cycle: 2, hidden: 3, width: 5}",
        "gated_conv: {kernel: 3, causal: true}",
        "gated_conv: {kernel: 2, causal: true, gate: swiglu, norm: rms}",
        "separable_conv: {kernel: 3, causal: true, between: true, norm: layer}",
        "{residual: [{attention: {heads: 1, causal: true}}, "
        "{moe: {experts: 3, capacity: 0.8, balance: 0}}]}",
        "convnext: {kernel: 3, causal: true}",
        "convnext: {kernel: 2, causal: true, activation: geglu, norm: dynamic_tanh}",
        "{repeat: 2, body: {residual: [{attention: {heads: 1, causal: true}}], norm: rms}}"));

class Pointwise : public testing::TestWithParam<const char*> {};

TEST_P(Pointwise, ATokenReachesNoOtherPlace) {
  const std::vector<bool> changed = changed_positions(GetParam(), 2);
  for (int64_t i = 0; i < kTokens; ++i) EXPECT_EQ(changed[size_t(i)], i == 2) << i;
}

INSTANTIATE_TEST_SUITE_P(Blocks, Pointwise,
                         testing::Values("ffn: {activation: swiglu}", "norm: layer", "norm: rms",
                                         "norm: l2", "norm: dynamic_tanh",
                                         "ffn: {activation: reglu}", "linear: 3",
                                         "positions: learned", "moe: {experts: 3, top_k: 2}",
                                         "{parallel: [[], {linear: 4}], combine: gate}"));

TEST(Causality, FullAttentionLooksAhead) {
  EXPECT_TRUE(changed_positions("attention: 2", kTokens - 1)[0]);
}

TEST(Causality, RecurrencesInBothDirectionsLookAhead) {
  for (const char* yaml : {"lstm", "gru", "rnn"})
    EXPECT_TRUE(changed_positions(str("{", yaml, ": {bidirectional: true}}"), kTokens - 1)[0]);
}

TEST(Causality, LinearAttentionLooksAheadUnlessTold) {
  EXPECT_TRUE(changed_positions("linear_attention: 2", kTokens - 1)[0]);
  EXPECT_TRUE(changed_positions("performer: 2", kTokens - 1)[0]);
}

TEST(Causality, DilationReachesBackInSteps) {
  const std::vector<bool> changed =
      changed_positions("depthwise_conv: {kernel: 2, dilation: 3, causal: true}", 0);
  EXPECT_EQ(changed, std::vector<bool>({true, false, false, true, false, false}));
}
}  // namespace
}  // namespace cambium
