// TU graphs, labelled text and MNIST: what they read, and what they say about broken files.
#include <algorithm>
#include <map>
#include <set>

#include "core/tensor/adjacency.h"
#include "data/text/labelled_rows.h"
#include "tests/data/support.h"
#include "tests/support/expect_error.h"

namespace cambium::readers_test {
namespace {
// Six graphs of one or three nodes: labels 2 and 0, tags 5 and 7; the larger ones are a path.
std::string six_graphs() {
  std::string text = "6\n";
  for (int k = 0; k < 6; ++k) text += k % 2 ? "1 0\n7 0\n" : "3 2\n5 1 1\n7 2 0 2\n5 1 1 \n";
  return text;
}

class TuGraphs : public ::testing::Test {
 protected:
  std::unique_ptr<Dataset> open(const std::string& text, const std::string& more = "folds: 3") {
    const std::string path = write_file(folder_, "g.txt", text);
    return open_text_spec("data: {tu_graphs: {path: " + path + ", " + more + "}}");
  }

  std::string complaint(const std::string& text, const std::string& more = "folds: 3") {
    const auto e = test::error_of([&] { open(text, more); });
    const std::string what = e.what();
    const size_t at = what.find("g.txt");
    return at == std::string::npos ? what : what.substr(at);
  }

  const test::TempFolder folder_;
};

TEST_F(TuGraphs, PadsGraphsToOneSize) {
  const auto d = open(six_graphs());
  const DataShape shape = d->shape(2);
  EXPECT_EQ(shape.x.shape, (Shape{6, 2}));
  EXPECT_EQ(shape.classes, 2);
  EXPECT_TRUE(shape.masked);
  const Batch b = read_batch(*d, Split::kTrain, {0, 1});
  std::map<int32_t, std::vector<float>> x_of, mask_of;  // by class
  for (size_t k = 0; k < 2; ++k) {
    const auto x = b.x.f32().subspan(k * 6, 6), mask = b.mask.f32().subspan(k * 3, 3);
    x_of[b.target.i32()[k]] = {x.begin(), x.end()};
    mask_of[b.target.i32()[k]] = {mask.begin(), mask.end()};
  }
  EXPECT_EQ(b.adjacency->edges, b.target.i32()[0] == b.target.i32()[1] ? 0 : 4);
  if (x_of.contains(0)) {
    EXPECT_EQ(x_of[0], (std::vector<float>{0, 1, 0, 0, 0, 0}));
    EXPECT_EQ(mask_of[0], (std::vector<float>{1, 0, 0}));
  }
  if (x_of.contains(1)) {
    EXPECT_EQ(x_of[1], (std::vector<float>{1, 0, 0, 1, 1, 0}));
    EXPECT_EQ(mask_of[1], (std::vector<float>{1, 1, 1}));
  }
}

TEST_F(TuGraphs, FoldsHoldEveryGraphOnceAndEveryClassEvenly) {
  int64_t tested = 0;
  for (int fold = 0; fold < 3; ++fold) {
    const auto d = open(six_graphs(), str("folds: 3, fold: ", fold));
    EXPECT_EQ(d->count(Split::kTrain) + d->count(Split::kValidation) + d->count(Split::kTest), 6);
    const Batch b = read_batch(*d, Split::kTest, {0, 1});
    EXPECT_EQ(b.target.i32()[0] + b.target.i32()[1], 1);  // one of each class
    tested += d->count(Split::kTest);
  }
  EXPECT_EQ(tested, 6);
}

TEST_F(TuGraphs, DegreesAreFeaturesToo) {
  const auto d = open(six_graphs(), "folds: 3, features: [tag, degree], most_degree: 1");
  EXPECT_EQ(d->shape(1).x.shape, (Shape{3, 4}));
  const auto only = open(six_graphs(), "folds: 3, features: degree");
  EXPECT_EQ(only->shape(1).x.shape, (Shape{3, 3}));
  for (int64_t k = 0; k < only->count(Split::kTrain); ++k) {
    const Batch b = read_batch(*only, Split::kTrain, {k});
    if (b.target.i32()[0] == 0) continue;
    EXPECT_EQ(std::vector<float>(b.x.f32().begin(), b.x.f32().end()),
              (std::vector<float>{0, 1, 0, 0, 0, 1, 0, 1, 0}));
  }
}

TEST_F(TuGraphs, NamesWhatIsWrong) {
  EXPECT_EQ(complaint("2\n1 0\n7 0\n"), "g.txt ends where graph 1 should stand");
  EXPECT_EQ(complaint("1\n2 0\n7 1 2\n"), "g.txt:3: neighbour = 2 is outside [0, 1]");
  EXPECT_EQ(complaint("1\n2 0\n7 2 1\n"), "g.txt:3: degree = 2, but 1 neighbours");
  EXPECT_EQ(complaint("1\n1 0\n7 0\n1 1\n"), "g.txt:4: the file goes on behind its 1 graphs");
  EXPECT_EQ(complaint("1\n1 0\n7 0\n"), "g.txt: every graph has the same label");
  EXPECT_EQ(complaint(six_graphs(), "folds: 7"), "tu_graphs: 6 graphs make no 7 folds");
  EXPECT_EQ(complaint(six_graphs(), "folds: 3, fold: 3"), "tu_graphs: fold = 3 of 3 folds");
  EXPECT_EQ(error_of("data: {tu_graphs: {path: /no/g.txt}}").what(),
            std::string("tu_graphs: /no/g.txt: no such file"));
}

TEST(TuGraphsData, ReadsTheUsualSets) {
  struct Known {
    const char* name;
    int64_t graphs, classes, nodes;
  };

  for (const Known& k : {Known{"MUTAG", 188, 2, 28}, Known{"ENZYMES", 600, 6, 126},
                         Known{"IMDBBINARY", 1000, 2, 136}, Known{"IMDBMULTI", 1500, 3, 89}}) {
    const std::string path = test::data_path(str("graphs/tu_dgcnn/", k.name, ".txt"));
    if (test::skip_without(path)) return;
    const auto d = open_text_spec("data: {tu_graphs: {path: " + path + ", features: degree}}");
    EXPECT_EQ(d->count(Split::kTrain) + d->count(Split::kValidation) + d->count(Split::kTest),
              k.graphs);
    EXPECT_EQ(d->shape(1).classes, k.classes);
    EXPECT_EQ(d->shape(1).x.shape[0], k.nodes) << k.name;
  }
}

TEST(LabelledRows, ReadsTheThreeForms) {
  const auto csv = parse_rows("\"3\",\"A \"\"b\"\"\",\"c,\nd\"\n1,x,y\n", RowFormat::kCsv, "f");
  ASSERT_EQ(csv.size(), 2u);
  EXPECT_EQ(csv[0].label, "3");
  EXPECT_EQ(csv[0].text, "A \"b\" c,\nd");
  EXPECT_EQ(csv[1].line, 3);
  const auto tsv = parse_rows("pos\tgood film\r\nneg\tbad", RowFormat::kTsv, "f");
  EXPECT_EQ(tsv[0].text, "good film");
  EXPECT_EQ(tsv[1].text, "bad");
  EXPECT_EQ(parse_rows("5 How far ?\n", RowFormat::kSpace, "f")[0].text, "How far ?");
  EXPECT_EQ(format_of("a.csv"), RowFormat::kCsv);
  EXPECT_EQ(format_of("TREC.train.all"), RowFormat::kSpace);
}

TEST(LabelledRows, NamesTheLineThatIsWrong) {
  const auto complaint = [](std::string_view text, RowFormat format) {
    return std::string(test::error_of([&] { parse_rows(text, format, "f"); }).what());
  };
  EXPECT_EQ(complaint("1,a\n2,\"b\n", RowFormat::kCsv), "f:2: a quote is opened and never closed");
  EXPECT_EQ(complaint("1,a\"b\n", RowFormat::kCsv), "f:1: a quote in a field that is not quoted");
  EXPECT_EQ(complaint("\"1\"x,a\n", RowFormat::kCsv), "f:1: 'x' stands behind a quoted field");
  EXPECT_EQ(complaint("1 a\n2 \n", RowFormat::kSpace),
            "f:2: the row has no text behind its label '2'");
  EXPECT_EQ(complaint("\tx\n", RowFormat::kTsv), "f:1: the row has no label");
}

TEST(LabelledRows, CutsWords) {
  EXPECT_EQ(words_of("It's 3.5% of  U.S. caf\xE9s!", true),
            (std::vector<std::string>{"it", "'", "s", "3", ".", "5", "%", "of", "u", ".", "s", ".",
                                      "caf\xE9s", "!"}));
  EXPECT_EQ(words_of("Ab", false), (std::vector<std::string>{"Ab"}));
}

TEST(LabelledText, CountsTheVocabularyOnTheTrainingPartAlone) {
  const test::TempFolder folder;
  write_file(folder, "train", "1 a a b\n0 a c\n1 b a\n");
  write_file(folder, "val", "1 zebra a\n");
  write_file(folder, "test", "0 c zebra b b b\n");
  const auto d = open_text_spec(str("data: {labelled_text: {path: ", folder.path("train"),
                                    ", val: ", folder.path("val"), ", test: ", folder.path("test"),
                                    ", context: 4}}"));
  EXPECT_EQ(d->describe().substr(0, 58),
            "3 train, 1 val, 1 test texts in 2 classes, 3 words, from /");
  const Batch b = read_batch(*d, Split::kTest, {0}, 0, 2);
  const std::vector<int32_t> x(b.x.i32().begin(), b.x.i32().end());
  EXPECT_EQ(x, (std::vector<int32_t>{4, 1, 3, 3, 0, 0, 0, 0}));  // a = 2, b = 3, c = 4
  EXPECT_EQ(b.target.i32()[0], 0);
  EXPECT_EQ(b.target.i32()[1], -1);
  const Batch val = read_batch(*d, Split::kValidation, {0});
  EXPECT_EQ(std::vector<float>(val.mask.f32().begin(), val.mask.f32().end()),
            (std::vector<float>{1, 1, 0, 0}));
}

TEST(LabelledText, SetsPartsAsideBySeed) {
  const test::TempFolder folder;
  std::string rows;
  for (int i = 0; i < 40; ++i) rows += str(i % 2, " word", i, "\n");
  const std::string path = write_file(folder, "rows", rows);
  const std::string spec =
      "data: {labelled_text: {path: " + path + ", val_share: 0.25, test_share: 0.1}}";
  const auto one = open_text_spec(spec, 1), same_seed = open_text_spec(spec, 1),
             two = open_text_spec(spec, 2);
  EXPECT_EQ(one->count(Split::kTrain), 26);
  EXPECT_EQ(one->count(Split::kValidation), 10);
  EXPECT_EQ(one->count(Split::kTest), 4);
  const auto targets = [](const Dataset& d) {
    return read_batch(d, Split::kTrain, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  };
  EXPECT_TRUE(same(targets(*one), targets(*same_seed)));
  EXPECT_FALSE(std::ranges::equal(targets(*one).target.i32(), targets(*two).target.i32()));
}

TEST(LabelledText, RefusesWhatItCannotUse) {
  const test::TempFolder folder;
  const auto complaint = [&](const std::string& train, const std::string& test) {
    write_file(folder, "train", train);
    write_file(folder, "test", test);
    const std::string what = error_of(str("data: {labelled_text: {path: ", folder.path("train"),
                                          ", test: ", folder.path("test"), "}}"))
                                 .what();
    return what.substr(what.rfind(folder.path()) == what.npos ? 0 : what.rfind("/") + 1);
  };
  EXPECT_EQ(complaint("1 a\n0 b\n1 c\n1 d\n0 c\n", "7 a\n"),
            "labelled_text: line 1: the label '7' does not occur in the training part");
  EXPECT_EQ(complaint("1 a\n1 b\n1 c\n", "1 a\n"), "train: every row has the label '1'");
  EXPECT_EQ(complaint("1 a\n", "1 a\n"), "train: 1 rows are too few to set parts aside");
  EXPECT_EQ(error_of("data: {labelled_text: {path: /no/file}}").what(),
            std::string("labelled_text: /no/file: no such file"));
}

TEST(LabelledTextData, ReadsAgNewsAndTrec) {
  const std::string news = test::data_path("text/agnews_test/test.csv"),
                    trec = test::data_path("text/sentconv/TREC");
  if (test::skip_without(news)) return;
  const auto ag = open_text_spec("data: {labelled_text: " + news + "}");
  EXPECT_EQ(ag->count(Split::kTrain) + ag->count(Split::kValidation) + ag->count(Split::kTest),
            7600);
  EXPECT_EQ(ag->shape(1).classes, 4);
  const auto questions = open_text_spec("data: {labelled_text: {path: " + trec +
                                        ".train.all, test: " + trec + ".test.all}}");
  EXPECT_EQ(questions->count(Split::kTest), 500);
  EXPECT_EQ(questions->shape(1).classes, 6);
}

TEST(Mnist, FindsItsFilesInAFolder) {
  const test::TempFolder folder;
  write_file(folder, "train-images-idx3-ubyte", idx_bytes({3, 2, 2}, std::string(12, '\x7f')));
  write_file(folder, "train-labels-idx1-ubyte", idx_bytes({3}, std::string("\1\2\3", 3)));
  write_file(folder, "t10k-images-idx3-ubyte", idx_bytes({1, 2, 2}, std::string(4, '\0')));
  const std::string spec = "data: {mnist: {path: " + folder.path() + ", val: 1}}";
  EXPECT_NE(std::string(error_of(spec).what()).find("holds 0 files t10k*-labels-idx1-ubyte"),
            std::string::npos);
  write_file(folder, "t10k-labels-idx1-ubyte", idx_bytes({1}, "\4"));
  const auto d = open_text_spec(spec);
  EXPECT_EQ(d->count(Split::kTrain), 2);
  const Batch b = read_batch(*d, Split::kTest, {0});
  EXPECT_EQ(b.target.i32()[0], 4);
  EXPECT_NEAR(b.x.f32()[0], -0.1307 / 0.3081, 1e-6);
  write_file(folder, "t10k-labels-idx1-ubyte", idx_bytes({2}, "\4\4"));
  EXPECT_NE(std::string(error_of(spec).what()).find("2 labels for the 1 pictures"),
            std::string::npos);
}

TEST(MnistData, ReadsTheDigits) {
  const std::string train = test::data_path("images/mnist_npm10k");
  if (test::skip_without(train + "/train10k-labels-idx1-ubyte.gz")) return;
  const auto d = open_text_spec("data: {mnist: {path: " + train + ", test: " +
                                test::data_path("images/mnist_t10k") + ", val: 1000}}");
  EXPECT_EQ(d->count(Split::kTrain), 9000);
  EXPECT_EQ(d->count(Split::kTest), 10000);
  EXPECT_EQ(read_batch(*d, Split::kTest, {0}).target.i32()[0], 7);
}
}  // namespace
}  // namespace cambium::readers_test
