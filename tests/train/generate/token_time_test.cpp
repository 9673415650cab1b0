#include "train/generate/token_time.h"

#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::token_time_test {
namespace {
std::optional<double> time_of(const std::string& block) {
  const test::TempFolder folder;
  return token_ms(
      test::open_text(folder, str("data: {markov_text: {symbols: 7, context: 12}}\nmodel:\n  - "
                                  "embed: 8\n  - {",
                                  block,
                                  "}\n  - linear: $classes\n"
                                  "train: {batch: 4, steps: 1, allow_leaks: true}\n")),
      0);
}

TEST(TokenTime, IsOfModelsThatKeepAState) {
  const test::OneThread one;
  for (const char* block : {"attention: {heads: 2, causal: true}", "gru: {layers: 2}"}) {
    const auto ms = time_of(block);
    ASSERT_TRUE(ms) << block;
    EXPECT_GT(*ms, 0);
    EXPECT_LT(*ms, 100);
  }
}

TEST(TokenTime, AModelThatNeedsTheWholeSequenceHasNone) {
  const test::OneThread one;
  EXPECT_FALSE(time_of("gru: {bidirectional: true}"));
}
}  // namespace
}  // namespace cambium::token_time_test
