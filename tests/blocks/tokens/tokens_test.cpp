// Words for tokens: what works along them, their order, and both directions at once.
#include <gtest/gtest.h>

#include "tests/blocks/tokens/tokens_case.h"

namespace cambium::tokens_test {
namespace {
using test::counted;
using test::first_error;
using test::masked;
using test::Numbers;
using test::padded_error;
using test::renamed;
using test::tokens;

TEST(Transpose, LinearHasAWeightForEachPairOfTokens) {
  BlockCase c = tokens("- transpose: [{linear: 3}]");
  ASSERT_EQ(c.out.shape(), Shape({2, 3, 4}));
  const BlockCase::Data at = c.data(1);
  const Numbers y = c.run(at), &x = at.at("x").data;
  const Numbers &w = at.at("transpose.linear.weight").data,
                &b = at.at("transpose.linear.bias").data;
  for (size_t e = 0; e < 2; ++e)
    for (size_t u = 0; u < 3; ++u)
      for (size_t i = 0; i < 4; ++i) {
        double sum = b[u];
        for (size_t t = 0; t < 5; ++t) sum += w[t * 3 + u] * x[(e * 5 + t) * 4 + i];
        EXPECT_NEAR(y[(e * 3 + u) * 4 + i], sum, 1e-12);
      }
}

TEST(Transpose, KeepsTheGridOfTokensWhoseNumberItKeeps) {
  const BlockCase kept("- grid_to_tokens\n- transpose: [{linear: 6}]", Domain::kGrid, {1, 2, 3, 4});
  const BlockCase other("- grid_to_tokens\n- transpose: [{linear: 4}]", Domain::kGrid,
                        {1, 2, 3, 4});
  EXPECT_EQ(kept.out.columns, 3);
  EXPECT_EQ(other.out.columns, 0);
}

TEST(Transpose, RefusesWhatHasNoOneNumberOfTokens) {
  const UserError e = padded_error("- transpose: [{linear: 4}]");
  EXPECT_STREQ(e.what(),
               "transpose 'transpose': the data is padded, and what stands along tokens knows one "
               "number of them");
  EXPECT_FALSE(e.help.empty());
  EXPECT_STREQ(first_error("- transpose: [{pool: mean}]").what(),
               "transpose 'transpose': the body ends with a vector [B,5], and began with tokens "
               "[B,4,5], a token for each of the C = 4 channels");
  EXPECT_STREQ(first_error("- transpose: [{class_token: last}]").what(),
               "transpose 'transpose': the body ends with tokens [B,5,5], and began with tokens "
               "[B,4,5], a token for each of the C = 4 channels");
}

TEST(Transpose, ErrorsInsideSayWhoMadeTheChannels) {
  const UserError e = first_error("- transpose: [{attention: 2}]");
  EXPECT_STREQ(e.what(), "attention 'transpose.attention': heads = 2 does not divide C = 5");
  ASSERT_FALSE(e.notes.empty());
  EXPECT_EQ(e.notes[0].text, "C = 5 was set by 'transpose'");
}

TEST(Reverse, TurnsWhatIsRealAndLeavesPadding) {
  EXPECT_EQ(masked("- reverse"), (Numbers{4, 3, 2, 1, 6, 5, 0, 0}));
  EXPECT_EQ(masked("- reverse\n- reverse"), (Numbers{1, 2, 3, 4, 5, 6, 0, 0}));
  BlockCase whole = tokens("- reverse", {2, 3, 1});
  BlockCase::Data at = whole.data(1);
  at.at("x").data = counted(6);
  EXPECT_EQ(whole.run(at), (Numbers{3, 2, 1, 6, 5, 4}));
}

TEST(Reverse, TurnsAGridAndForgetsAGraph) {
  const BlockCase grid("- grid_to_tokens\n- reverse", Domain::kGrid, {1, 2, 3, 4});
  EXPECT_EQ(grid.out.columns, 3);
  EXPECT_STREQ(first_error("- graph_to_tokens\n- reverse\n- tokens_to_graph: original", {4, 2},
                           Domain::kGraph)
                   .what(),
               "tokens_to_graph 'tokens_to_graph': neighbours = original needs tokens that came "
               "from a graph in their order");
}

// gru's own second direction is held against PyTorch.
TEST(Bidirectional, IsWhatARecurrenceCallsSo) {
  const BlockCase own = tokens("- gru: {width: 3, bidirectional: true}");
  const BlockCase wrapped = tokens("- {bidirectional: [{gru: 3}], combine: concat}");
  const BlockCase::Data at = own.data(1);
  const Numbers want = own.run(at),
                got = wrapped.run(renamed(
                    at, {{"gru.layer0.forward.", "bidirectional.forward.gru.layer0.forward."},
                         {"gru.layer0.backward.", "bidirectional.backward.gru.layer0.forward."}}));
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-12);
}

TEST(Bidirectional, JoinsBothDirections) {
  const auto with = [](const std::string& option) {
    const BlockCase c =
        tokens(str("- {bidirectional: [{min_gru: 1}], weights: shared, combine: ", option, "}"));
    return c.run(c.data(1));
  };
  const Numbers sum = with("sum"), mean = with("mean"), both = with("concat");
  ASSERT_EQ(both.size(), 2 * sum.size());
  for (size_t row = 0; row < 10; ++row)
    for (size_t i = 0; i < 4; ++i) {
      const double s = both[row * 8 + i] + both[row * 8 + 4 + i];
      EXPECT_NEAR(sum[row * 4 + i], s, 1e-12);
      EXPECT_NEAR(mean[row * 4 + i], s / 2, 1e-12);
    }
}

TEST(Bidirectional, SharesOneSetOfWeights) {
  BlockCase own = tokens("- {bidirectional: [{norm: rms}, {min_gru: 1}]}");
  BlockCase shared = tokens("- {bidirectional: [{norm: rms}, {min_gru: 1}], weights: shared}");
  EXPECT_EQ(own.parameters().size(), 14u);
  EXPECT_EQ(shared.parameters().size(), 7u);
  // Reversed tokens give the reversed sum where both directions are one function.
  BlockCase::Data at = shared.data(1);
  const Numbers y = shared.run(at);
  Numbers& x = at.at("x").data;
  Numbers turned;
  for (size_t e = 0; e < 2; ++e)
    for (size_t t = 5; t-- > 0;)
      for (size_t i = 0; i < 4; ++i) turned.push_back(x[(e * 5 + t) * 4 + i]);
  x = turned;
  const Numbers other = shared.run(at);
  for (size_t e = 0; e < 2; ++e)
    for (size_t t = 0; t < 5; ++t)
      for (size_t i = 0; i < 4; ++i)
        EXPECT_NEAR(other[(e * 5 + t) * 4 + i], y[(e * 5 + 4 - t) * 4 + i], 1e-12);
}

TEST(Bidirectional, StandsUnderShareToo) {
  const std::string block = "{bidirectional: [{min_gru: 1}], weights: shared, share: f}";
  BlockCase c = tokens(str("- ", block, "\n- ", block));
  EXPECT_EQ(c.parameters().size(), 6u);
  BlockCase two = tokens(
      "- {bidirectional: [{min_gru: 1}], weights: shared}\n"
      "- {bidirectional: [{min_gru: 1}], weights: shared}");
  EXPECT_EQ(two.parameters().size(), 12u);
  BlockCase own = tokens(
      "- {bidirectional: [{min_gru: 1}], share: f}\n"
      "- {bidirectional: [{min_gru: 1}], share: f}");
  EXPECT_EQ(own.parameters().size(), 12u);
}

// The number of tokens is known when the model is built, and nothing is said of another one before.
TEST(Transpose, CountsInTokens) {
  EXPECT_EQ(BlockCase("- transpose: [{linear: '${tokens / 32}'}, {linear: $tokens}]",
                      Domain::kTokens, {1, 64, 3})
                .out.shape(),
            Shape({1, 64, 3}));
  EXPECT_EQ(BlockCase("- transpose: [{repeat: '${tokens / 4}', body: [{linear: $tokens}]}]",
                      Domain::kTokens, {1, 8, 3})
                .parameters()
                .size(),
            4u);
  EXPECT_EQ(BlockCase("- transpose: [{repeat: '${tokens * 8}', body: [{linear: $tokens}]}]",
                      Domain::kTokens, {1, 2, 3})
                .parameters()
                .size(),
            32u);
  EXPECT_STREQ(first_error("- transpose: [{linear: {width: $tokens, bais: false}}]").what(),
               "linear: unknown key 'bais'");
}

TEST(Bidirectional, NeedsABodyAsTransposeDoes) {
  for (const std::string block : {"bidirectional", "transpose"})
    for (const std::string body : {"", " []"}) {
      const UserError e = first_error(str("- ", block, ":", body));
      EXPECT_EQ(e.what(), str(block, " '", block, "': has no body"));
      EXPECT_TRUE(e.help.starts_with(str("write ", block, ": ["))) << e.help;
    }
}

TEST(Bidirectional, RefusesABodyWhosePlacesAreOthers) {
  EXPECT_STREQ(first_error("- bidirectional: [{conv1d: {width: 4, stride: 2}}]").what(),
               "bidirectional 'bidirectional': the body ends with tokens [B,3,4], it began with "
               "tokens [B,5,4]: a place of one direction must be that of the other");
}

// A second direction of mamba by hand: its own scan, and one with the names of the other direction.
// The step sizes all start alike, for where they do follows from the names.
TEST(Mamba, SumsBothScansBeforeTheGate) {
  const std::string mamba = "mamba: {state: 2, dt_min: 0.01, dt_max: 0.01";
  const BlockCase both = tokens(str("- ", mamba, ", bidirectional: true}"));
  const BlockCase ahead = tokens(str("- ", mamba, "}")),
                  back = tokens(str("- reverse\n- ", mamba, "}\n- reverse"));
  const BlockCase::Data at = both.data(1);
  const Numbers sum = both.run(at), one = ahead.run(at),
                other = back.run(renamed(at, {{"mamba.backward.", "mamba."}}));
  for (size_t i = 0; i < sum.size(); ++i) EXPECT_NEAR(sum[i], one[i] + other[i], 1e-12);
}
}  // namespace
}  // namespace cambium::tokens_test
