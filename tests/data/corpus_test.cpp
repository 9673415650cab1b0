// Documents from files of every form: order, names, places to go on from, and what is refused.
#include <zlib.h>

#include "data/corpus/document.h"
#include "data/corpus/whole_text.h"
#include "tests/data/support.h"
#include "tests/support/expect_error.h"
#include "tests/support/spent.h"

namespace cambium::corpus_test {
namespace {
using Texts = std::vector<std::pair<std::string, std::string>>;  // ids and texts

Texts rest_of(DocumentSource& source) {
  Texts out;
  for (Document d; source.next(d);) out.emplace_back(d.id, d.text);
  return out;
}

Texts read(const CorpusOptions& options) {
  return rest_of(*open_corpus(options));
}

std::string gzipped(const test::TempFolder& folder, const std::string& name,
                    std::string_view text) {
  const gzFile file = gzopen(folder.path(name).c_str(), "wb");
  gzwrite(file, text.data(), unsigned(text.size()));
  gzclose(file);
  return folder.path(name);
}

TEST(Corpus, ReadsAFolderInTheOrderOfItsNames) {
  const test::TempFolder folder;
  make_folders(folder.path("b/c"));
  make_folders(folder.path(".hidden"));
  write_file(folder, "z.txt", "last");
  write_file(folder, "b/c/one.txt", "deep");
  write_file(folder, "a.jsonl", "{\"text\": \"x\"}\n\n{\"n\": 1, \"text\": \"y\\n\"}");
  write_file(folder, ".swp", "no");
  write_file(folder, ".hidden/no.txt", "no");
  gzipped(folder, "p.txt.gz", "packed");
  EXPECT_EQ(read({.path = folder.path()}), (Texts{{"a.jsonl:1", "x"},
                                                  {"a.jsonl:3", "y\n"},
                                                  {"b/c/one.txt", "deep"},
                                                  {"p.txt.gz", "packed"},
                                                  {"z.txt", "last"}}));
}

TEST(Corpus, CutsAFileAsItsFormatSays) {
  const test::TempFolder folder;
  const std::string path = write_file(folder, "t", "\n\na\r\nb\n\n\n\nc\nd");
  EXPECT_EQ(read({.path = path}), (Texts{{"t", "\n\na\r\nb\n\n\n\nc\nd"}}));
  EXPECT_EQ(read({.path = path, .format = "lines"}),
            (Texts{{"t:3", "a"}, {"t:4", "b"}, {"t:8", "c"}, {"t:9", "d"}}));
  EXPECT_EQ(read({.path = path, .format = "paragraphs"}),
            (Texts{{"t:3", "a\nb\n"}, {"t:8", "c\nd\n"}}));
}

TEST(Corpus, TakesNamesFromTheObjects) {
  const test::TempFolder folder;
  const std::string path =
      write_file(folder, "t.jsonl", "{\"i\": \"p\", \"b\": \"x\"}\n{\"b\": \"y\", \"i\": 7}\n");
  EXPECT_EQ(read({.path = path, .key = "b", .id = "i"}), (Texts{{"p", "x"}, {"7", "y"}}));
}

TEST(Corpus, GoesOnFromEveryPlace) {
  const test::TempFolder folder;
  std::string lines;
  for (int i = 0; i < 40; ++i) lines += str(i, std::string(size_t(i * 997 % 4000), 'x'), "\n\n");
  write_file(folder, "a.txt", lines);
  gzipped(folder, "b.gz", lines);
  write_file(folder, "c.txt", "last\n");
  for (const char* format : {"file", "lines", "paragraphs"}) {
    const CorpusOptions options{.path = folder.path(), .format = format};
    const Texts all = read(options);
    const auto source = open_corpus(options), other = open_corpus(options);
    Document d;
    for (size_t k = 0; k <= all.size(); ++k) {
      const std::string at = source->position();
      other->go_to(at);
      EXPECT_EQ(other->position(), at);
      EXPECT_EQ(rest_of(*other), Texts(all.begin() + ptrdiff_t(k), all.end())) << at;
      EXPECT_EQ(source->next(d), k < all.size());
    }
    other->go_to("");
    EXPECT_EQ(rest_of(*other), all);
  }
}

TEST(Corpus, RefusesWhatIsNoPlaceOfIt) {
  const test::TempFolder folder;
  const auto source = open_corpus({.path = write_file(folder, "a", "one\n"), .format = "lines"});
  for (const char* at : {"x", "1", "0 0", "2 0 0", "-1 0 0", "0 0 0 0", "0  0 0"})
    EXPECT_THROW(source->go_to(at), UserError) << at;
  source->go_to("0 99 3");
  Document d;
  EXPECT_THROW(source->next(d), UserError);  // the file ends before
}

TEST(Corpus, NamesFileAndLineOfWhatIsWrong) {
  const test::TempFolder folder;
  const auto what = [&](const std::string& line, const std::string& id = "") {
    const std::string path = write_file(folder, "t.jsonl", "{\"text\": \"x\", \"i\": 1}\n" + line);
    const std::string text = test::error_of([&] { read({.path = path, .id = id}); }).what();
    EXPECT_TRUE(text.starts_with(path + ":2: ")) << text;
    return text.substr(path.size() + 4);
  };
  EXPECT_TRUE(what("{\"text\": ").ends_with("is not valid JSON at column 10"))
      << what("{\"text\": ");
  EXPECT_EQ(what("[1]"), "the line is no object");
  EXPECT_EQ(what("{\"t\": \"x\"}"), "the object has no 'text'");
  EXPECT_EQ(what("{\"text\": 3}"), "'text' is no text");
  EXPECT_EQ(what("{\"text\": \"x\"}", "i"), "the object has no text or whole number 'i'");
  EXPECT_EQ(what("{\"text\": \"x\", \"i\": 1.5}", "i"),
            "the object has no text or whole number 'i'");
}

TEST(Corpus, RefusesWhatIsNotThere) {
  const test::TempFolder folder;
  EXPECT_THROW(open_corpus({}), UserError);
  EXPECT_THROW(open_corpus({.path = folder.path("none")}), UserError);
  EXPECT_THROW(open_corpus({.path = folder.path()}), UserError);  // no file in it
  const std::string packed = gzipped(folder, "a.gz", std::string(100'000, 'a') + "\nb\n");
  const std::string whole = read_file(packed);
  write_file(folder, "a.gz", whole.substr(0, whole.size() / 2));
  EXPECT_THROW(read({.path = packed, .format = "lines"}), RuntimeError);
  write_file(folder, "a.gz", "no gzip\n");
  EXPECT_THROW(read({.path = packed, .format = "lines"}), RuntimeError);
}

TEST(Corpus, FiltersAndGoesOnBehindWhatIsLeftOut) {
  const test::TempFolder folder;
  const std::string path = write_file(folder, "t", "a\nbb\nccc\nd\nee\n");
  const auto open = [&] {
    return filtered(open_corpus({.path = path, .format = "lines"}),
                    [](const Document& d) { return d.text.size() > 1; });
  };
  const auto source = open(), other = open();
  Document d;
  ASSERT_TRUE(source->next(d));
  EXPECT_EQ(d.text, "bb");
  other->go_to(source->position());
  EXPECT_EQ(rest_of(*other), (Texts{{"t:3", "ccc"}, {"t:5", "ee"}}));
}

TEST(WholeText, JoinsSeveralDocumentsAndKeepsOneAsItIs) {
  const test::TempFolder folder;
  const std::string path = write_file(folder, "t", "a\n\nb");
  EXPECT_EQ(WholeText(open_text_document(path)).view(), "a\n\nb");
  EXPECT_EQ(WholeText(open_corpus({.path = path, .format = "lines"})).view(), "a\nb\n");
}

// 48 MB, of which a buffer and a line are held.
TEST(Corpus, TakesLittleMemory) {
  const test::TempFolder folder;
  {
    std::ofstream file(folder.path("t.jsonl"));
    for (int i = 0; i < 12'000; ++i)
      file << "{\"text\": \"" << std::string(4000, char('a' + i % 26)) << "\"}\n";
  }
  const test::Spent spent;
  const auto source = open_corpus({.path = folder.path("t.jsonl")});
  int64_t documents = 0;
  for (Document d; source->next(d);) ++documents;
  EXPECT_EQ(documents, 12'000);
  EXPECT_LT(spent.megabytes(), 4);
}
}  // namespace
}  // namespace cambium::corpus_test
