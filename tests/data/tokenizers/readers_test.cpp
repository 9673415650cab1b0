// What a file is, the ranks of tiktoken, and WordPiece.
#include "tests/data/tokenizers/support.h"
#include "tests/support/expect_error.h"

namespace cambium::tokenizer_readers_test {
namespace {
std::string base64(std::string_view bytes) {
  const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t v = 0;
    for (size_t j = 0; j < 3; ++j) v = v << 8 | (i + j < bytes.size() ? uint8_t(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; ++j)
      out += i + j > bytes.size() ? '=' : digits[v >> (18 - 6 * j) & 63];
  }
  return out;
}

std::string ranks_of(const std::vector<std::string>& pieces) {
  std::string out;
  for (int b = 0; b < 256; ++b) out += str(base64(std::string(1, char(b))), " ", b, "\n");
  for (size_t i = 0; i < pieces.size(); ++i) out += str(base64(pieces[i]), " ", 256 + i, "\n");
  return out;
}

TEST(Tiktoken, MergesThePairWhosePieceHasTheLowestRank) {
  const test::TempFolder folder;
  const auto t = load_tokenizer(
      write_file(folder, "t.tiktoken", ranks_of({"ab", "bc", "abc", "cab", "abcab"})));
  EXPECT_EQ(t->size(), 262);
  EXPECT_EQ(t->begin(), 261);
  EXPECT_EQ(ids_of(*t, "abc"), (std::vector<int32_t>{258}));
  EXPECT_EQ(ids_of(*t, "ccab"), (std::vector<int32_t>{'c', 259}));
  EXPECT_EQ(ids_of(*t, "bcab"), (std::vector<int32_t>{257, 256}));
  EXPECT_EQ(ids_of(*t, "abcab"), (std::vector<int32_t>{260}));
  EXPECT_EQ(ids_of(*t, "bcb"), (std::vector<int32_t>{257, 'b'}));
}

TEST(Tiktoken, ARankLeftOutIsEndOfText) {
  const test::TempFolder folder;
  std::string ranks = ranks_of({"ab"});
  ranks += base64("cd") + " 258\n";
  EXPECT_EQ(load_tokenizer(write_file(folder, "t", ranks))->begin(), 257);
}

std::string refusal(const std::string& content, const std::string& name = "t.tiktoken") {
  const test::TempFolder folder;
  const std::string path = write_file(folder, name, content);
  const UserError e = test::error_of([&] { load_tokenizer(path); });
  return str(e.mark.line, ": ", std::string(e.what()).substr(path.size()));
}

TEST(Tiktoken, SaysInWhichLineItIsDamaged) {
  const std::string good = ranks_of({"ab"});
  EXPECT_EQ(refusal(good + "Y_I= 257\n"), "258: : this line does not begin with base64");
  EXPECT_EQ(refusal(good + "YWI\n"), "258: : this line does not begin with base64");
  EXPECT_EQ(refusal(good + "Y2Q= x\n"), "258: : this line has no rank");
  EXPECT_EQ(refusal(good + "Y2Q= -1\n"), "258: : this line has no rank");
  EXPECT_EQ(refusal(good + "Y2Q= 99999999999\n"), "258: : this line has no rank");
  EXPECT_EQ(refusal(good + "Y2Q= 256\n"), "258: : rank 256 stands in line 257 already");
  EXPECT_EQ(refusal(good + "YWI= 257\n"), "258: : the same piece has the rank 256 already");
  EXPECT_EQ(refusal(good + "Y2Q= 9000\n"),
            "0: : 258 ranks go up to 9000: more than a few are left out");
  EXPECT_EQ(
      refusal(good.substr(good.find('\n') + 1)),
      "0: : no token stands for the byte 0, so that texts which hold it could not be written");
}

TEST(Tiktoken, RefusesRanksOfAnotherPattern) {
  std::vector<std::string> pieces;
  for (int i = 0; i < 100000; ++i) pieces.push_back(str("p", i));
  EXPECT_EQ(refusal(ranks_of(pieces)),
            "0: : 100256 ranks are those of cl100k_base, which cuts words by another pattern than "
            "GPT-2's");
}

TEST(Tokenizers, AreKnownByWhatTheyHold) {
  const test::TempFolder folder;
  const std::string json = read_file(golden_tokenizer("bpe512.json"));
  EXPECT_EQ(load_tokenizer(write_file(folder, "a", json))->size(), 512);
  EXPECT_EQ(load_tokenizer(write_file(folder, "b", ranks_of({})))->size(), 257);
  EXPECT_EQ(refusal("words of some text", "c"), "0: : not a tokenizer that is known here");
  EXPECT_EQ(refusal("", "c"), "0: : not a tokenizer that is known here");
  EXPECT_EQ(refusal("", "c.bin").substr(0, 33), "0: : not a tokenizer of llama2.c:");
  EXPECT_THROW(load_tokenizer(folder.path("none")), RuntimeError);
}

TEST(WordPiece, RandomStringsHaveTheIdsOfHuggingFace) {
  expect_golden_ids(*load_tokenizer(golden_tokenizer("wordpiece.json")), "wordpiece_strings.tsv");
}

TEST(WordPiece, PutsItsPiecesTogetherAgain) {
  const auto t = load_tokenizer(golden_tokenizer("wordpiece.json"));
  EXPECT_EQ(t->kind(), "WordPiece");
  EXPECT_EQ(t->decode(ids_of(*t, "Antidisestablishmentarianism, the Caf\u00e9!")),
            "antidisestablishmentarianism , the cafe !");
  EXPECT_EQ(t->piece(*t->begin()), "[CLS]");
  EXPECT_FALSE(t->keeps_bytes());
  EXPECT_EQ(ids_of(*t, std::string(100, 'a')).size(), 100u);
  EXPECT_EQ(ids_of(*t, std::string(101, 'a')).size(), 1u);  // unknown: too long
}

TEST(WordPiece, SaysWhatIsNotReadHere) {
  const auto with = [](const std::string& text, const std::string& by) {
    std::string json = read_file(golden_tokenizer("wordpiece.json"));
    return json.replace(json.find(text), text.size(), by);
  };
  EXPECT_EQ(refusal(with("BertPreTokenizer", "Whitespace"), "t.json"),
            "0: : pre_tokenizer of the type 'Whitespace' is not read here");
  EXPECT_EQ(refusal(with("BertNormalizer", "Lowercase"), "t.json"),
            "0: : normalizer of the type 'Lowercase' is not read here");
  EXPECT_EQ(refusal(with("\"unk_token\": \"[UNK]\"", "\"unk_token\": \"<unk>\""), "t.json"),
            "0: : model.unk_token '<unk>' is not in model.vocab");
  EXPECT_EQ(refusal(with("{\"type\": \"BertPreTokenizer\"}", "null"), "t.json"),
            "0: : WordPiece without the pre_tokenizer BertPreTokenizer is not read here");
}
}  // namespace
}  // namespace cambium::tokenizer_readers_test
