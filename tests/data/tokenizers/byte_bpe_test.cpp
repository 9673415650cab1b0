#include "data/tokenizers/byte_bpe.h"

#include <thread>

#include "core/rng.h"
#include "data/tokenizers/pretokens.h"
#include "tests/data/tokenizers/support.h"

namespace cambium::byte_bpe_test {
namespace {
const std::string kRanks = "text/bpe_gpt2/r50k_base.tiktoken";

std::string random_bytes(uint64_t seed, size_t size) {
  Random random(seed, stream_of("byte_bpe_test"));
  std::string out;
  while (out.size() < size) out += char(random.below(random.below(2) ? 256 : 3) + 97);
  return out;
}

TEST(ByteBpe, GivesAnyBytesBack) {
  const ByteBpe t(trained_on({"the the then", "\u00e9\u00e9 \u4e2d"}), "t");
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::string text = random_bytes(seed, seed * 7);
    EXPECT_EQ(t.decode(ids_of(t, text)), text);
  }
}

// The definition: the lowest rank of all neighbours, the leftmost of equals, one at a time.
std::vector<int32_t> naive_ids(const ByteBpeModel& m, std::string_view word) {
  std::vector<int32_t> ids;
  for (const char c : word) ids.push_back(uint8_t(c));
  for (;;) {
    const BpeMerge* best = nullptr;
    size_t at = 0;
    for (size_t i = 0; i + 1 < ids.size(); ++i)
      for (const BpeMerge& merge : m.merges)
        if (merge.left == ids[i] && merge.right == ids[i + 1] && (!best || merge.rank < best->rank))
          best = &merge, at = i;
    if (!best) return ids;
    ids[at] = best->into;
    ids.erase(ids.begin() + ptrdiff_t(at) + 1);
  }
}

TEST(ByteBpe, ShortAndLongWordsAreMergedByTheDefinition) {
  std::string text;
  Random random(3, stream_of("byte_bpe_test.words"));
  for (int i = 0; i < 3000; ++i) text += random.below(9) ? char('a' + random.below(3)) : ' ';
  const ByteBpeModel m = trained_on({text}, {.vocab = 340});
  const ByteBpe t(m, "t");
  for (const size_t size : {1, 2, 5, 20, 22, 23, 63, 64, 65, 66, 200, 500})
    for (uint64_t seed = 0; seed < 5; ++seed) {
      std::string word;
      for (size_t i = 0; i < size; ++i) word += char('a' + random.below(3));
      EXPECT_EQ(ids_of(t, word), naive_ids(m, word)) << word;
      EXPECT_EQ(ids_of(t, word), naive_ids(m, word)) << word << " from the cache";
    }
}

TEST(ByteBpe, ALongRunTakesNoSquareOfItsLength) {
  const ByteBpe t(trained_on({std::string(64, 'a')}, {.vocab = 300, .least = 1}), "t");
  const std::string run(1 << 20, 'a');
  EXPECT_EQ(t.decode(ids_of(t, run)), run);
}

TEST(ByteBpe, ThreadsGetTheSame) {
  const ByteBpe t(trained_on({"to be or not to be that is the question"}, {.least = 1}), "t");
  const std::string text = "to be that is not the question or to question";
  const std::vector<int32_t> expected = ids_of(t, text);
  std::vector<int> same(4);
  std::vector<std::thread> threads;
  for (int& s : same)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) s += ids_of(t, text) == expected;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(same, std::vector<int>(4, 200));
}

TEST(ByteBpe, ATextThatSpellsASpecialTokenIsText) {
  const ByteBpe t(trained_on({"abc"}), "t");
  const std::vector<int32_t> ids = ids_of(t, "<|endoftext|>");
  EXPECT_EQ(ids.size(), 13u);
  EXPECT_EQ(t.decode(ids), "<|endoftext|>");
  EXPECT_EQ(t.decode(std::vector<int32_t>{*t.begin(), 'a'}), "a");
}

TEST(ByteBpe, RefusesIdsOutside) {
  const ByteBpe t(trained_on({"abc"}), "t");
  EXPECT_THROW(t.decode(std::vector<int32_t>{257}), UserError);
  EXPECT_THROW(t.decode(std::vector<int32_t>{-1}), UserError);
}

TEST(ByteBpe, ContentFollowsPiecesAndMerges) {
  const ByteBpeModel m = trained_on({"abab cdcd"});
  ByteBpeModel other = m;
  std::swap(other.merges[0], other.merges[1]);
  EXPECT_EQ(ByteBpe(m, "t").content(), ByteBpe(m, "u").content());
  EXPECT_NE(ByteBpe(m, "t").content(), ByteBpe(other, "t").content());
}

TEST(Gpt2, TinyShakespeareHas338025Tokens) {
  const std::string ranks = test::data_path(kRanks);
  const std::string text = test::data_path("text/tinyshakespeare/input.txt");
  if (test::skip_without(ranks) || test::skip_without(text)) return;
  const auto t = load_tokenizer(ranks);
  const std::string all = read_file(text);
  const std::vector<int32_t> ids = ids_of(*t, all);
  EXPECT_EQ(ids.size(), 338025u);
  EXPECT_EQ(t->decode(ids), all);
}

TEST(Gpt2, RandomStringsHaveTheIdsOfGptTokenizer) {
  const std::string ranks = test::data_path(kRanks);
  if (test::skip_without(ranks)) return;
  const auto t = load_tokenizer(ranks);
  expect_golden_ids(*t, "gpt2_strings.tsv");
  EXPECT_EQ(t->size(), 50257);
  EXPECT_EQ(t->begin(), 50256);
}
}  // namespace
}  // namespace cambium::byte_bpe_test
