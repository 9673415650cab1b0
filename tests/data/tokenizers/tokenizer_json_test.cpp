#include "core/text/utf8.h"
#include "data/tokenizers/byte_letters.h"
#include "tests/data/tokenizers/support.h"
#include "tests/support/expect_error.h"

namespace cambium::tokenizer_json_test {
namespace {
// The golden file with one text replaced by another.
std::string with(const std::string& file, const std::string& text, const std::string& by) {
  std::string json = read_file(golden_tokenizer(file));
  const size_t at = json.find(text);
  EXPECT_NE(at, json.npos) << text;
  return at == json.npos ? json : json.replace(at, text.size(), by);
}

std::string refusal(const std::string& json) {
  const test::TempFolder folder;
  const std::string path = write_file(folder, "tokenizer.json", json);
  const UserError e = test::error_of([&] { load_tokenizer(path); });
  const std::string text = str(e.what(), " | ", e.help);
  EXPECT_TRUE(text.find(path) != text.npos) << text;
  return text.substr(text.find("tokenizer.json") + 14);
}

TEST(TokenizerJson, RandomStringsHaveTheIdsOfHuggingFace) {
  expect_golden_ids(*load_tokenizer(golden_tokenizer("bpe512.json")), "bpe512_strings.tsv");
}

TEST(TokenizerJson, WhatIsWrittenIsReadAsTheSame) {
  const test::TempFolder folder;
  const ByteBpeModel m =
      trained_on({"low lower \xff\xfe \"quoted\" \\ \u4e2d\u4e2d"}, {.least = 1});
  save_tokenizer_json(m, folder.path("t.json"));
  const auto t = load_tokenizer(folder.path("t.json"));
  EXPECT_EQ(t->content(), ByteBpe(m, "m").content());
  EXPECT_EQ(t->size(), int64_t(m.pieces.size()));
  EXPECT_EQ(t->begin(), m.specials[0].id);
  EXPECT_TRUE(t->keeps_bytes());
  save_tokenizer_json(static_cast<const ByteBpe&>(*t).model(), folder.path("again.json"));
  EXPECT_EQ(read_file(folder.path("again.json")), read_file(folder.path("t.json")));
}

TEST(TokenizerJson, TakesMergesAsTextsAndOlderFilesWithoutTypes) {
  const test::TempFolder folder;
  const auto whole = load_tokenizer(golden_tokenizer("bpe512.json"));
  std::string json = read_file(golden_tokenizer("bpe512.json"));
  Json tree = parse_json(json, "golden");
  Json texts = Json::array();
  for (const Json& pair : tree["model"]["merges"])
    texts.push_back(str(pair[0].get<std::string>(), " ", pair[1].get<std::string>()));
  tree["model"]["merges"] = texts;
  tree["model"].erase("type");
  const auto old = load_tokenizer(write_file(folder, "old.json", to_text(tree)));
  EXPECT_EQ(old->content(), whole->content());
}

TEST(TokenizerJson, ASpaceInFrontIsAddedWhereTheFileSaysSo) {
  const test::TempFolder folder;
  const auto t = load_tokenizer(
      write_file(folder, "t.json",
                 with("bpe512.json", "\"add_prefix_space\":false", "\"add_prefix_space\":true")));
  const auto without = load_tokenizer(golden_tokenizer("bpe512.json"));
  EXPECT_EQ(ids_of(*t, "the"), ids_of(*without, " the"));
  EXPECT_EQ(ids_of(*t, " the"), ids_of(*without, " the"));
  EXPECT_FALSE(t->keeps_bytes());
}

TEST(TokenizerJson, SaysWhatIsNotReadHere) {
  const std::string bpe = "bpe512.json";
  EXPECT_EQ(refusal(with(bpe, "\"normalizer\": null", "\"normalizer\": {\"type\": \"NFC\"}")),
            ": normalizer of the type 'NFC' is not read here | a file without normalizer is");
  EXPECT_EQ(refusal(with(bpe, "{\"type\":\"ByteLevel\"", "{\"type\":\"Metaspace\"")),
            ": pre_tokenizer of the type 'Metaspace' is not read here | ByteLevel is, and a file "
            "without");
  EXPECT_EQ(refusal(with(bpe, "\"use_regex\":true", "\"use_regex\":false")),
            ": pre_tokenizer with use_regex: false is not read here | byte-level BPE as GPT-2 has "
            "it is");
  EXPECT_EQ(refusal(with(bpe, "\"byte_fallback\": false", "\"byte_fallback\": true")),
            ": model.byte_fallback is not read here | byte-level BPE as GPT-2 has it is");
  EXPECT_EQ(refusal(with(bpe, "\"dropout\": null", "\"dropout\": 0.1")),
            ": model.dropout is not read here | byte-level BPE as GPT-2 has it is");
  EXPECT_EQ(refusal(with(bpe, "\"type\": \"BPE\"", "\"type\": \"Unigram\"")),
            ": a model of the type 'Unigram' is not read here | BPE at the level of bytes and "
            "WordPiece are");
  EXPECT_EQ(refusal(with(bpe, "\"special\":true", "\"special\":false")),
            ": the added token '<|endoftext|>' is not special: it is cut out of texts before all "
            "else, which is not done here | train it into the vocabulary, or make it special");
}

TEST(TokenizerJson, SaysWhereItIsDamaged) {
  const std::string bpe = "bpe512.json";
  EXPECT_EQ(refusal("{\"version\": \"1.0\"}"),
            ": no model is in it: not a tokenizer.json | BPE at the level of bytes and WordPiece "
            "are");
  EXPECT_EQ(refusal(with(bpe, "\"a\": 97", "\"a\": -1")),
            ": 'a' has the id -1, not a whole number from 0 to 4194303 | ");
  EXPECT_EQ(refusal(with(bpe, "\"a\": 97", "\"a\": 98")),
            ": the id 98 stands for 'a' and for 'b' | ");
  EXPECT_EQ(refusal(with(bpe, "\"a\": 97", "\"a\": 4000000")),
            ": ids go up to 4000000 for 512 tokens | ");
  EXPECT_EQ(refusal(with(bpe, "      \"a\": 97,\n", "")),
            ": model.merges[5]: 'a' is not in model.vocab | ");
  EXPECT_EQ(refusal(with(bpe, "      \"\\\"\": 34,\n", "")),
            ": no token stands for the byte 34, so that texts which hold it could not be written | "
            "train it with all 256 bytes in its alphabet");
  EXPECT_EQ(refusal(with(bpe, "\"merges\": [", "\"merges\": [3,")),
            ": model.merges[0] is not a pair of tokens: 3 | ");
  EXPECT_EQ(refusal(with(bpe, "\"a\": 97", "\"\u4e2d\": 97")),
            ": the token '\u4e2d' of the id 97 holds characters that stand for no byte | ");
}

TEST(TokenizerJson, AKeyThatStandsTwiceIsRefused) {
  EXPECT_TRUE(
      refusal(with("bpe512.json", "\"b\": 98", "\"a\": 98")).find("has the key 'a' twice") !=
      std::string::npos);
}

TEST(TokenizerJson, AVocabularyOfAHundredThousandTakesNoMinutes) {
  const test::TempFolder folder;
  std::string vocab;
  for (int i = 0; i < 100000; ++i) vocab += str("\"w", i, "\": ", i + 700, ",");
  const std::string path =
      write_file(folder, "t.json", with("bpe512.json", "\"vocab\": {", "\"vocab\": {" + vocab));
  EXPECT_EQ(load_tokenizer(path)->size(), 100700);
}

TEST(ByteLetters, SpellAllBytes) {
  EXPECT_EQ(spelt_bytes(" \n!~\xff"), "\u0120\u010a!~\u00ff");
  EXPECT_EQ(bytes_spelt("\u0120the"), " the");
  EXPECT_EQ(bytes_spelt("\u4e2d"), std::nullopt);
  std::string all;
  for (int b = 0; b < 256; ++b) all += char(b);
  EXPECT_EQ(bytes_spelt(spelt_bytes(all)), all);
  EXPECT_EQ(characters(spelt_bytes(all)), 256);
}
}  // namespace
}  // namespace cambium::tokenizer_json_test
