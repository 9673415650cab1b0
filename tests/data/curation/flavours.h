// Made-up texts in several scripts and with several line ends, for rules that count words, lines
// and characters.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "tests/data/curation/support.h"

namespace cambium::test {
struct Flavour {
  std::string name;
  std::vector<std::string> letters;  // of its script, as UTF-8
  std::string newline, full_stop, symbol;

  // Words that differ for each i below 10,000, of so many letters, three at least.
  std::string word(int i, int length = 6) const {
    std::string out;
    const int base = int(letters.size());
    for (int k = 0; k < length; ++k) {
      out += letters[size_t(i % base)];
      i = k == length - 1 ? 0 : i / base + (k >= 2 ? 7 : 0);
    }
    return out;
  }

  std::string words(int first, int n, int length = 6) const {
    std::string out;
    for (int i = 0; i < n; ++i) out += (i ? " " : "") + word(first + i, length);
    return out;
  }

  // The lines with their ends.
  std::string text(const std::vector<std::string>& lines) const {
    std::string out;
    for (const std::string& line : lines) out += line + newline;
    return out;
  }
};

inline std::vector<std::string> letters_from(char32_t first, int n) {
  std::vector<std::string> out;
  for (char32_t c = first; c < first + char32_t(n); ++c) {
    if (c < 0x80)
      out.push_back(std::string(1, char(c)));
    else if (c < 0x800)
      out.push_back({char(0xC0 | c >> 6), char(0x80 | (c & 0x3F))});
    else
      out.push_back({char(0xE0 | c >> 12), char(0x80 | (c >> 6 & 0x3F)), char(0x80 | (c & 0x3F))});
  }
  return out;
}

inline const std::vector<Flavour>& flavours() {
  static const std::vector<Flavour> all = {
      {"Latin", letters_from('a', 26), "\n", ".", "-"},
      {"Latin with accents", letters_from(0xE0, 23), "\n", "!", "\xE2\x80\x94"},
      {"Cyrillic, CR LF", letters_from(0x430, 32), "\r\n", "?", "*"},
      {"Greek, CR LF", letters_from(0x3B1, 25), "\r\n", ".", "\xC2\xAB"},
      {"Han", letters_from(0x4E00, 100), "\n", "\xE3\x80\x82", "\xE3\x80\x81"}};
  return all;
}

// A rule, and texts on both sides of its edge: of each flavour and k, what the text is and whether
// the rule is broken, which the test knows from how it made it.
struct Edge {
  std::string step, rule;
  int from, to;
  std::function<std::string(const Flavour&, int k)> text;
  std::function<bool(const Flavour&, int k)> broken;
};

// Answers how many texts there were. Both sides of each edge must occur.
inline int hold(const std::vector<Edge>& edges) {
  int texts = 0;
  for (const Edge& e : edges) {
    OneStep step(e.step);
    int broken = 0, whole = 0;
    for (const Flavour& f : flavours())
      for (int k = e.from; k < e.to; ++k, ++texts) {
        const bool expected = e.broken(f, k);
        EXPECT_EQ(step.dropped_by(e.text(f, k)), expected ? e.rule : "")
            << e.step << ", " << e.rule << " at " << k << ", " << f.name;
        (expected ? broken : whole) += 1;
      }
    EXPECT_GT(broken, 0) << e.rule;
    EXPECT_GT(whole, 0) << e.rule;
  }
  return texts;
}
}  // namespace cambium::test
