#include "data/tokenizers/train_bpe.h"

#include <map>

#include "core/rng.h"
#include "data/tokenizers/pretokens.h"
#include "tests/data/tokenizers/support.h"

namespace cambium::train_bpe_test {
namespace {
using Word = std::vector<int32_t>;

Word merged(const Word& word, std::pair<int32_t, int32_t> pair, int32_t into) {
  Word out;
  for (size_t i = 0; i < word.size(); ++i) {
    const bool here = i + 1 < word.size() && word[i] == pair.first && word[i + 1] == pair.second;
    out.push_back(here ? into : word[i]);
    i += here;
  }
  return out;
}

// The definition, counted anew for each merge.
std::vector<std::string> naive_merges(const std::string& text, int64_t vocab, int64_t least) {
  std::map<Word, int64_t> words;
  for (size_t at = 0, end; at < text.size(); at = end) {
    end = pretoken_end(text, at);
    Word w;
    for (size_t i = at; i < end; ++i) w.push_back(uint8_t(text[i]));
    ++words[w];
  }
  std::vector<std::string> pieces, merges;
  for (int b = 0; b < 256; ++b) pieces.emplace_back(1, char(b));
  while (int64_t(pieces.size()) + 1 < vocab) {
    std::map<std::pair<int32_t, int32_t>, int64_t> counts;
    for (const auto& [w, n] : words)
      for (size_t i = 0; i + 1 < w.size(); ++i) counts[{w[i], w[i + 1]}] += n;
    auto best = counts.begin();
    for (auto it = counts.begin(); it != counts.end(); ++it)
      if (it->second > best->second) best = it;  // of equals the first pair of ids
    if (best == counts.end() || best->second < least) break;
    const auto [left, right] = best->first;
    const std::string piece = pieces[size_t(left)] + pieces[size_t(right)];
    auto known = std::ranges::find(pieces, piece);
    if (known == pieces.end()) known = pieces.insert(known, piece);
    const auto into = int32_t(known - pieces.begin());
    std::map<Word, int64_t> next;
    for (const auto& [w, n] : words) next[merged(w, {left, right}, into)] += n;
    words = next;
    merges.push_back(str(left, " ", right, " ", into));
  }
  return merges;
}

// Few symbols and many repetitions: overlaps, ties and pieces that two pairs make.
std::string random_corpus(uint64_t seed) {
  Random random(seed, stream_of("train_bpe_test"));
  const std::string_view alphabets[] = {"ab", "ab ", "abc' ", "aab\n", "x1. \xc3\xa9", "abcdefgh "};
  const std::string_view letters = alphabets[random.below(6)];
  std::string text;
  for (uint32_t n = 1 + random.below(300); n > 0; --n) {
    if (random.below(4) == 0 && !text.empty())
      text += text.substr(random.below(uint32_t(text.size())), random.below(8));
    text += letters[random.below(uint32_t(letters.size()))];
  }
  return text;
}

TEST(TrainBpe, MergesAreThoseOfTheDefinitionOnAThousandCorpora) {
  int64_t all = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    const std::string text = random_corpus(seed);
    const int64_t vocab = 257 + int64_t(seed % 60), least = 1 + int64_t(seed % 3);
    std::vector<std::string> merges;
    for (const BpeMerge& m : trained_on({text}, {.vocab = vocab, .least = least}).merges)
      merges.push_back(str(m.left, " ", m.right, " ", m.into));
    ASSERT_EQ(merges, naive_merges(text, vocab, least)) << seed << ": " << text;
    all += int64_t(merges.size());
  }
  EXPECT_GT(all, 15000);
}

// The first piece of words that all occur twice.
std::string first_of(std::initializer_list<std::string_view> words) {
  PretokenCounts counts;
  for (const std::string_view w : words) counts.add(w, 2);
  return train_bpe(counts, {.vocab = 258}).pieces[256];
}

TEST(TrainBpe, TiesGoToTheLowerIds) {
  EXPECT_EQ(first_of({"ba", "dc"}), "ba");
  EXPECT_EQ(first_of({"dc", "ba"}), "ba");
  EXPECT_EQ(first_of({"bd", "ba"}), "ba");
  EXPECT_EQ(first_of({"az", "ba"}), "az");
}

TEST(TrainBpe, BytesComeFirstAndEndOfTextLast) {
  const ByteBpeModel m = trained_on({"low lower lowest"}, {.vocab = 260});
  ASSERT_EQ(m.pieces.size(), 260u);
  for (size_t b = 0; b < 256; ++b) EXPECT_EQ(m.pieces[b], std::string(1, char(b)));
  EXPECT_EQ(m.specials, (std::vector<SpecialToken>{{259, "<|endoftext|>"}}));
}

TEST(TrainBpe, StopsWhereNoPairOccursOftenEnough) {
  EXPECT_EQ(trained_on({"abcdef"}).merges.size(), 0u);
  EXPECT_EQ(trained_on({"abcdef"}, {.least = 1}).merges.size(), 5u);
  EXPECT_EQ(trained_on({}).pieces.size(), 257u);
}

TEST(TrainBpe, CountsBeyond32Bits) {
  PretokenCounts counts;
  counts.add("ab", int64_t(3) << 32);
  counts.add("cd", (int64_t(3) << 32) + 1);
  const ByteBpeModel m = train_bpe(counts, {.vocab = 259});
  EXPECT_EQ(m.pieces[256], "cd");
  EXPECT_EQ(m.pieces[257], "ab");
}

TEST(TrainBpe, DoesNotDependOnTheOrderOfTexts) {
  const std::string_view a = "the cat sat on the mat", b = "a hat that the rat sat at";
  EXPECT_EQ(trained_on({a, b}).pieces, trained_on({b, a}).pieces);
}

TEST(PretokenCounts, DropsTheRarestAndSaysHowMany) {
  PretokenCounts counts(100);
  for (int i = 0; i < 40; ++i) counts.add(str("often", i), 10);
  for (int i = 0; i < 1000; ++i) counts.add(str("rare", i));
  EXPECT_LE(counts.entries().size(), 100u);
  EXPECT_EQ(counts.occurrences(), 1400);
  int64_t held = 0, often = 0;
  for (const auto& e : counts.entries()) {
    held += e.count;
    often += counts.text_of(e).starts_with("often");
  }
  EXPECT_EQ(often, 40);
  EXPECT_EQ(held + counts.dropped_times(), 1400);
  EXPECT_EQ(int64_t(counts.entries().size()) + counts.dropped(), 1040);
}

TEST(PretokenCounts, HoldsNoMoreBytesThanItMay) {
  PretokenCounts counts(64);
  for (int i = 0; i < 500; ++i) counts.add(std::string(1000, 'a') + str(i));
  int64_t bytes = 0;
  for (const auto& e : counts.entries()) bytes += int64_t(e.bytes);
  EXPECT_LE(bytes, 64 * 32 + 1024);
  EXPECT_GT(counts.dropped(), 0);
}

TEST(PretokenCounts, CutsALongOneBetweenCharacters) {
  PretokenCounts counts;
  std::string text = "x";
  for (int i = 0; i < 1000; ++i) text += "\u00e9";
  counts.add_text(text);
  ASSERT_EQ(counts.entries().size(), 2u);
  EXPECT_EQ(counts.entries()[0].bytes, 1023u);
  EXPECT_EQ(counts.entries()[1].bytes, 978u);
}
}  // namespace
}  // namespace cambium::train_bpe_test
