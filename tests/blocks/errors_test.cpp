// Mistakes in a model: what is said, where it points, and that all are found in one pass.
#include <gtest/gtest.h>

#include "tests/support/block_case.h"

namespace cambium::errors_test {
namespace {
std::vector<UserError> errors_of(const std::string& yaml, Domain domain, const Shape& shape,
                                 const std::string& define = "") {
  try {
    BlockCase(yaml, domain, shape, {.define = define});
  } catch (const UserErrors& e) {
    return e.all;
  }
  return {};
}

std::vector<UserError> in_tokens(const std::string& yaml, const std::string& define = "") {
  return errors_of(yaml, Domain::kTokens, {2, 6, 64}, define);
}

std::vector<std::string> texts(const std::vector<UserError>& errors) {
  std::vector<std::string> out;
  for (const UserError& e : errors)
    out.push_back(str(e.mark.line, ":", e.mark.column, " ", e.what(), "; ", e.help));
  return out;
}

using Texts = std::vector<std::string>;

TEST(ModelErrors, SayWhatIsWrongWithAPattern) {
  const auto error = [](const std::string& pattern) {
    const auto e = in_tokens("- {repeat: 2, pattern: '" + pattern + "', A: {norm: rms}}");
    return e.size() == 1 ? str(e[0].mark.column, " ", e[0].what()) : str(e.size(), " errors");
  };
  EXPECT_EQ(error("(AA"), "24 repeat 'repeat': pattern = (AA has a ( without its )");
  EXPECT_EQ(error("A)"), "24 repeat 'repeat': pattern = A) has a ) too many");
  EXPECT_EQ(error("Ax"), "24 repeat 'repeat': pattern = Ax has an x without a count of at least 1");
  EXPECT_EQ(error("(Ax999)x999"),
            "24 repeat 'repeat': pattern = (Ax999)x999 is longer than 1000 letters");
  EXPECT_EQ(error("A a"), "24 repeat 'repeat': pattern = A a has ' ' at place 2");
}

TEST(ModelErrors, SayWhyAttentionCannotTakeADilation) {
  const auto e = in_tokens("- attention: {heads: 2, dilation: 4}");
  ASSERT_EQ(e.size(), 1u);
  EXPECT_STREQ(e[0].what(), "attention 'attention': dilation = 4 does not divide T = 6");
}

TEST(ModelErrors, NameTheTapThatCrossAttentionCannotFind) {
  const auto e = in_tokens("- tap: source\n- cross_attention: {context: sauce, heads: 2}");
  ASSERT_EQ(e.size(), 1u);
  EXPECT_NE(str(e[0].what(), e[0].help).find("source"), std::string::npos) << e[0].what();
}

TEST(ModelErrors, NameTheAdapterOfADomainMistake) {
  const auto e = errors_of("- attention: 2", Domain::kGrid, {8, 28, 28, 16});
  EXPECT_EQ(texts(e), Texts({"1:3 attention takes tokens, got a grid [B,28,28,16]; put "
                             "`grid_to_tokens` or `patch_embed` before it"}));
}

TEST(ModelErrors, SayNothingMoreAfterADomainMistake) {
  const auto e = errors_of("- residual: [{attention: 2}]\n- attention: 2\n- ffn: 2\n- pool: mean",
                           Domain::kGrid, {8, 4, 4, 16});
  EXPECT_EQ(e.size(), 1u);
}

TEST(ModelErrors, TellWhereTheWidthWasSet) {
  const auto e = in_tokens("- linear: 10\n- attention: {heads: 4}");
  EXPECT_EQ(texts(e), Texts({"2:15 attention 'attention': heads = 4 does not divide C = 10; use "
                             "heads: 2 or heads: 5"}));
  EXPECT_EQ(e[0].option, "heads");
  ASSERT_EQ(e[0].notes.size(), 1u);
  EXPECT_EQ(e[0].notes[0].text, "C = 10 was set by 'linear'");
  EXPECT_EQ(e[0].notes[0].mark.line, 1);
}

TEST(ModelErrors, SuggestBlocksAndKeys) {
  EXPECT_EQ(texts(in_tokens("- atention: 2\n- attention: {headz: 2}")),
            Texts({"1:3 unknown block 'atention'; did you mean 'attention'?",
                   "2:15 attention: unknown key 'headz'; did you mean 'heads'?"}));
}

TEST(ModelErrors, AllComeInOnePass) {
  const auto e = in_tokens(
      "- attention: {heads: 3}\n"
      "- residual: [{ffn: {expand: -1}}, {linar: 4}]\n"
      "- {repeat: 2, body: [{norm: lyer}]}\n"
      "- linear: $klasses");
  ASSERT_EQ(e.size(), 5u);
  EXPECT_EQ(e[0].mark.line, 2);  // what the text alone shows comes first
  EXPECT_EQ(e[4].mark.line, 1);
}

TEST(ModelErrors, ACopiedBodyIsReportedOnce) {
  EXPECT_EQ(in_tokens("- {repeat: 5, body: [{attention: {heads: 3}}]}").size(), 1u);
}

TEST(ModelErrors, FindUnknownTapsAndTapsSetTwice) {
  EXPECT_EQ(texts(in_tokens("- {norm: rms, as: skip}\n- {norm: rms, from: skp}")),
            Texts({"2:21 no tap 'skp' is set before this block; did you mean 'skip'?"}));
  EXPECT_EQ(in_tokens("- {norm: rms, as: skip}\n- {norm: rms, as: skip}").size(), 1u);
}

TEST(ModelErrors, ShowBothPlacesOfAShapeThatCannotBeShared) {
  const auto e = in_tokens("- {linear: 8, share: a}\n- {linear: 8, share: a}");
  ASSERT_EQ(e.size(), 1u);
  EXPECT_EQ(e[0].mark.line, 2);
  EXPECT_EQ(e[0].notes.at(0).mark.line, 1);
}

TEST(ModelErrors, ShowBranchesThatDoNotMeet) {
  EXPECT_EQ(
      texts(in_tokens("- residual: [{linear: 32}]")).at(0),
      "1:3 residual 'residual': the branch ends with tokens [B,6,32], the shortcut has tokens "
      "[B,6,64]; end the branch with `linear: 64`, and keep the number of places");
  EXPECT_EQ(in_tokens("- parallel: [{linear: 32}, []]").size(), 1u);
  EXPECT_TRUE(in_tokens("- {parallel: [{linear: 32}, []], combine: concat}").empty());
}

TEST(ModelErrors, PatternLettersMustBeGiven) {
  EXPECT_EQ(texts(in_tokens("- {repeat: 2, pattern: AB, A: {norm: rms}}")),
            Texts({"1:24 repeat 'repeat': pattern = AB uses 'B', which is not given; known: A"}));
}

TEST(ModelErrors, DefinitionsCannotUseThemselves) {
  const auto e = in_tokens("- a", "a: [b]\nb: [a]");
  ASSERT_EQ(e.size(), 1u);
  EXPECT_STREQ(e[0].what(), "the definition 'a' uses itself");
}

TEST(ModelErrors, DefinitionsCannotHideBlocks) {
  EXPECT_EQ(in_tokens("- linear: 3", "linear: [norm]").size(), 1u);
}

TEST(ModelErrors, RequiredParametersAreNamed) {
  EXPECT_EQ(texts(in_tokens("- m", "m: {params: {width: }, body: [{linear: $width}]}")),
            Texts({"1:3 m needs 'width'; "}));
}

TEST(ModelErrors, TiesNeedAnEmbedding) {
  EXPECT_EQ(texts(errors_of("- {embed: {dim: 4, vocab: 7}, name: tok}\n- linear: {tie: tock}",
                            Domain::kIds, {2, 3})),
            Texts({"2:17 linear 'linear': no block 'tock' with a table stands before this one; did "
                   "you mean 'tok'?"}));
}

TEST(ModelErrors, ConvolutionsThatLookAheadCannotBeCausal) {
  EXPECT_EQ(in_tokens("- conv_mixer: {kernel: 3, causal: true}").size(), 1u);
}

TEST(ModelErrors, PatchesMustCoverTheGrid) {
  EXPECT_EQ(texts(errors_of("- patch_embed: {patch: 5, dim: 8}", Domain::kGrid, {2, 28, 28, 1})),
            Texts({"1:17 patch_embed 'patch_embed': patch = 5 does not divide the grid 28 x 28; "
                   "patches that do: 2, 4, 7, 14, 28"}));
}

TEST(ModelErrors, AVectorHasNoPlacesLeft) {
  const auto e = in_tokens("- pool: mean\n- attention: 2");
  ASSERT_EQ(e.size(), 1u);
  EXPECT_EQ(e[0].help, "a vector has no places left: move the block before `pool`");
}

TEST(ModelErrors, AnEmptyModelIsOne) {
  EXPECT_EQ(in_tokens("[]").size(), 1u);
}

TEST(ModelErrors, HugeRepeatsAreRefused) {
  const auto e = in_tokens("- {repeat: 1000, body: {repeat: 1000, body: [{activation: tanh}]}}");
  ASSERT_EQ(e.size(), 1u);
  EXPECT_EQ(e[0].help, "lower the counts of its repeats, or use definitions less often");
}
}  // namespace
}  // namespace cambium::errors_test
