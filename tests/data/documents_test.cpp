// Streamed documents: what falls to which split, what an epoch gives, and what it costs.
#include <algorithm>
#include <set>

#include "tests/data/support.h"
#include "tests/support/spent.h"

namespace cambium::documents_test {
namespace {
constexpr int32_t kBegin = 256;

// `n` documents of one line each: the number of the line, `width` digits wide, again and again.
std::string numbered_lines(int n, int width, int times) {
  std::string out;
  for (int i = 0; i < n; ++i) {
    std::string number = str(i);
    number.insert(0, size_t(width) - number.size(), '0');
    for (int k = 0; k < times; ++k) out += number;
    out += '\n';
  }
  return out;
}

std::unique_ptr<Dataset> open(const std::string& path, const std::string& more) {
  return open_text_spec(str("data: {documents: {path: ", path, ", format: lines, ", more, "}}"));
}

std::vector<std::vector<int32_t>> windows_of(const Dataset& data, Split split, uint64_t epoch = 0) {
  std::vector<std::vector<int32_t>> out;
  const auto add = [&](const Batch& b) {
    out.emplace_back(b.x.i32().begin(), b.x.i32().end());
    for (size_t t = 0; t + 1 < b.x.i32().size(); ++t)
      if (b.target.i32()[t] >= 0 && b.target.i32()[t + 1] >= 0) {
        EXPECT_EQ(b.target.i32()[t], b.x.i32()[t + 1]);
      }
  };
  if (split == Split::kTrain) {
    Batch one = allocate_batch(data.shape(1));
    const auto stream = data.stream(epoch);
    for (int64_t i = 0; i < data.count(split); ++i) {
      stream->next(1, one);
      add(one);
    }
  } else {
    for (int64_t i = 0; i < data.count(split); ++i) add(read_batch(data, split, {i}));
  }
  return out;
}

// The numbers that stand in the windows' documents of 4 digits: a window of 8 shows one whole.
std::set<std::string> documents_in(const Dataset& data, Split split) {
  std::set<std::string> out;
  for (const auto& w : windows_of(data, split)) {
    const auto begin = std::ranges::find(w, kBegin);
    if (w.end() - begin >= 5) out.insert(std::string(begin + 1, begin + 5));
  }
  return out;
}

TEST(Documents, StandInOneSplitAlone) {
  const test::TempFolder folder;
  const std::string path = write_file(folder, "t", numbered_lines(400, 4, 2));
  const auto data = open(path, "context: 9, val: 0.2, test: 0.1");
  const auto train = documents_in(*data, Split::kTrain),
             val = documents_in(*data, Split::kValidation),
             test = documents_in(*data, Split::kTest);
  EXPECT_NEAR(double(val.size()), 80, 30);
  EXPECT_NEAR(double(test.size()), 40, 25);
  EXPECT_GT(train.size(), 200u);
  EXPECT_EQ(data->count(Split::kValidation), int64_t(val.size()));  // 9 symbols each
  for (const auto* held : {&val, &test})
    for (const std::string& d : *held) EXPECT_FALSE(train.contains(d)) << d;
  for (const std::string& d : test) EXPECT_FALSE(val.contains(d)) << d;
}

// More documents behind the others leave each in its split.
TEST(Documents, KeepTheirSplitWhenTheCorpusGrows) {
  const test::TempFolder folder;
  const std::string options = "context: 9, val: 0.2, test: 0.2";
  const auto small = open(write_file(folder, "t", numbered_lines(100, 4, 2)), options);
  const auto before = documents_in(*small, Split::kValidation);
  const auto large = open(write_file(folder, "t", numbered_lines(200, 4, 2)), options);
  const auto after = documents_in(*large, Split::kValidation);
  EXPECT_GT(after.size(), before.size());
  EXPECT_TRUE(std::ranges::includes(after, before));
}

TEST(Documents, AnEpochGivesEveryWindowOnceInAnOrderOfItsOwn) {
  const test::TempFolder folder;
  const std::string path = write_file(folder, "t", numbered_lines(300, 5, 3));
  const auto data = open(path, "context: 16, shuffle: 20");
  const auto plain = windows_of(*data, Split::kTrain, 0);
  std::vector<int32_t> all;
  for (const auto& w : plain) all.insert(all.end(), w.begin(), w.end());
  const auto first = windows_of(*data, Split::kTrain, 5),
             second = windows_of(*data, Split::kTrain, 6);
  EXPECT_NE(first, second);
  EXPECT_EQ(first, windows_of(*data, Split::kTrain, 5));
  // Sorted by where they stand, windows follow one another: none is missing and none comes twice.
  const auto text_at = [&](const std::vector<int32_t>& w) {
    return std::search(all.begin(), all.end(), w.begin(), w.end()) - all.begin();
  };
  std::vector<int64_t> places;
  for (const auto& w : first) places.push_back(text_at(w));
  EXPECT_FALSE(std::ranges::is_sorted(places));
  std::ranges::sort(places);
  const int64_t phase = places.front();
  EXPECT_LT(phase, 16);
  // The last ones may end behind the windows of the plain epoch.
  for (size_t i = 0; i + 2 < places.size(); ++i) EXPECT_EQ(places[i], phase + int64_t(i) * 16);
}

TEST(Documents, LeaveOutWhatIsTooShort) {
  const test::TempFolder folder;
  const std::string path =
      write_file(folder, "t", numbered_lines(100, 4, 2) + numbered_lines(100, 4, 1));
  const auto all = open(path, "context: 5"), some = open(path, "context: 5, least: 5");
  EXPECT_NE(all->content(), some->content());
  EXPECT_NE(some->describe().find("of 100 documents"), std::string::npos) << some->describe();
}

TEST(Documents, AreMaskedAsTheyCome) {
  const test::TempFolder folder;
  const auto data = open_text_spec(str("data: {masked: {rate: 0.4, of: {documents: {path: ",
                                       write_file(folder, "t", numbered_lines(90, 4, 3)),
                                       ", format: lines, context: 10, shuffle: 8}}}}"));
  const auto stream = data->stream(3), other = data->stream(3);
  ASSERT_TRUE(stream && other);
  Batch b = allocate_batch(data->shape(4));
  stream->next(3, b);
  EXPECT_TRUE(same(b, read_batch(*data, Split::kTrain, {0, 1, 2}, 3, 4)));
  other->restore(stream->save());
  EXPECT_EQ(other->at(), 3);
  Batch again = allocate_batch(data->shape(4));
  stream->next(4, b);
  other->next(4, again);
  EXPECT_TRUE(same(b, again));
}

TEST(Documents, SayWhatIsWrong) {
  const test::TempFolder folder;
  const std::string path = write_file(folder, "t", numbered_lines(60, 4, 2));
  const auto what = [&](const std::string& more) {
    return std::string(
        error_of(str("data: {documents: {path: ", path, ", format: lines, ", more, "}}")).what());
  };
  EXPECT_EQ(what("val: 0.6, test: 0.6"),
            "documents: val = 0.6 and test = 0.6 leave nothing to train on");
  EXPECT_EQ(what("val: 0.000001"),
            str("documents: none of 60 documents of ", path, " falls to val"));
  EXPECT_TRUE(what("context: 5000").starts_with("documents: context = 5000 needs at least 5001"));
  EXPECT_EQ(what("context: 100000, shuffle: 1000, held_out: 3"),
            "documents: shuffle = 1000 windows of 100000 symbols are more than the 67108864 that "
            "may be held");
  write_file(folder, "t.jsonl", "{\"text\": \"a\"}\n{\n");
  const UserError e = error_of(str("data: {documents: ", folder.path("t.jsonl"), "}"));
  EXPECT_TRUE(std::string(e.what()).starts_with(str("documents: ", folder.path("t.jsonl"), ":2: ")))
      << e.what();
  EXPECT_TRUE(e.mark.known());
}

TEST(Documents, NoticeThatTheyHaveChanged) {
  const test::TempFolder folder;
  const std::string path = write_file(folder, "t", numbered_lines(300, 4, 4));
  const auto data = open(path, "context: 16, shuffle: 4");
  write_file(folder, "t", numbered_lines(100, 4, 4));
  EXPECT_THROW(windows_of(*data, Split::kTrain), RuntimeError);
}

// 40 MB of documents, of which 0.3 MB are held out.
TEST(Documents, TakeLittleMemoryHoweverManyThereAre) {
  const test::TempFolder folder;
  const std::string path = write_file(folder, "t", numbered_lines(20'000, 5, 400));
  const test::Spent spent;
  const auto data = open(path, "context: 64, held_out: 1000, shuffle: 100");
  EXPECT_GT(data->count(Split::kTrain), 500'000);
  Batch one = allocate_batch(data->shape(1));
  const auto stream = data->stream(1);
  stream->skip(data->count(Split::kTrain) - 1);
  stream->next(1, one);
  EXPECT_LT(spent.megabytes(), 8);
}
}  // namespace
}  // namespace cambium::documents_test
