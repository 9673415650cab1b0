// Datasets whose symbols are tokens, and what a tokenizer may be trained on.
#include "data/corpus/vocabulary.h"

#include "data/tokenizers/training_texts.h"
#include "tests/data/tokenizers/support.h"
#include "tests/support/expect_error.h"

namespace cambium::vocabulary_test {
namespace {
TEST(Vocabulary, DocumentsBeginWithTheSpecialTokenOfTheFile) {
  for (const char* name : {"bpe512.json", "wordpiece.json"}) {
    const auto t = load_tokenizer(golden_tokenizer(name));
    const auto v = open_vocabulary(golden_tokenizer(name));
    std::vector<int32_t> ids;
    v->append_document("the function", ids);
    EXPECT_EQ(ids.front(), *t->begin());
    ids.erase(ids.begin());
    EXPECT_EQ(ids, ids_of(*t, "the function"));
    EXPECT_EQ(v->decode(ids), "the function");
    EXPECT_EQ(v->size(), t->size());
  }
}

TEST(Vocabulary, NeedsASpecialTokenToBeginDocuments) {
  const test::TempFolder folder;
  ByteBpeModel m = trained_on({"abab"});
  m.pieces.pop_back();
  m.specials.clear();
  save_tokenizer_json(m, folder.path("t.json"));
  const auto e = test::error_of<OptionError>([&] { open_vocabulary(folder.path("t.json")); });
  EXPECT_EQ(e.option, "tokenizer");
  EXPECT_TRUE(std::string(e.what()).ends_with(
      ": 0 special tokens, of which none is known to begin a document"))
      << e.what();
}

TEST(Vocabulary, TextTokensTakesEveryKind) {
  const test::TempFolder folder;
  std::string text;
  for (int i = 0; i < 60; ++i) text += "the function returns a vector of the words. ";
  const std::string path = write_file(folder, "t.txt", text);
  for (const char* name : {"bpe512.json", "wordpiece.json"}) {
    const auto data =
        open_text_spec(str("data:\n  text_tokens: {path: ", path,
                           ", tokenizer: ", golden_tokenizer(name), ", context: 8, val: 0.2}\n"));
    const Batch batch = read_batch(*data, Split::kTrain, {0});
    EXPECT_EQ(data->decode(batch.x.i32()).substr(0, 7), "the fun");
    EXPECT_EQ(data->encode("x").size(), 2u);
  }
}

TEST(Vocabulary, DocumentsStreamsTokens) {
  const test::TempFolder folder;
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += str("line ", i, " of the text\n");
  const std::string path = write_file(folder, "t.txt", lines);
  const auto open = [&](const std::string& tokenizer) {
    return open_text_spec(str("data:\n  documents: {path: ", path, ", format: lines, context: 8",
                              ", val: 0.2, test: 0.2, tokenizer: ", tokenizer, "}\n"));
  };
  const auto data = open(golden_tokenizer("bpe512.json"));
  EXPECT_EQ(data->shape(1).classes, 512);
  EXPECT_LT(data->count(Split::kTrain), open("''")->count(Split::kTrain));
}

TEST(Vocabulary, ABrokenTokenizerIsAnErrorOfItsOption) {
  const test::TempFolder folder;
  const std::string path = write_file(folder, "t.tiktoken", "YQ== 0\nYg== x\n");
  const auto e = test::error_of<OptionError>([&] { open_vocabulary(path); });
  EXPECT_EQ(std::string(e.what()).substr(path.size()), ": this line has no rank (line 2 of it)");
}

std::string texts_of(const std::string& path) {
  std::string all;
  for_each_training_text(path, {}, [&](const Document& d) { all += str(d.text, "|"); });
  return all;
}

// As `cambium data build` leaves it, but for what is not read here.
std::string built_corpus(const test::TempFolder& folder) {
  const auto shard = [&](const char* split, const char* text) {
    std::filesystem::create_directories(folder.path(str("c/", split)));
    write_file(folder, str("c/", split, "/docs-0.jsonl"), str("{\"text\": \"", text, "\"}\n"));
  };
  shard("train", "to learn");
  shard("val", "to choose");
  shard("test", "to judge");
  return folder.path("c");
}

TEST(TrainingTexts, OfAFolderAreItsFiles) {
  const test::TempFolder folder;
  write_file(folder, "a.txt", "one");
  write_file(folder, "b.jsonl", "{\"text\": \"two\"}\n{\"text\": \"three\"}\n");
  EXPECT_EQ(texts_of(folder.path()), "one|two|three|");
  EXPECT_EQ(texts_of(folder.path("*.txt")), "one|");
}

TEST(TrainingTexts, EvaluationTextsOfACorpusAreRefused) {
  const test::TempFolder folder;
  const std::string corpus = built_corpus(folder);
  EXPECT_EQ(texts_of(corpus + "/val"), "to choose|");  // of no corpus yet: any folder
  write_file(folder, "c/manifest.json", "{}");
  EXPECT_EQ(texts_of(corpus + "/train"), "to learn|");
  for (const std::string path : {"/val", "/test/docs-0.jsonl", "/*/*.jsonl"}) {
    const UserError e = test::error_of([&] { texts_of(corpus + path); });
    EXPECT_TRUE(std::string(e.what()).find(" split of a corpus") != std::string::npos) << e.what();
    EXPECT_EQ(e.help, str("train on its train split: name the folder ", corpus));
  }
  EXPECT_THROW(texts_of(folder.path()), UserError);  // the folder that it stands in
}
}  // namespace
}  // namespace cambium::vocabulary_test
