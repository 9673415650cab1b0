// Gopher's rules on repetition just under and just over their limits, in several scripts. What is
// expected is counted from maps of strings.
#include <map>
#include <set>

#include "tests/data/curation/flavours.h"

namespace cambium::repetition_edges_test {
namespace {
using test::Edge;
using test::Flavour;

// The rule set with one rule of its own constants, and no others.
std::string only(const std::string& rule) {
  std::string out = "repetition: {gopher: {";
  for (const char* name : {"paragraphs", "paragraph_characters", "lines", "line_characters"})
    if (rule != name) out += std::string(name) + ": 1, ";
  std::string top, repeated;
  for (int n = 2; n <= 4; ++n)
    top += (n > 2 ? ", " : "") + (rule == str("top_", n, "_words") ? std::string(n == 2   ? "0.2"
                                                                                 : n == 3 ? "0.18"
                                                                                          : "0.16")
                                                                   : "1");
  for (int n = 5; n <= 10; ++n)
    repeated += (n > 5 ? ", " : "") + (rule == str("repeated_", n, "_words")
                                           ? str("0.", n == 10 ? "10" : str(20 - n))
                                           : std::string("1"));
  return out + "top: [" + top + "], repeated: [" + repeated + "]}}";
}

std::vector<Edge> pieces() {
  const auto repeats = [](const Flavour& f, int all, int k, const std::string& piece,
                          const std::string& between) {
    std::string out;
    for (int i = 0; i < all; ++i) {
      const bool again = i % 2 == 1 && i / 2 < k;
      out += (i ? between : "") + (again ? piece : f.words(8 * i, 5));
    }
    return out;
  };
  std::vector<Edge> edges;
  for (const bool paragraphs : {false, true}) {
    const std::string name = paragraphs ? "paragraph" : "line";
    const auto between = [=](const Flavour& f) {
      return paragraphs ? f.newline + f.newline : f.newline;
    };
    edges.push_back(
        {only(name + "s"), name + "s", 24, 40,  // k - 1 of 100 stood before
         [=](const Flavour& f, int k) { return repeats(f, 100, k, f.word(999), between(f)); },
         [](const Flavour&, int k) { return k - 1 > 30; }});
    edges.push_back(
        {only(name + "_characters"), name + "_characters", 14, 30,
         [=](const Flavour& f, int k) { return repeats(f, 100, k, f.words(900, 5), between(f)); },
         [=](const Flavour& f, int k) {  // a text's line ends count as one byte each
           const double piece = double(f.words(900, 5).size());
           const double all = 100 * piece + 99 * (paragraphs ? 2 : 1);
           return (k - 1) * piece > 0.2 * all;
         }});
  }
  return edges;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c != ' ' && c != '\n' && c != '\r')
      words.back() += c;
    else if (!words.back().empty())
      words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

std::string run_of(const std::vector<std::string>& words, size_t first, int n,
                   const char* between) {
  std::string run;
  for (size_t i = first; i < first + size_t(n); ++i) run += (i > first ? between : "") + words[i];
  return run;
}

// Bytes with one for a line end.
double size_of(const std::string& text) {
  return double(text.size()) - double(std::ranges::count(text, '\r'));
}

double top_share(const std::string& text, int n) {
  const std::vector<std::string> words = words_of(text);
  std::map<std::string, int> times;
  int most = 1;
  size_t bytes = 0;
  for (size_t i = 0; i + size_t(n) <= words.size(); ++i) {
    const std::string run = run_of(words, i, n, " ");
    if (++times[run] <= most) continue;
    most = times[run];
    bytes = run.size();
  }
  return double(bytes) * most / size_of(text);
}

double repeated_share(const std::string& text, int n) {
  const std::vector<std::string> words = words_of(text);
  std::set<std::string> seen;
  size_t bytes = 0;
  for (size_t i = 0; i + size_t(n) <= words.size();) {
    if (seen.insert(run_of(words, i, n, " ")).second) {
      ++i;
      continue;
    }
    bytes += run_of(words, i, n, "").size();
    i += size_t(n);
  }
  return double(bytes) / size_of(text);
}

// k times a run of n words among others.
std::string with_runs(const Flavour& f, int n, int k) {
  std::string out;
  for (int i = 0; i < 60; ++i) {
    out += f.words(10 * i, 4) + (i % 5 == 4 ? f.newline : " ");
    if (i < k) out += f.words(5000, n) + (i % 3 ? " " : f.newline);
  }
  return out;
}

std::vector<Edge> runs() {
  std::vector<Edge> edges;
  for (int n = 2; n <= 10; ++n) {
    const std::string rule = str(n <= 4 ? "top_" : "repeated_", n, "_words");
    const double limit = n == 2 ? 0.2 : n == 3 ? 0.18 : n == 4 ? 0.16 : 0.2 - 0.01 * n;
    edges.push_back({only(rule), rule, n <= 4 ? 8 : 2, n <= 4 ? 40 : 14,
                     [=](const Flavour& f, int k) { return with_runs(f, n, k); },
                     [=](const Flavour& f, int k) {
                       const std::string text = with_runs(f, n, k);
                       return (n <= 4 ? top_share(text, n) : repeated_share(text, n)) > limit;
                     }});
  }
  return edges;
}

TEST(RepetitionEdges, PiecesInSeveralScripts) {
  EXPECT_GE(test::hold(pieces()), 320);
}

TEST(RepetitionEdges, RunsOfWordsInSeveralScripts) {
  EXPECT_GE(test::hold(runs()), 800);
}
}  // namespace
}  // namespace cambium::repetition_edges_test
