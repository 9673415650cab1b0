// cambium score.
#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/text/json.h"
#include "tests/app/run_in_process.h"
#include "tests/support/data/test_data.h"

namespace cambium::score_test {
namespace {
class Score : public testing::Test {
 protected:
  Score() {
    replace_file(answers_, "the cat sat on the mat\na dog runs in the park\n");
    replace_file(gold_, "the cat sat on the mat\r\na dog runs in a park\r\n");
    replace_file(short_, "the cat sat on the mat\n");
  }

  test::TempFolder folder_;
  const std::string answers_ = folder_.path("answers.txt"), gold_ = folder_.path("gold.txt"),
                    short_ = folder_.path("short.txt");
};

TEST_F(Score, SaysNumbersWithIntervalsAndHowTheyAreMade) {
  const test::Ran ran = test::run_words(
      {"score", answers_, "--references", gold_, "--metrics", "bleu,rouge,exact", "--json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const Json scores = parse_json(ran.out, "json").at("scores");
  ASSERT_EQ(scores.size(), 6u);
  EXPECT_EQ(scores.at(0).at("metric"), "bleu");
  EXPECT_EQ(scores.at(0).at("signature"), "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|lines:2");
  EXPECT_EQ(scores.at(4).at("metric"), "exact_match");
  EXPECT_EQ(scores.at(4).at("value"), 100.0);  // articles do not count there
  const std::string text = test::run_words({"score", answers_, "--references", gold_}).out;
  EXPECT_TRUE(text.starts_with("bleu ")) << text;
  EXPECT_NE(text.find("\n  nrefs:1|case:mixed"), text.npos) << text;
}

TEST_F(Score, TakesTheNearestOfSeveralReferences) {
  const test::Ran ran =
      test::run_words({"score", answers_, "--references", str(gold_, ",", answers_), "--json"});
  EXPECT_NEAR(double(parse_json(ran.out, "json").at("scores").at(0).at("value")), 100, 1e-9);
}

TEST_F(Score, RefusesWhatDoesNotFit) {
  const auto error = [](const std::vector<std::string>& words) {
    const test::Ran ran = test::run_words(words);
    EXPECT_EQ(ran.code, 1);
    return ran.err;
  };
  EXPECT_NE(error({"score", answers_}).find("no references are named"), std::string::npos);
  EXPECT_NE(error({"score", answers_, "--references", short_}).find("has 2 lines"),
            std::string::npos);
  EXPECT_NE(error({"score", answers_, "--references", gold_, "--metrics", "blue"})
                .find("did you mean 'bleu'"),
            std::string::npos);
  EXPECT_NE(error({"score", folder_.path("none.txt"), "--references", gold_}).find("none.txt"),
            std::string::npos);
}
}  // namespace
}  // namespace cambium::score_test
