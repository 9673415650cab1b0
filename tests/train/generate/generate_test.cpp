#include "train/generate/generate.h"

#include <cmath>

#include "tests/support/expect_error.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::generate_test {
namespace {
// A model of "abcabcabc...": after training, greedy continuation is certain.
class Alphabet : public ::testing::Test {
 protected:
  Alphabet() {
    std::string text;
    for (int i = 0; i < 400; ++i) text += "abc";
    replace_file(folder_.path("text"), text);
    experiment_ = test::open_text(
        folder_, str("data: {text_chars: {path: '", folder_.path("text"),
                     "', context: 8}}\nmodel:\n  - embed: 8\n  - linear: $classes\n"
                     "train: {batch: 8, steps: 60, optimizer: {adamw: {lr: 0.1}}}\n"));
    Progress silent;
    run_training(experiment_, {.folder = folder_.path("run")}, silent);
  }

  std::string generate(std::string_view prompt, int64_t count, const SamplingOptions& options) {
    Generator generator(experiment_, load_weights(folder_.path("run"), true).tensors, "run");
    std::string out;
    generator.run(prompt, count, options, [&](std::string_view s) {
      out += s;
      return true;
    });
    return out;
  }

  const test::TempFolder folder_;
  Experiment experiment_;
};

TEST_F(Alphabet, GoesOnGreedily) {
  EXPECT_EQ(generate("ab", 7, {.temperature = 0}), "cabcabc");
}

TEST_F(Alphabet, GoesOnBeyondTheContext) {
  EXPECT_EQ(generate("abcabcabcabca", 13, {.temperature = 0}), "bcabcabcabcab");
}

TEST_F(Alphabet, DrawsAreAFunctionOfTheSeed) {
  const auto draw = [&](int64_t seed) {
    return generate("a", 40, {.temperature = 100, .seed = seed});
  };
  EXPECT_EQ(draw(1), draw(1));
  EXPECT_NE(draw(1), draw(2));
}

TEST_F(Alphabet, RefusesAnUnknownSymbolAndAnEmptyPrompt) {
  EXPECT_THROW(generate("x", 1, {}), UserError);
  EXPECT_THROW(generate("", 1, {}), UserError);
}

TEST_F(Alphabet, BeamOfOneIsGreedy) {
  Generator generator(experiment_, load_weights(folder_.path("run"), true).tensors, "run");
  EXPECT_EQ(generator.beam("ab", 7, 1, [] { return true; }), "cabcabc");
  EXPECT_EQ(generator.beam("ab", 7, 3, [] { return true; }), "cabcabc");
}

TEST(SampleSymbol, TopPKeepsTheFewestThatHoldTheShare) {
  const std::vector<float> logits = {std::log(0.5f), std::log(0.3f), std::log(0.2f)};
  EXPECT_EQ(sample_symbol(logits, {.top_p = 0.5}, 0.999), 0);
  EXPECT_EQ(sample_symbol(logits, {.top_p = 0.7}, 0.999), 1);
  EXPECT_EQ(sample_symbol(logits, {.top_p = 1}, 0.999), 2);
}

TEST(SampleSymbol, RefusesLogitsThatAreNoNumbers) {
  for (const float bad : {NAN, INFINITY})
    for (const SamplingOptions& o : {SamplingOptions{.temperature = 0}, {.top_p = 0.5}}) try {
        sample_symbol(std::vector<float>{0, bad, 1}, o, 0.5);
        FAIL() << bad << " was sampled from";
      } catch (const RuntimeError& e) {
        EXPECT_EQ(std::string(e.what()), str("the logit of symbol 1 is ", bad));
      }
  EXPECT_EQ(sample_symbol(std::vector<float>{-INFINITY, 1}, {}, 0.5), 1);
}

// Logits with and without caches after each prefix of a text, on untrained weights.
void expect_same_logits(const std::string& model, bool cached) {
  const test::TempFolder folder;
  const Experiment e = test::open_text(
      folder, str("data: {markov_text: {symbols: 7, context: 12}}\nmodel:\n", model,
                  "  - linear: $classes\ntrain: {batch: 4, steps: 1, allow_leaks: true}\n"));
  Progress silent;
  run_training(e, {.folder = folder.path("run")}, silent);
  const auto weights = load_weights(folder.path("run"), true).tensors;
  Generator with(e, weights, "run"), without(e, weights, "run", false);
  EXPECT_EQ(with.cached(), cached) << model;
  std::vector<int32_t> ids;
  for (int32_t t = 0; t < 15; ++t) {  // past the context, too
    ids.push_back(t * t % 7);
    const auto a = with.logits_after(ids), b = without.logits_after(ids);
    for (size_t k = 0; k < a.size(); ++k) EXPECT_NEAR(a[k], b[k], 2e-5) << model << " at " << t;
  }
}

TEST(Generator, CachesGiveTheSameLogits) {
  expect_same_logits(
      "  - embed: 8\n  - positions: learned\n"
      "  - residual: [{norm: rms}, {attention: {heads: 4, kv_heads: 2, causal: true, "
      "position: rope}}]\n  - residual: [{norm: layer}, {ffn: {activation: swiglu}}]\n",
      true);
  expect_same_logits(
      "  - embed: 8\n  - positions: sinusoidal\n"
      "  - repeat: 2\n    body: [{residual: [{attention: {heads: 2, causal: true, window: 3, "
      "position: alibi, soft_cap: 3, gate: true}}]}]\n",
      true);
  expect_same_logits(
      "  - embed: 8\n  - residual: [{norm: rms}, {attention: {heads: 2, causal: true, position: "
      "t5, "
      "buckets: 6, max_distance: 8, sinks: true, scale: 0.7}}]\n"
      "  - residual: [{moe: {experts: 3, top_k: 2, capacity: 0.7}}]\n",
      true);
}

TEST(Generator, ComputesTheWholeContextWhereABlockNeedsIt) {
  for (const char* block :
       {"attention: {heads: 2, causal: true, dilation: 2}", "gru: {bidirectional: true}"})
    expect_same_logits(str("  - embed: 8\n  - ", block, "\n"), false);
}

TEST(Generator, NeedsAModelOfTheNextToken) {
  const test::TempFolder folder;
  const Experiment e = test::open_text(folder,
                                       "data: {selective_copying: {length: 48, copied: 4}}\nmodel: "
                                       "[{embed: 4}, {linear: $classes}]\n");
  ASSERT_FALSE(e.data->shape(1).causal);
  const auto error = test::error_of([&] { Generator(e, {}, "here"); });
  EXPECT_NE(std::string(error.what()).find("next token"), std::string::npos);
}
}  // namespace
}  // namespace cambium::generate_test
