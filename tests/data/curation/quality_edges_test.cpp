// The rules of Gopher, FineWeb and C4 just under and just over their limits, in several scripts.
#include "data/curation/support/words.h"
#include "tests/data/curation/flavours.h"

namespace cambium::quality_edges_test {
namespace {
using test::Edge;
using test::Flavour;

// Two stop words and then `n` words, in lines of ten.
std::string prose(const Flavour& f, int n, int length = 6) {
  std::string out = "the and";
  for (int i = 0; i < n; ++i) out += (i % 10 == 9 ? f.newline : " ") + f.word(i, length);
  return out;
}

std::string times(int n, const std::string& what) {
  std::string out;
  for (int i = 0; i < n; ++i) out += what;
  return out;
}

// `n` lines of six words, of which the first k are as `change` makes them.
std::string lines(const Flavour& f, int n, int k,
                  const std::function<std::string(std::string)>& change) {
  std::vector<std::string> out;
  for (int i = 0; i < n; ++i) {
    const std::string line = "the " + f.words(6 * i, 5) + " and";
    out.push_back(i < k ? change(line) : line);
  }
  return f.text(out);
}

std::vector<Edge> gopher_words() {
  return {
      {"quality: gopher", "too_few_words", 43, 53,  // two more are stop words; symbols are none
       [](const Flavour& f, int k) { return prose(f, k) + times(k % 3, " " + f.symbol); },
       [](const Flavour&, int k) { return k + 2 < 50; }},
      {"quality: {gopher: {words: ..90}}", "too_many_words", 83, 93,
       [](const Flavour& f, int k) { return prose(f, k) + times(k % 4, " " + f.symbol); },
       [](const Flavour&, int k) { return k + 2 > 90; }},
      {"quality: gopher", "short_words", 40, 62,  // of 2 letters k, of 4 others
       [](const Flavour& f, int k) {
         return prose(f, 100 - k, 4) + times(k, " " + f.letters[0] + f.letters[1]);
       },
       [](const Flavour&, int k) { return 2 * k + 4 * (100 - k) + 6 < 3 * 102; }},
      {"quality: gopher", "long_words", 45, 70,  // of 11 letters k, of 9 others
       [](const Flavour& f, int k) { return prose(f, 100 - k, 9) + " " + f.words(500, k, 11); },
       [](const Flavour&, int k) { return 11 * k + 9 * (100 - k) + 6 > 10 * 102; }},
      {"quality: gopher", "letters", 20, 40,
       [](const Flavour& f, int k) { return prose(f, 98) + times(k, " 12345"); },
       [](const Flavour&, int k) { return 100 < 0.8 * (100 + k); }},
  };
}

std::vector<Edge> gopher_signs() {
  return {
      {"quality: gopher", "hashes", 5, 20,
       [](const Flavour& f, int k) { return prose(f, 98) + times(k, " #"); },
       [](const Flavour&, int k) { return 10 * k > 100 + k; }},
      {"quality: gopher", "ellipses", 5, 20,  // both kinds, at the ends of words in lines of ten
       [](const Flavour& f, int k) {
         return prose(f, 98) + times(k, (k % 2 ? " so..." : " so\xE2\x80\xA6") + std::string(" x"));
       },
       [](const Flavour&, int k) { return 10 * k > 100 + 2 * k; }},
      {"quality: gopher", "bullets", 40, 50,
       [](const Flavour& f, int k) {
         return lines(f, 50, k,
                      [&](std::string line) { return (k % 2 ? " - " : "\xE2\x80\xA2") + line; });
       },
       [](const Flavour&, int k) { return k > 45; }},
      {"quality: gopher", "ellipsis_lines", 10, 22,
       [](const Flavour& f, int k) {
         return lines(f, 50, k,
                      [&](std::string line) { return line + (k % 2 ? " ..." : "\xE2\x80\xA6 "); });
       },
       [](const Flavour&, int k) { return k > 15; }},
      {"quality: gopher", "stop_words", 0, 9,
       [](const Flavour& f, int k) {
         static const char* const kAll[] = {"the", "be", "to", "of", "and", "that", "have", "with"};
         std::string out = f.words(0, 80);
         for (int i = 0; i < k; ++i) out += std::string(i % 2 ? " (" : " ") + kAll[i] + ",";
         return out;
       },
       [](const Flavour&, int k) { return k < 2; }},
  };
}

std::vector<Edge> fineweb() {
  return {
      {"quality: fineweb", "ended", 2, 18,  // of 100 lines
       [](const Flavour& f, int k) {
         return lines(f, 100, k,
                      [&](std::string line) { return line + f.full_stop + (k % 2 ? "\"" : ""); });
       },
       [](const Flavour&, int k) { return k < 12; }},
      {"quality: fineweb", "short_lines", 60, 75,  // of 30 characters, others of 31
       [](const Flavour& f, int k) {
         std::vector<std::string> out;
         for (int i = 0; i < 100; ++i)
           out.push_back(f.words(4 * i, 3, 7) + " " + f.word(4 * i + 3, i < k ? 5 : 6) + ".");
         return f.text(out);
       },
       [](const Flavour&, int k) { return k > 67; }},
      {"quality: fineweb", "repeated", 0, 12,  // of 500 lines of equal length
       [](const Flavour& f, int k) {
         std::vector<std::string> out;
         for (int i = 0; i < 500; ++i) out.push_back(f.words(i <= k ? 0 : 6 * i, 6) + ".");
         return f.text(out);
       },
       [](const Flavour&, int k) { return k > 5; }},
      {"quality: fineweb", "newlines", 0, 20,  // 60 lines of six words, and k empty ones
       [](const Flavour& f, int k) {
         std::vector<std::string> out;
         for (int i = 0; i < 60; ++i) out.push_back(f.words(6 * i, 6) + f.full_stop);
         return f.text(out) + times(40 + k, k % 2 ? f.newline : " " + f.newline);
       },
       [](const Flavour&, int k) { return 60 + 40 + k > 0.3 * 360; }},
  };
}

TEST(QualityEdges, GopherAndFinewebInSeveralScripts) {
  int texts = test::hold(gopher_words());
  texts += test::hold(gopher_signs());
  texts += test::hold(fineweb());
  EXPECT_GE(texts, 1000);
}

struct Line {
  std::string text, rule;  // the rule that takes it out; "": it stays
};

// One line that C4's rules are to judge, at an edge of one.
Line line_of(const Flavour& f, int k) {
  const std::string word = f.word(3), end = k % 2 ? "." : "?";
  switch (k % 6) {
    case 0: {  // words of a line
      const int n = 1 + k / 6 % 5;
      return {f.words(10, n) + end, n < 3 ? "words" : ""};
    }
    case 1: {  // bytes of the longest word, its full stop among them
      const auto letters = 997 + k / 6 % 7;
      return {"one two " + times(letters, "a") + ".", letters + 1 > 1000 ? "longest_word" : ""};
    }
    case 2: {  // how it ends
      static const std::pair<const char*, bool> kEnds[] = {
          {".", true}, {"!", true},    {"?", true},  {"\"", true}, {"'", true},
          {"", false}, {"...", false}, {",", false}, {":", false}, {". ", true}};
      const auto& [mark, ends] = kEnds[k / 6 % 10];
      return {f.words(0, 4) + mark, ends ? "" : "terminal"};
    }
    case 3: {
      const bool told = k / 6 % 2;
      return {f.words(0, 3) + (told ? " JavaScript " : " java script ") + word + end,
              told ? "javascript" : ""};
    }
    case 4: {
      static const std::pair<const char*, bool> kSaid[] = {
          {"Terms of Use", true},    {"term of use", false}, {"privacy policy", true},
          {"private policy", false}, {"uses cookies", true}, {"has cookies", false}};
      const auto& [said, told] = kSaid[k / 6 % 6];
      return {f.words(0, 2) + " " + said + " " + word + end, told ? "policies" : ""};
    }
    default:
      return {f.words(k, 3 + k / 6 % 4) + end, ""};
  }
}

// What stays of lines that are good but for one, and whether enough sentences are left.
TEST(QualityEdges, C4LineByLine) {
  test::OneStep step("quality: c4");
  int texts = 0;
  for (const Flavour& f : test::flavours())
    for (int k = 0; k < 120; ++k, ++texts) {
      const Line line = line_of(f, k);
      const int others = 3 + k % 3;  // one sentence each
      std::vector<std::string> all;
      std::string left;
      for (int i = 0; i < others; ++i) all.push_back(f.words(20 * i, 4) + ".");
      all.insert(all.begin() + k % 3, line.text);
      int sentences = 0;
      for (const std::string& one : all) {
        if (one == line.text && !line.rule.empty()) continue;
        left += (left.empty() ? "" : "\n") + std::string(trim(one));
        ++sentences;
      }
      const std::string dropped = step.dropped_by(f.text(all));
      EXPECT_EQ(dropped, sentences < 5 ? "sentences" : "") << f.name << " " << k << line.text;
      if (!dropped.empty()) continue;
      EXPECT_EQ(step.left, left) << f.name << " " << k;
      EXPECT_EQ(step.tally.rules.contains("line." + line.rule), !line.rule.empty()) << line.text;
    }
  EXPECT_GE(texts, 600);
}

TEST(QualityEdges, C4DropsCodeAndFiller) {
  test::OneStep step("quality: c4");
  for (const Flavour& f : test::flavours())
    for (int k = 0; k < 8; ++k) {
      static const std::pair<const char*, const char*> kSaid[] = {
          {"Lorem Ipsum", "lorem_ipsum"}, {"lorem  ipsum", ""}, {"{", "curly"},   {"}", ""},
          {"LOREM IPSUM", "lorem_ipsum"}, {"loremipsum", ""},   {"x{y", "curly"}, {"(", ""}};
      std::vector<std::string> all;
      for (int i = 0; i < 6; ++i) all.push_back(f.words(20 * i, 4) + ".");
      all[size_t(k % 6)] = f.words(0, 3) + " " + kSaid[k].first + " " + f.word(9) + ".";
      EXPECT_EQ(step.dropped_by(f.text(all)), kSaid[k].second) << f.name << " " << k;
    }
}
}  // namespace
}  // namespace cambium::quality_edges_test
