// Terms: how they are written, and their numbers.
#include "data/audit/terms/terms.h"

#include <cmath>

#include "core/rng.h"
#include "core/system/files.h"
#include "data/audit/folding.h"
#include "tests/data/support.h"
#include "tests/support/expect_error.h"

namespace cambium::terms_test {
namespace {
std::vector<std::string> folded(std::string_view text) {
  FoldedWords f;
  f.fold(text);
  return {f.words().begin(), f.words().end()};
}

TEST(FoldedWords, AreInLowerCaseWithoutPunctuation) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(folded("Don't say \"YES\", x_1=2."), (Words{"don't", "say", "yes", "x_1", "2"}));
  EXPECT_EQ(folded("\xE2\x80\x9C\xC3\x84"
                   "rger\xE2\x80\x9D it\xE2\x80\x99s 'so'"),
            (Words{"\xC3\xA4rger", "it's", "so"}));
  EXPECT_EQ(folded("a\xC2\xA0"
                   "b\xFF"
                   "c"),
            (Words{"a", "b", "c"}));
  EXPECT_TRUE(folded(" ,.; \n").empty());
}

TEST(Terms, AreWrittenOnALineOrInAFile) {
  const TermLists a = read_terms("men: he/Him, she/her", "doctor,nurse");
  ASSERT_EQ(a.terms.size(), 2u);
  EXPECT_EQ(a.terms[0].name, "men");
  EXPECT_EQ(a.terms[0].words, (std::vector<std::string>{"he", "him"}));
  EXPECT_EQ(a.terms[1].name, "she/her");
  EXPECT_EQ(a.about[1].name, "nurse");
  const test::TempFolder folder;
  const TermLists b = read_terms(
      write_file(folder, "t.yaml",
                 "terms: {men: [he, Him], she/her: [she, her]}\nabout: [doctor, nurse]\n"),
      "");
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(a.terms[i].name, b.terms[i].name);
    EXPECT_EQ(a.terms[i].words, b.terms[i].words);
    EXPECT_EQ(a.about[i].words, b.about[i].words);
  }
  EXPECT_TRUE(read_terms("", "").empty());
}

TEST(Terms, ThatAreNoneAreRefused) {
  const auto what = [](const std::string& terms, const std::string& about) {
    return std::string(test::error_of([&] { read_terms(terms, about); }).what());
  };
  EXPECT_EQ(what("he", ""), "there are terms, and nothing that they stand about");
  EXPECT_EQ(what("", "nurse"), "there are no terms for --about");
  EXPECT_EQ(what("he,,she", "nurse"), "'' is no word");
  EXPECT_EQ(what("he him", "nurse"), "'he him' is several words");
  EXPECT_EQ(what("he,he", "nurse"), "--terms names the group 'he' twice");
  const test::TempFolder folder;
  const auto of_file = [&](const std::string& yaml) {
    return test::text_of(
        test::error_of([&] { read_terms(write_file(folder, "t.yaml", yaml), ""); }));
  };
  EXPECT_EQ(of_file("term: [he]\n"), "1:1: unknown key 'term'");
  EXPECT_EQ(of_file("- he\n"), "1:1: a file of terms is a map");
  EXPECT_EQ(of_file("terms: {men: []}\nabout: [x]\n"), "1:14: the words of 'men' are a list");
}

// The counts of single passages, from a plain loop.
TEST(Terms, PassagesAreCounted) {
  const TermLists lists = read_terms("he/him,she", "nurse");
  const TermCounter counter(lists, 4);
  const auto words = folded("he is a nurse / she is no nurse / him and she too / nurse");
  const std::vector<std::string_view> views(words.begin(), words.end());
  const TermCounts c = counter.count(views);
  EXPECT_EQ(c.passages, 4);
  EXPECT_EQ(c.terms, (std::vector<int32_t>{2, 2}));
  EXPECT_EQ(c.about, (std::vector<int32_t>{3}));
  EXPECT_EQ(c.both, (std::vector<int32_t>{1, 1}));
}

std::vector<TermCounts> random_counts(uint64_t seed, int documents) {
  std::vector<TermCounts> out;
  Random random(seed);
  for (int d = 0; d < documents; ++d) {
    TermCounts c{1 + int64_t(random.below(6)), {0, 0}, {0}, {0, 0}};
    const double topic = random.uniform();  // documents differ, so passages are not independent
    for (int64_t p = 0; p < c.passages; ++p) {
      const bool he = random.uniform() < 0.3 * topic, she = random.uniform() < 0.3;
      const bool nurse = random.uniform() < (she ? 0.4 : 0.15) * topic;
      c.terms[0] += he;
      c.terms[1] += she;
      c.about[0] += nurse;
      c.both[0] += he && nurse;
      c.both[1] += she && nurse;
    }
    out.push_back(c);
  }
  return out;
}

// Intervals against those of drawing documents anew.
TEST(Terms, IntervalsAreThoseOfDrawingDocuments) {
  const TermLists lists = read_terms("he,she", "nurse");
  const std::vector<TermCounts> counts = random_counts(3, 800);
  const TermTable t = term_table(lists, 50, counts);
  double n = 0, x = 0, y = 0, z = 0;
  for (const TermCounts& c : counts) {
    n += double(c.passages);
    x += c.terms[1];
    y += c.about[0];
    z += c.both[1];
  }
  const TermPair& she = t.pairs[1];
  EXPECT_NEAR(she.pmi, std::log2((z / n) / ((x / n) * (y / n))), 1e-12);
  EXPECT_NEAR(she.npmi, she.pmi / -std::log2(z / n), 1e-12);
  EXPECT_NEAR(she.expected, x * y / n, 1e-9);
  std::vector<double> pmi, ratio;
  Random random(5);
  for (int r = 0; r < 2000; ++r) {
    std::vector<TermCounts> drawn;
    for (size_t i = 0; i < counts.size(); ++i)
      drawn.push_back(counts[random.below(uint32_t(counts.size()))]);
    const TermTable again = term_table(lists, 50, drawn);
    pmi.push_back(again.pairs[1].pmi);
    ratio.push_back(again.contrasts[0].log_ratio);
  }
  std::ranges::sort(pmi);
  std::ranges::sort(ratio);
  EXPECT_NEAR(she.low, pmi[50], 0.05);
  EXPECT_NEAR(she.high, pmi[1950], 0.05);
  EXPECT_NEAR(t.contrasts[0].low, ratio[50], 0.12);
  EXPECT_NEAR(t.contrasts[0].high, ratio[1950], 0.12);
  EXPECT_LT(t.contrasts[0].high - t.contrasts[0].low, 1.5);
}

TEST(Terms, WithoutAPassageTogetherNothingIsSaid) {
  const TermLists lists = read_terms("he", "nurse");
  const std::vector<TermCounts> counts = {{3, {1}, {0}, {0}}, {4, {0}, {2}, {0}}};
  const TermTable t = term_table(lists, 50, counts);
  EXPECT_TRUE(std::isnan(t.pairs[0].pmi));
  EXPECT_NEAR(t.pairs[0].expected, 2.0 / 7, 1e-12);
  EXPECT_TRUE(t.contrasts.empty());
}
}  // namespace
}  // namespace cambium::terms_test
