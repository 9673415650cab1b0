// The rule sets at their edges: for each rule texts just under and just over it, and what each is.
#include <functional>

#include "tests/data/curation/support.h"

namespace cambium::rules_test {
namespace {
// `n` unlike words of six letters with stop words among them, `in_line` to a line.
std::string prose(int n, int in_line = 10, const std::string& end = ".") {
  static const char* const kStops[] = {"the", "and", "that", "have", "with"};
  std::string out;
  for (int i = 0; i < n; ++i) {
    std::string word = i % 6 == 0 ? kStops[i / 6 % 5] : str("w", 1000 + i, "x");
    if (i % in_line == in_line - 1 || i == n - 1) word += end;
    out += word;
    out += i % in_line == in_line - 1 ? "\n" : " ";
  }
  return out;
}

struct Edge {
  std::string step, rule;
  int from, to;  // of k
  std::function<std::string(int)> text;
  std::function<bool(int)> broken;
};

std::string times(int n, const std::string& what) {
  std::string out;
  for (int i = 0; i < n; ++i) out += what;
  return out;
}

std::vector<Edge> gopher_edges() {
  return {
      {"quality: gopher", "too_few_words", 20, 90, [](int k) { return prose(k); },
       [](int k) { return k < 50; }},
      {"quality: {gopher: {words: ..90}}", "too_many_words", 60, 130,
       [](int k) { return prose(k); }, [](int k) { return k > 90; }},
      {"quality: gopher", "hashes", 0, 40, [](int k) { return prose(100) + times(k, " #"); },
       [](int k) { return 10 * k > 100 + k; }},
      {"quality: gopher", "ellipses", 0, 40, [](int k) { return prose(200) + times(k, " so..."); },
       [](int k) { return 10 * k > 200 + k; }},
      {"quality: gopher", "bullets", 70, 101,
       [](int k) {
         std::string out;
         for (int i = 0; i < 100; ++i)
           out += str(i < k ? (i % 2 ? " - " : "\xE2\x80\xA2 ") : "", "the word", i, " and more\n");
         return out;
       },
       [](int k) { return k > 90; }},
      {"quality: gopher", "ellipsis_lines", 10, 50,
       [](int k) {
         std::string out;
         for (int i = 0; i < 100; ++i)
           out += str("the word", i, " and one or two more", i < k ? "\xE2\x80\xA6\n" : "\n");
         return out;
       },
       [](int k) { return k > 30; }},
      {"quality: gopher", "letters", 5, 40,
       [](int k) { return prose(100 - k) + times(k, " 12345"); }, [](int k) { return k > 20; }},
      {"quality: gopher", "stop_words", 0, 9,
       [](int k) {
         static const char* const kAll[] = {"the", "be", "to", "of", "and", "that", "have", "with"};
         std::string out;
         for (int i = 0; i < 80; ++i) out += str("word", i, " ");
         for (int i = 0; i < k; ++i) out += str(kAll[i], i % 2 ? ", " : " ");
         return out;
       },
       [](int k) { return k < 2; }},
  };
}

std::vector<Edge> fineweb_edges() {
  const auto lines = [](int n, const std::function<std::string(int)>& line) {
    std::string out;
    for (int i = 0; i < n; ++i) out += line(i) + "\n";
    return out;
  };
  return {
      {"quality: fineweb", "ended", 0, 60,
       [=](int k) {
         return lines(100, [=](int i) {
           return str("a line of more than thirty characters, ", i, i < k ? "." : "");
         });
       },
       [](int k) { return k < 12; }},
      {"quality: fineweb", "short_lines", 40, 101,
       [=](int k) {
         return lines(100, [=](int i) {
           return i < k ? str("four words in ", i, ".")
                        : str("a line of more than thirty characters, ", i, ".");
         });
       },
       [](int k) { return k > 67; }},
      {"quality: fineweb", "repeated", 0, 60,
       [=](int k) {  // of 2,000 lines of 50 bytes
         return lines(2000, [=](int i) {
           return str("a line of a fifty characters and it is the same, ", i < 1 + k ? 0 : i)
                      .substr(0, 49) +
                  ".";
         });
       },
       [](int) { return true; }},
      {"quality: fineweb", "newlines", 1, 60,
       [=](int k) {  // lines of ten words, and k empty ones
         return prose(400, 10) + times(k, "\n \n");
       },
       [](int k) { return double(40 + 2 * k) / 400 > 0.3; }},
  };
}

void hold(const std::vector<Edge>& edges, int& texts) {
  for (const Edge& e : edges) {
    test::OneStep step(e.step);
    for (int k = e.from; k < e.to; ++k, ++texts) {
      const std::string rule = step.dropped_by(e.text(k));
      EXPECT_EQ(rule, e.broken(k) ? e.rule : "") << e.step << ", " << e.rule << " at " << k;
    }
  }
}

TEST(Rules, GopherQualityAtItsEdges) {
  int texts = 0;
  hold(gopher_edges(), texts);
  EXPECT_GT(texts, 300);
}

TEST(Rules, FinewebAtItsEdges) {
  std::vector<Edge> edges = fineweb_edges();
  edges.erase(edges.begin() + 2);
  int texts = 0;
  hold(edges, texts);
  EXPECT_GT(texts, 150);
}

TEST(Rules, GopherWordLength) {
  test::OneStep step("quality: {gopher: {stop_words: 0}}");
  for (int length = 1; length < 16; ++length) {
    std::string text;
    for (int i = 0; i < 60; ++i) text += std::string(size_t(length), char('a' + i % 26)) + " ";
    EXPECT_EQ(step.dropped_by(text), length < 3    ? "short_words"
                                     : length > 10 ? "long_words"
                                                   : "")
        << length;
  }
}

// Repeated lines, paragraphs and runs by a count that knows no hashes.
TEST(Rules, GopherRepetitionAtItsEdges) {
  const auto unlike = [](int n, const std::string& end) {
    std::string out;
    for (int i = 0; i < n; ++i) out += str("l", i, "x m", i, "y n", i, "z o", i, "w", end);
    return out;
  };
  test::OneStep step("repetition: gopher");
  for (int k = 0; k < 100; ++k) {  // k repeats of a short line among 100 - k others
    const std::string text = unlike(100 - k, "\n") + times(k, "x\n");
    EXPECT_EQ(step.dropped_by(text), k - 1 > 30 ? "lines" : "") << k;
  }
  for (int k = 0; k < 60; ++k) {
    const std::string text = unlike(60 - k, "\n\n") + times(k, "x\n\n");
    EXPECT_EQ(step.dropped_by(text), k - 1 > 18 ? "paragraphs" : "") << k;
  }
  for (int k = 1; k < 60; ++k) {  // one run of two words, k times in a text of about 1200 bytes
    std::string text;
    for (int i = 0; i < 100; ++i) text += str("word", 1000 + i, i < k ? " ab cd " : " ");
    const double share = k == 1 ? 0 : double(5 * k) / double(text.size());
    EXPECT_EQ(step.dropped_by(text), share > 0.2 ? "top_2_words" : "") << k;
  }
}

TEST(Rules, C4TakesLinesOutAndDropsWhatIsLeftOfFew) {
  test::OneStep step("quality: c4");
  const std::string good =
      "One good line here. Two good lines here. A third one! A fourth? Yes it is.";
  EXPECT_EQ(step.dropped_by(good + "\nno end here\nToo few.\nSee our privacy policy now.\n"
                                   "Please turn on Javascript now.\nIt goes on and on..."),
            "");
  EXPECT_EQ(step.left, good);
  EXPECT_EQ(step.tally.rules.at("line.terminal").changes, 2);
  EXPECT_EQ(step.tally.rules.at("line.words").changes, 1);
  EXPECT_EQ(step.tally.rules.at("line.policies").changes, 1);
  EXPECT_EQ(step.tally.rules.at("line.javascript").changes, 1);
  EXPECT_EQ(step.dropped_by(good + "\nint main() { return 0; }."), "curly");
  EXPECT_EQ(step.dropped_by(good + "\nLorem ipsum dolor."), "lorem_ipsum");
  EXPECT_EQ(step.dropped_by("One line is here. Two lines are here. Three of them. Four of them."),
            "sentences");
  EXPECT_EQ(
      step.dropped_by(
          "One good line[3] here[edit]. Two good lines[]. A third one! A fourth? Yes it [is]."),
      "");
  EXPECT_EQ(step.left, "One good line here. Two good lines. A third one! A fourth? Yes it [is].");
}
}  // namespace
}  // namespace cambium::rules_test
