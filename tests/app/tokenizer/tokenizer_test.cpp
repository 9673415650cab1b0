// cambium tokenizer train, show, encode.
#include "data/tokenizers/tokenizer.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/text/json.h"
#include "tests/app/run_in_process.h"
#include "tests/support/data/test_data.h"

namespace cambium::tokenizer_test {
namespace {
using test::Ran;
using test::run_words;

std::string write(const test::TempFolder& folder, const std::string& name,
                  const std::string& content) {
  std::filesystem::create_directories(std::filesystem::path(folder.path(name)).parent_path());
  std::ofstream(folder.path(name), std::ios::binary) << content;
  return folder.path(name);
}

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

Ran train(const test::TempFolder& folder, std::vector<std::string> more) {
  std::vector<std::string> words = {"tokenizer", "train", "-o", folder.path("t.json")};
  words.insert(words.end(), more.begin(), more.end());
  return run_words(words);
}

TEST(TokenizerCommand, TrainsShowsAndEncodes) {
  const test::TempFolder folder;
  const std::string text = write(folder, "a.txt", repeated("the cat sat on the mat. ", 20));
  const Ran trained = train(folder, {text, "--vocab", "266"});
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_NE(trained.out.find("266: 256 bytes, 9 pieces of 9 merges, <|endoftext|>"),
            std::string::npos)
      << trained.out;
  const Ran shown = run_words({"tokenizer", "show", folder.path("t.json"), text, "--json"});
  const Json json = parse_json(shown.out, "shown");
  EXPECT_EQ(json["size"], 266);
  EXPECT_EQ(json["special"]["<|endoftext|>"], 265);
  EXPECT_EQ(json["texts"][0]["bytes"], 480);
  EXPECT_GT(json["texts"][0]["bytes_per_token"].get<double>(), 2.0);
  const Ran pieces =
      run_words({"tokenizer", "encode", folder.path("t.json"), "--pieces", "the cat", "xyz"});
  EXPECT_EQ(pieces.out.substr(pieces.out.find('\n') + 1), "x|y|z\n");
  const Ran ids = run_words({"tokenizer", "encode", folder.path("t.json"), "xyz"});
  EXPECT_EQ(ids.out, "120 121 122\n");
}

TEST(TokenizerCommand, EncodesDocumentsALineEach) {
  const test::TempFolder folder;
  train(folder, {write(folder, "a.txt", "abc")});
  const std::string texts = write(folder, "t.jsonl", "{\"text\": \"a\\nb\"}\n{\"text\": \"c\"}\n");
  const Ran ran = run_words({"tokenizer", "encode", folder.path("t.json"), "--file", texts});
  EXPECT_EQ(ran.out, "97 10 98\n99\n");
}

TEST(TokenizerCommand, ASmallTextSaysThatItsVocabularyIsSmaller) {
  const test::TempFolder folder;
  const Ran ran = train(folder, {write(folder, "a.txt", "abab")});
  EXPECT_EQ(ran.code, 0);
  EXPECT_NE(ran.err.find("no pair of pieces is left that occurs 2 times: the vocabulary has 258, "
                         "not 8192"),
            std::string::npos)
      << ran.err;
}

TEST(TokenizerCommand, SaysWhatWasDropped) {
  const test::TempFolder folder;
  std::string words;
  for (int i = 0; i < 3000; ++i)
    words += " w" + std::string(1, char('a' + i % 26)) + std::string(size_t(i / 26) + 1, 'x');
  const Ran ran = train(folder, {write(folder, "a.txt", words), "--most-pretokens", "1024"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.out.find(" of the rarest, counted "), std::string::npos) << ran.out;
}

TEST(TokenizerCommand, OfABuiltCorpusOnlyTrainIsRead) {
  const test::TempFolder folder;
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += str("line ", i, " of a text to learn from\n");
  write(folder, "texts/a.txt", lines);
  const std::string recipe = write(folder, "r.yaml",
                                   str("sources:\n  docs: {path: ", folder.path("texts/a.txt"),
                                       ", split: line}\nsplit: {val: 20%, test: 20%}\n"));
  const Ran built = run_words({"data", "build", recipe, "-o", folder.path("c")});
  ASSERT_EQ(built.code, 0) << built.err;
  const Ran ran = train(folder, {folder.path("c"), "--json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const int64_t documents = parse_json(ran.out, "out")["documents"];
  EXPECT_LT(documents, 200);
  EXPECT_GT(documents, 0);
  const Ran refused = train(folder, {folder.path("c/val")});
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find("is part of the val split of a corpus"), std::string::npos)
      << refused.err;
}

TEST(TokenizerCommand, WrongUsesAreSaid) {
  const test::TempFolder folder;
  const std::string text = write(folder, "a.txt", "abc");
  EXPECT_NE(train(folder, {text, "--vocab", "100"}).err.find("--vocab 100 leaves no room"),
            std::string::npos);
  EXPECT_NE(train(folder, {folder.path("none")}).err.find("no such file or folder"),
            std::string::npos);
  EXPECT_NE(run_words({"tokenizer", "encode", text}).err.find("no text is given"),
            std::string::npos);
  EXPECT_NE(run_words({"tokenizer", "show", text}).err.find("not a tokenizer that is known here"),
            std::string::npos);
}
}  // namespace
}  // namespace cambium::tokenizer_test
