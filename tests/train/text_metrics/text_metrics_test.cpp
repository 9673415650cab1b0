// Text metrics against numbers worked out by hand, as sacreBLEU, rouge_score and SQuAD's script
// count.
#include <cmath>

#include <gtest/gtest.h>

#include "train/text_metrics/support/text_metric.h"

namespace cambium::text_metrics_test {
namespace {
double value(const std::string& metric, const std::string& number,
             const std::vector<TextPair>& pairs) {
  for (const TextMetric* m : builtin_text_metrics())
    if (m->name == metric)
      for (const TextScore& s : score_texts(*m, pairs))
        if (s.number.name == number) return s.number.value;
  ADD_FAILURE() << metric << " " << number;
  return NAN;
}

double bleu(const std::string& answer, const std::vector<std::string>& references) {
  return value("bleu", "bleu", {{answer, references}});
}

TEST(Bleu, CountsRunsAndLength) {
  EXPECT_NEAR(bleu("the cat sat on the mat", {"the cat sat on the mat"}), 100, 1e-9);
  // Five of six words, and every run that does not end in the last one.
  EXPECT_NEAR(bleu("the cat sat on the hat", {"the cat sat on the mat"}),
              100 * std::pow(5.0 / 6 * 4 / 5 * 3 / 4 * 2 / 3, 0.25), 1e-9);
  // Four of six words: exp(1 - 6 / 4), all runs match.
  EXPECT_NEAR(bleu("the cat sat on", {"the cat sat on the mat"}), 100 * std::exp(1 - 6.0 / 4),
              1e-9);
  EXPECT_EQ(bleu("the cat sat", {"the cat sat on the mat"}), 0);  // no run of four
  EXPECT_EQ(bleu("a b c d e", {"v w x y z"}), 0);
}

TEST(Bleu, OrdersWithoutAMatchAreHalvedInTurn) {
  // "a b x y z" beside "a b c d e": 2/5, 1/4, then 1/(2*3), 1/(4*2).
  EXPECT_NEAR(bleu("a b x y z", {"a b c d e"}),
              100 * std::pow(2.0 / 5 * 1 / 4 * 1 / 6 * 1 / 8, 0.25), 1e-9);
}

TEST(Bleu, ClipsAndTakesTheNearestReference) {
  // "the" seven times: two count (Papineni et al. 2002, section 2.1), no pairs: 2/7, 1/(2*6) ...
  EXPECT_NEAR(bleu("the the the the the the the", {"the cat is on the mat"}),
              100 * std::pow(2.0 / 7 / (2.0 * 6) / (4.0 * 5) / (8.0 * 4), 0.25), 1e-9);
  // Of lengths 2 and 6 the answer of 4 is as near to both: the shorter counts, so no penalty.
  EXPECT_NEAR(bleu("a b c d", {"x y", "a b c d e f"}), 100, 1e-9);
}

TEST(Bleu, IsOfTheWholeSetNotAMean) {
  const std::vector<TextPair> two = {{"a b c d", {"a b c d"}}, {"a b c d", {"e f g h"}}};
  EXPECT_NEAR(value("bleu", "bleu", two), 100 * std::pow(4.0 / 8 * 3 / 6 * 2 / 4 * 1 / 2, 0.25),
              1e-9);
}

TEST(Bleu, TokensFollowThirteenA) {
  // Marks stand apart, numbers keep theirs, a dash behind a digit stands apart, entities are read.
  EXPECT_NEAR(bleu("Hello, world!", {"Hello , world !"}), 100, 1e-9);
  EXPECT_NEAR(bleu("It costs 1,000.50 now.", {"It costs 1,000.50 now ."}), 100, 1e-9);
  EXPECT_NEAR(bleu("the 10-year plan works", {"the 10 - year plan works"}), 100, 1e-9);
  EXPECT_NEAR(bleu("well-known and don't stop", {"well-known and don't stop"}), 100, 1e-9);
  EXPECT_NEAR(bleu("a &quot;b&quot; c &amp; d", {"a \" b \" c & d"}), 100, 1e-9);
  EXPECT_LT(bleu("well - known and don't stop", {"well-known and don't stop"}), 100);
  EXPECT_NEAR(bleu("Stra\xC3\x9F"
                   "e. Das ist gut",
                   {"Stra\xC3\x9F"
                    "e . Das ist gut"}),
              100, 1e-9);
}

TEST(Rouge, MeansOfHarmonicMeans) {
  const std::vector<TextPair> one = {{"The cat sat.", {"the cat is on the mat"}}};
  // Words: 2 of 3 and of 6; pairs: 1 of 2 and of 5; "the cat" in order: 2.
  EXPECT_NEAR(value("rouge", "rouge1", one), 100 * 2 * 2.0 / 9, 1e-9);
  EXPECT_NEAR(value("rouge", "rouge2", one), 100 * 2 * 1.0 / 7, 1e-9);
  EXPECT_NEAR(value("rouge", "rougeL", one), 100 * 2 * 2.0 / 9, 1e-9);
  EXPECT_NEAR(value("rouge", "rougeL", {{"b a c", {"a b c"}}}), 100 * 2 * 2.0 / 6, 1e-9);
  EXPECT_NEAR(value("rouge", "rouge1", {{"a", {"b", "a"}}, {"", {"x"}}}), 50, 1e-9);
}

TEST(ExactMatch, LooksPastCasePunctuationAndArticles) {
  EXPECT_EQ(value("exact", "exact_match", {{"The Eiffel Tower!", {"eiffel tower"}}}), 100);
  EXPECT_EQ(value("exact", "exact_match", {{"tower", {"eiffel tower"}}}), 0);
  EXPECT_NEAR(value("exact", "f1", {{"tower", {"x", "eiffel tower"}}}), 100 * 2 * 1.0 / 3, 1e-9);
  EXPECT_EQ(value("exact", "f1", {{"", {""}}}), 100);
  EXPECT_EQ(value("exact", "f1", {{"", {"a word"}}}), 0);
}

TEST(TextScores, IntervalsHoldTheNumberAndFollowFromTheSeed) {
  std::vector<TextPair> pairs;
  for (int i = 0; i < 40; ++i)
    pairs.push_back({i % 3 == 0 ? "a b c d e" : "a b x d e", {"a b c d e"}});
  for (const TextMetric* m : builtin_text_metrics()) {
    const auto one = score_texts(*m, pairs, 1), again = score_texts(*m, pairs, 1);
    for (size_t k = 0; k < one.size(); ++k) {
      EXPECT_LE(one[k].low, one[k].number.value) << m->name;
      EXPECT_GE(one[k].high, one[k].number.value) << m->name;
      EXPECT_LT(one[k].low, one[k].high) << m->name;
      EXPECT_EQ(one[k].low, again[k].low);
    }
    EXPECT_TRUE(std::isnan(score_texts(*m, std::span(pairs).first(1))[0].low));
  }
}
}  // namespace
}  // namespace cambium::text_metrics_test
