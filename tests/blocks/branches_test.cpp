// Branches and channels: what parallel, from and split join, and what slice, shuffle and scale do.
#include <functional>

#include <gtest/gtest.h>

#include "tests/blocks/mistakes.h"
#include "tests/support/padded_layout.h"

namespace cambium::branches_test {
namespace {
using Numbers = std::vector<double>;

const Shape kTokens{2, 3, 4};

BlockCase tokens(const std::string& yaml) {
  return BlockCase(yaml, Domain::kTokens, kTokens, {.training = false});
}

// y(x) for x = 0, 1, 2 ... in tokens [2,3,4], of a model without parameters.
Numbers numbers_of(const std::string& yaml) {
  const BlockCase c = tokens(yaml);
  BlockCase::Data at = c.data(1);
  Numbers& x = at.at("x").data;
  for (size_t i = 0; i < x.size(); ++i) x[i] = double(i);
  return c.run(at);
}

// What the ways to join make of x^2 and -3 x, in both blocks that join.
TEST(Combine, JoinsElementByElement) {
  const std::pair<const char*, std::function<double(double, double)>> ways[] = {
      {"sum", [](double a, double b) { return a + b; }},
      {"mean", [](double a, double b) { return (a + b) / 2; }},
      {"product", [](double a, double b) { return a * b; }},
      {"max", [](double a, double b) { return std::max(a, b); }},
      {"subtract", [](double a, double b) { return a - b; }}};
  for (const auto& [how, f] : ways) {
    const Numbers side =
        numbers_of(str("- {parallel: [{activation: relu2}, {scale: -3}], combine: ", how, "}"));
    const Numbers taps =
        numbers_of(str("- tap: x\n- {activation: relu2, as: a}\n- {scale: -3, "
                       "from: x, as: b}\n- {from: [a, b], combine: ",
                       how, "}"));
    ASSERT_EQ(side.size(), 24u);
    for (size_t i = 0; i < side.size(); ++i) {
      EXPECT_DOUBLE_EQ(side[i], f(double(i * i), -3 * double(i))) << how << " " << i;
      EXPECT_EQ(taps[i], side[i]) << how << " " << i;
    }
  }
}

TEST(Combine, JoinsMoreThanTwo) {
  const Numbers mean = numbers_of("- {parallel: [[], {scale: 2}, {scale: 6}], combine: mean}");
  const Numbers most = numbers_of("- {parallel: [[], {scale: -1}, {scale: 6}], combine: max}");
  for (size_t i = 0; i < mean.size(); ++i) {
    EXPECT_DOUBLE_EQ(mean[i], 3 * double(i));
    EXPECT_DOUBLE_EQ(most[i], 6 * double(i));
  }
}

TEST(Slice, KeepsChannels) {
  EXPECT_EQ(numbers_of("- slice: 1"), (Numbers{0, 4, 8, 12, 16, 20}));
  EXPECT_EQ(numbers_of("- slice: {begin: -2, end: -1}"), (Numbers{2, 6, 10, 14, 18, 22}));
  EXPECT_EQ(tokens("- slice: {begin: 1}").out.shape(), Shape({2, 3, 3}));
}

TEST(Slice, KeepsTokens) {
  EXPECT_EQ(numbers_of("- slice: {of: tokens, begin: -1}\n- slice: 2"), (Numbers{8, 9, 20, 21}));
  EXPECT_EQ(numbers_of("- slice: {of: tokens, end: 2}\n- slice: 1"), (Numbers{0, 4, 12, 16}));
}

TEST(Slice, OfTokensForgetsTheGrid) {
  const std::string begin = "- grid_to_tokens\n- slice: {of: ";
  EXPECT_EQ(BlockCase(begin + "tokens, begin: 1}", Domain::kGrid, {1, 2, 4, 2}).out.columns, 0);
  EXPECT_EQ(BlockCase(begin + "channels, end: 1}", Domain::kGrid, {1, 2, 4, 2}).out.columns, 4);
}

TEST(Shuffle, LetsGroupsTakeTurns) {
  const BlockCase c("- shuffle: 3", Domain::kVector, {1, 6});
  BlockCase::Data at = c.data(1);
  at.at("x").data = {0, 1, 10, 11, 20, 21};
  EXPECT_EQ(c.run(at), (Numbers{0, 10, 20, 1, 11, 21}));
}

// A shuffle of C / groups groups undoes one of groups.
TEST(Shuffle, IsUndoneByItsCounterpart) {
  const BlockCase c("- shuffle: 3\n- shuffle: 2", Domain::kGrid, {1, 2, 2, 6});
  const BlockCase::Data at = c.data(1);
  EXPECT_EQ(c.run(at), at.at("x").data);
}

TEST(Split, GivesEachBranchItsPart) {
  const Numbers y = numbers_of("- {split: [[], {scale: 10}], parts: [3, 1]}");
  EXPECT_EQ(Numbers(y.begin(), y.begin() + 8), (Numbers{0, 1, 2, 30, 4, 5, 6, 70}));
}

TEST(Split, JoinsAsParallelDoes) {
  const Numbers y = numbers_of("- {split: [[], []], combine: product}");
  EXPECT_EQ(Numbers(y.begin(), y.begin() + 4), (Numbers{0, 3, 24, 35}));
}

// Res2Net: y_1 = x_1, y_2 = f(x_2), y_3 = f(x_3 + y_2); and with the empty branch last.
TEST(Split, ChainsWhatHasBlocks) {
  const BlockCase c("- {split: [[], {scale: 2}, {scale: 3}, []], chain: true}", Domain::kVector,
                    {1, 4});
  BlockCase::Data at = c.data(1);
  at.at("x").data = {1, 10, 100, 1000};
  EXPECT_EQ(c.run(at), (Numbers{1, 20, 360, 1000}));
}

using test::Mistake;

class BranchErrors : public testing::TestWithParam<test::Mistake> {};

TEST_P(BranchErrors, SayWhatWouldFit) {
  test::expect_refused(GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Blocks, BranchErrors,
    testing::Values(
        Mistake{"{parallel: [[], {linear: 4}], combine: product}",
                "branch 1 is tokens [B,5,6], branch 2 is tokens [B,5,4]; end each with `linear: "
                "6`, or use combine: concat in place of product"},
        Mistake{"{parallel: [[], {pool: mean}], combine: max}",
                "branch 1 is tokens [B,5,6], branch 2 is a vector [B,6]; end all in one domain, "
                "with the same places; `unpool: T` makes T tokens of a vector"},
        Mistake{"{parallel: [[], {pool: mean}], combine: product}",
                "branch 1 is a grid [B,4,4,6], branch 2 is a vector [B,6]; end all in one domain, "
                "with the same places; `squeeze_excite` weighs a grid's channels by their means",
                Domain::kGrid},
        Mistake{"{parallel: [[], {conv1d: {stride: 2, width: 6}}], combine: mean}",
                "branch 1 is tokens [B,5,6], branch 2 is tokens [B,3,6]; keep the same places in "
                "all: pools, strides and slices of tokens change them"},
        Mistake{"{parallel: [[], [], []], combine: subtract}",
                "combine = subtract takes the second of two from the first, got 3; join those that "
                "are taken away by a sum first"},
        Mistake{"{parallel: [[]], combine: subtract}",
                "combine = subtract takes the second of two from the first, got 1; an empty branch "
                "[] or a tap is the other one"},
        Mistake{"[{tap: a}, {linear: {width: 4}, as: b}, {from: [a, b], combine: product}]",
                "tap 'a' is tokens [B,5,6], tap 'b' is tokens [B,5,4]; end each with `linear: 6`, "
                "or use combine: concat in place of product"},
        Mistake{"scale:",
                "the factor is missing, or 0, behind which nothing is heard; write "
                "scale: 0.5"},
        Mistake{"scale: 1e5", "'factor' must be between -10000 and 10000, got 100000; "},
        Mistake{"slice:",
                "keeps all channels; write slice: 8 for the first 8, or slice: {begin: "
                "8} for the rest"},
        Mistake{"slice: 7",
                "begin = 0 and end = 7 leave the 6 channels; choose begin < end within 0 ... 6"},
        Mistake{"slice: {begin: 3, end: -3}",
                "begin = 3 and end = -3 keep none of 6 channels; choose begin < end within 0 ... "
                "6"},
        Mistake{"slice: {begin: -7}",
                "begin = -7 leaves the 6 channels; choose begin < end within 0 ... 6"},
        Mistake{"slice: {of: tokens, begin: 5}",
                "begin = 5 keeps none of 5 tokens; choose begin < end within 0 ... 5"},
        Mistake{"slice: {of: tokens, begin: 1}",
                "of = tokens takes tokens, got a grid; put `grid_to_tokens` or `patch_embed` "
                "before it",
                Domain::kGrid},
        Mistake{"slice: {of: rows, begin: 1}", "'of' cannot be 'rows'; known: channels, tokens"},
        Mistake{"shuffle:", "groups is missing; "},
        Mistake{"shuffle: 4", "groups = 4 does not divide C = 6; groups that do: 1, 2, 3, 6"},
        Mistake{"split: []",
                "has no branches; give a list of blocks for each: split: [[], [{linear: 8}]]"},
        Mistake{"split: 2", "unknown block '2'; blocks stand here, such as [{linear: 8}]"},
        Mistake{"parallel:",
                "has no branches; give a list of blocks for each: parallel: [[], [{linear: 8}]]"},
        Mistake{"{split: flatten}",
                "has no branches; give a list of blocks for each: split: [[], [{linear: 8}]]"},
        Mistake{"split: [[], [], [], []]",
                "4 branches do not divide C = 6; say how many channels each takes: parts: [...]"},
        Mistake{"{split: [[], []], parts: [2, 2, 2]}",
                "parts has 3 widths for 2 branches; give one for each branch; [] is a branch that "
                "leaves its part as it is"},
        Mistake{"{split: [[], []], parts: [2, 3]}",
                "parts add up to 5, but C = 6; let them add up, or leave them out for equal ones"},
        Mistake{"{split: [{linear: 2}, {linear: 3}], chain: true}",
                "chain: branch 1 is tokens [B,5,2], part 2 is tokens [B,5,3]; end each branch with "
                "the places and channels of the next part"}));

TEST(Slice, OfTheLastTokensRefusesPadding) {
  const auto refused = [](const std::string& slice) {
    try {
      const PaddedCase c("- slice: {of: tokens, " + slice + "}",
                         padded_input(Domain::kTokens, 6, 4, 2), false);
      return std::string();
    } catch (const UserErrors& e) {
      return str(e.all[0].what(), "; ", e.all[0].help);
    }
  };
  EXPECT_EQ(refused("begin: 1"), "");
  EXPECT_EQ(refused("begin: -1"),
            "slice 'slice': the data is padded, and the last token of an example is not that of "
            "the others; count from the first token, or use `pool: last`");
}
}  // namespace
}  // namespace cambium::branches_test
