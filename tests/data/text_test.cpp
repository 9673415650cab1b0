#include "data/text/text.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "data/text/ngram.h"
#include "tests/data/support.h"

namespace cambium::text_test {
namespace {
std::string digits(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += char('0' + i % 10);
  return out;
}

std::string spec(const std::string& path, const std::string& options, bool bytes = false) {
  return str("data:\n  ", bytes ? "text_bytes" : "text_chars", ": ", path, "\n  ", options, "\n");
}

TEST(Text, TargetIsTheNextSymbol) {
  const test::TempFolder folder;
  const auto data = open_text_spec(spec(write_file(folder, "t", digits(100)), "context: 8"));
  const Batch batch = read_batch(*data, Split::kTrain, {0, 5}, 77);
  for (size_t i = 0; i < 16; ++i) EXPECT_EQ(batch.target.i32()[i], (batch.x.i32()[i] + 1) % 10);
  EXPECT_TRUE(data->shape(1).causal);
  EXPECT_EQ(data->shape(1).classes, 10);
}

TEST(Text, ValidationCoversItsPartOnce) {
  const test::TempFolder folder;
  const auto data = open_text_spec(spec(write_file(folder, "t", digits(200)), "context: 8"));
  EXPECT_EQ(data->count(Split::kValidation), 3);  // 20 symbols predict 19
  const Batch batch = read_batch(*data, Split::kValidation, {0, 1, 2});
  EXPECT_EQ(std::ranges::count(batch.target.i32(), -1), 24 - 19);
  EXPECT_EQ(batch.x.i32()[0], 0);  // symbol 180
  EXPECT_EQ(batch.target.i32()[18], 9);
}

TEST(Text, ValidationIsTestWhenThereIsNoTestPart) {
  const test::TempFolder folder;
  const std::string path = write_file(folder, "t", digits(200));
  const auto two = open_text_spec(spec(path, "context: 8"));
  EXPECT_TRUE(same(read_batch(*two, Split::kTest, {1}), read_batch(*two, Split::kValidation, {1})));
  const auto three = open_text_spec(spec(path, "context: 8\n  val: 0.2\n  test: 0.3"));
  EXPECT_EQ(three->count(Split::kTest), 8);        // 60 symbols
  EXPECT_EQ(three->count(Split::kValidation), 5);  // 40 symbols
}

TEST(Text, EpochsStartAtDifferentPhasesInsideTheTrainingPart) {
  const test::TempFolder folder;
  for (const int size : {20, 25, 33, 100}) {
    const auto data = open_text_spec(spec(write_file(folder, "t", digits(size)), "context: 8"));
    const int64_t last = data->count(Split::kTrain) - 1;
    std::set<int32_t> starts;
    for (uint64_t epoch = 1; epoch < 60; ++epoch) {
      const Batch batch = read_batch(*data, Split::kTrain, {last}, epoch);
      EXPECT_EQ(std::ranges::count(batch.target.i32(), -1), 0);
      starts.insert(batch.x.i32()[0]);
    }
    EXPECT_GE(starts.size(), size == 20 ? 7u : 8u) << size;
  }
}

TEST(Text, DecodesWhatItEncodes) {
  const test::TempFolder folder;
  const auto data = open_text_spec(
      spec(write_file(folder, "t", "na\u00efve \u2615 caf\u00e9 \U0001F600 na\u00efve caf\u00e9"),
           "context: 4\n  val: 0.2"));
  const std::string text = "f\u00e9\u2615\U0001F600";
  EXPECT_EQ(data->encode(text).size(), 4u);
  EXPECT_EQ(data->decode(data->encode(text)), text);
  EXPECT_THROW(data->encode("Q"), UserError);
}

TEST(Text, BytesTakeAnyFile) {
  const test::TempFolder folder;
  const auto data =
      open_text_spec(spec(write_file(folder, "t", std::string(100, '\xff')), "context: 4", true));
  EXPECT_EQ(data->shape(1).classes, 256);
  EXPECT_EQ(read_batch(*data, Split::kTrain, {0}).x.i32()[0], 255);
  EXPECT_EQ(data->decode(data->encode("\xff\x01")), "\xff\x01");
}

TEST(Text, SaysWhatIsWrongWithAFile) {
  const test::TempFolder folder;
  const auto message = [&](std::string_view content, const std::string& options) {
    const UserError e = error_of(spec(write_file(folder, "t", content), options));
    return std::string(e.what()).substr(std::string("text_chars: ").size());
  };
  const std::string path = folder.path("t");
  EXPECT_EQ(message("", "context: 4"), path + ": the file is empty");
  EXPECT_EQ(message("ab\xc3(ddddd", "context: 4"), path + ": not UTF-8 at byte 2");
  EXPECT_EQ(message("abcdefghij", "context: 9"),
            str("context = 9 needs at least 10 training symbols, ", path, " has 9 (10 in all)"));
  EXPECT_EQ(message("abcdefghij", "context: 4"),
            str(path, ": a split of 1 symbols (10 in all) has nothing to predict"));
}

TEST(Text, NamesAMissingFileAtItsPlace) {
  const UserError e = error_of("data:\n  text_chars: nowhere.txt\n");
  EXPECT_STREQ(e.what(), "text_chars: nowhere.txt: no such file");
  EXPECT_EQ(e.mark.line, 2);
  EXPECT_EQ(e.mark.column, 15);
}

TEST(Text, OverlongAndSurrogateSequencesAreNotUtf8) {
  const test::TempFolder folder;
  for (const std::string_view bad : {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80",
                                     "\xf4\x90\x80\x80", "\x80", "\xe2\x82"}) {
    const std::string path = write_file(folder, "t", str("aaaaaaaaaa", bad));
    EXPECT_THROW(TextFile(path, TextUnit::kCharacter), UserError);
  }
}

TEST(NGram, UnigramMatchesTheFormula) {
  // Training "aab": c = 2, 1; T = 2; p(a) = (2 + 2/3) / 5, p(c) = (0 + 2/3) / 5.
  const std::vector<int32_t> text = {0, 0, 1, 0, 2};
  const double want = -(std::log((2 + 2.0 / 3) / 5) + std::log((2.0 / 3) / 5)) / 2;
  EXPECT_NEAR(witten_bell_loss(text, 3, 3, 1), want, 1e-12);
}

TEST(NGram, BigramInterpolatesWithTheUnigram) {
  // Training "abab": after b came a once, one kind: p(a | b) = (1 + p(a)) / 2, p(a) = (2 + 2/2)
  // / 6.
  const std::vector<int32_t> text = {0, 1, 0, 1, 0};
  const double p_a = (2 + 2 * 0.5) / (4 + 2);
  EXPECT_NEAR(witten_bell_loss(text, 4, 2, 2), -std::log((1 + p_a) / 2), 1e-12);
}

TEST(NGram, PeriodicTextIsPredictable) {
  const test::TempFolder folder;
  const auto data = open_text_spec(spec(write_file(folder, "t", digits(5000)), "context: 8"));
  const auto losses = data->reference_losses();
  ASSERT_EQ(losses.size(), 2u);
  EXPECT_NEAR(losses[0].loss, std::log(10.0), 1e-2);
  EXPECT_LT(losses[1].loss, 0.01);
  EXPECT_EQ(losses[1].name, "5-gram");
}

TEST(NGram, FloorOfTinyShakespeareIsThePublishedOne) {
  const std::string path = test::data_path("text/tinyshakespeare/input.txt");
  if (test::skip_without(path)) return;
  const auto data = open_text_spec(spec(path, "context: 64"));
  EXPECT_EQ(data->shape(1).classes, 65);
  EXPECT_NEAR(data->reference_losses()[1].loss, 1.669, 1e-3);
}
}  // namespace
}  // namespace cambium::text_test
