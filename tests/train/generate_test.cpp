#include "train/generate.h"

#include "tests/support/expect_error.h"
#include "tests/support/tiny_experiment.h"

namespace cambium {
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
    Generator generator(experiment_, load_weights(folder_.path("run"), true), "run");
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
}  // namespace cambium
