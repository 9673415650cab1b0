// What a sequence keeps between symbols, against sizes counted by hand.
#include "train/generate/generation_state.h"

#include "tests/support/tiny_experiment.h"

namespace cambium::generation_state_test {
namespace {
// A next-symbol model of width 8 on contexts of 12.
std::optional<GenerationState> state_with(const std::string& block) {
  const test::TempFolder folder;
  return generation_state(test::open_text(
      folder,
      str("data: {markov_text: {symbols: 7, context: 12}}\nmodel:\n  - embed: 8\n  - {", block,
          "}\n  - linear: $classes\ntrain: {batch: 4, steps: 1, allow_leaks: true}\n")));
}

TEST(GenerationState, KeysAndValuesGrowWithEverySymbol) {
  const auto state = state_with("attention: {heads: 2, causal: true}");
  ASSERT_TRUE(state);
  EXPECT_EQ(state->needs_all, "");
  EXPECT_EQ(state->context, 12);
  EXPECT_EQ(state->bytes, 2 * 12 * 8 * 4);
  EXPECT_EQ(state->fixed_bytes, 0);
}

TEST(GenerationState, GroupedQueriesKeepFewerKeys) {
  EXPECT_EQ(state_with("attention: {heads: 4, kv_heads: 1, causal: true}")->bytes, 2 * 12 * 2 * 4);
}

TEST(GenerationState, HeadsKeepKeysAndValuesOfTheirWidths) {
  EXPECT_EQ(
      state_with("attention: {heads: 4, kv_heads: 2, head_dim: 6, value_dim: 3, causal: true}")
          ->bytes,
      12 * 2 * (6 + 3) * 4);
}

// Whatever the number of heads: one vector a token, and the part that turns.
TEST(GenerationState, LatentAttentionKeepsWhatKeysAndValuesAreMadeOf) {
  for (const int heads : {1, 4})
    EXPECT_EQ(state_with(str("latent_attention: {heads: ", heads,
                             ", kv_rank: 5, key_dim: 4, rope_dim: 2, causal: true}"))
                  ->bytes,
              12 * (5 + 2) * 4);
}

TEST(GenerationState, CausalAttentionToATapKeepsItsKeys) {
  const auto state =
      state_with("tap: a}\n  - {cross_attention: {context: a, heads: 2, causal: true}");
  ASSERT_TRUE(state);
  EXPECT_EQ(state->needs_all, "");
  EXPECT_EQ(state->bytes, 2 * 12 * 8 * 4);
}

// A ring, as large after the first symbol; one that holds the whole context grows like a cache.
TEST(GenerationState, AWindowKeepsItsOwnKeysAlone) {
  const auto state = state_with("attention: {heads: 2, causal: true, window: 3}");
  ASSERT_TRUE(state);
  EXPECT_EQ(state->bytes, 2 * 3 * 8 * 4);
  EXPECT_EQ(state->fixed_bytes, state->bytes);
  const auto all = state_with("attention: {heads: 2, causal: true, window: 12}");
  EXPECT_EQ(all->bytes, 2 * 12 * 8 * 4);
  EXPECT_EQ(all->fixed_bytes, 0);
}

TEST(GenerationState, ARecurrenceKeepsAsMuchAfterTheFirstSymbol) {
  const auto state = state_with("gru: {layers: 2}");
  ASSERT_TRUE(state);
  EXPECT_EQ(state->bytes, 2 * 8 * 4);
  EXPECT_EQ(state->fixed_bytes, state->bytes);
}

TEST(GenerationState, AHybridKeepsBoth) {
  const auto state = state_with("parallel: [[{attention: {heads: 2, causal: true}}], [gru]]");
  ASSERT_TRUE(state);
  EXPECT_EQ(state->bytes, 2 * 12 * 8 * 4 + 8 * 4);
  EXPECT_EQ(state->fixed_bytes, 8 * 4);
}

TEST(GenerationState, WhatLooksAheadSaysWhyThereIsNone) {
  const auto state = state_with("gru: {bidirectional: true}");
  ASSERT_TRUE(state);
  EXPECT_NE(state->needs_all.find("needs the whole sequence"), std::string::npos)
      << state->needs_all;
}

TEST(GenerationState, AnEncodersOutputAndItsKeysAreKept) {
  const test::TempFolder folder;
  const auto state =
      generation_state(test::open_text(folder,
                                       "data: {reverse: {vocab: 5, tokens: 6, seq2seq: true}}\n"
                                       "encoder: [{embed: 8}]\n"
                                       "decoder:\n  - embed: 8\n  - cross_attention: {heads: 2}\n"
                                       "  - linear: $classes\n"
                                       "train: {batch: 4, steps: 1}\n"));
  ASSERT_TRUE(state);
  EXPECT_EQ(state->needs_all, "");
  EXPECT_EQ(state->bytes, 3 * 6 * 8 * 4);  // output, keys, values
  EXPECT_EQ(state->fixed_bytes, state->bytes);
}

TEST(GenerationState, AClassOfAnExampleHasNoNextSymbol) {
  const test::TempFolder folder;
  EXPECT_FALSE(generation_state(
      test::open_text(folder,
                      "data: {bars_and_shapes: {}}\nmodel: [flatten, {linear: $classes}]\n"
                      "train: {batch: 4, steps: 1}\n")));
}
}  // namespace
}  // namespace cambium::generation_state_test
