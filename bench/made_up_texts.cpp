// Writes made-up texts of about 2 kB to standard output, one a line: as many bytes as wanted, of
// which a fifth came before, half of these whole, half with two words more. Texts are functions of
// their number, so that nothing is held in memory.
//   build/release/bench/made_up_texts 20e9 [SEED] | build/release/cambium data build -o corpus ...
//   with sources: {made: {path: "-", split: line}}
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/rng.h"

namespace cambium {
namespace {
constexpr uint32_t kWords = 20'000, kWordsOfText = 220;

// Words of two to five syllables, each of which differs.
std::vector<std::string> vocabulary() {
  static const char* const kSyllables[] = {"ba", "ke",  "lo",  "mi",  "nu",  "ra",  "se",  "to",
                                           "vi", "dun", "pel", "gor", "tis", "man", "fer", "sol"};
  std::vector<std::string> words;
  for (uint32_t i = 0; i < kWords; ++i) {
    std::string& word = words.emplace_back();
    for (uint32_t n = i + 16; n > 0; n /= 16) word += kSyllables[n % 16];
  }
  return words;
}

class Texts {
 public:
  explicit Texts(uint64_t seed) : seed_(seed), words_(vocabulary()) {}

  void append(uint64_t number, std::string& to) const {
    Random random(seed_, stream_of("made_up_texts") + number);
    if (number > 0 && random.below(5) == 0) {
      const bool whole = random.below(2) == 0;
      append(uint64_t(random.uniform() * double(number)), to);
      if (whole) return;
      add_word(random, to);
      add_word(random, to);
      return;
    }
    const uint32_t n = kWordsOfText / 2 + random.below(kWordsOfText);
    for (uint32_t i = 0; i < n; ++i) add_word(random, to);
  }

 private:
  // Common ones come first in the vocabulary: the rank is uniform below a uniform bound.
  void add_word(Random& random, std::string& to) const {
    if (!to.empty()) to += ' ';
    to += words_[random.below(1 + random.below(kWords))];
  }

  uint64_t seed_;
  std::vector<std::string> words_;
};
}  // namespace
}  // namespace cambium

int main(int count, char** words) {
  using namespace cambium;
  if (count < 2) {
    std::fprintf(stderr, "usage: made_up_texts BYTES [SEED]\n");
    return 1;
  }
  const double bytes = std::strtod(words[1], nullptr);
  const Texts texts(count > 2 ? std::strtoull(words[2], nullptr, 10) : 1);
  std::string lines, text;
  double written = 0;
  for (uint64_t i = 0; written < bytes; ++i) {
    text.clear();
    texts.append(i, text);
    lines += text;
    lines += '\n';
    written += double(text.size()) + 1;
    if (lines.size() < (1 << 20) && written < bytes) continue;
    if (std::fwrite(lines.data(), 1, lines.size(), stdout) != lines.size()) return 1;
    lines.clear();
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}
