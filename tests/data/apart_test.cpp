// Windows of one document each: nothing of one stands beside another, and an epoch asks for every
// symbol once.
#include "data/assembly/build.h"
#include "data/corpus/windows.h"
#include "tests/data/support.h"

namespace cambium::apart_test {
namespace {
constexpr int32_t kBegin = 256;

// Documents of one letter each, of many lengths, and no two alike.
class OneLetterEach : public testing::Test {
 protected:
  OneLetterEach() {
    std::string lines;
    for (int i = 0; i < 150; ++i)
      lines += std::string(size_t(1 + i * 37 % 90 + i / 26), char('a' + i % 26)) + "\n";
    replace_file(folder_.path("texts.txt"), lines);
    replace_file(folder_.path("recipe.yaml"),
                 str("sources: {texts: {path: ", folder_.path("texts.txt"),
                     ", split: line}}\nsplit: {val: 20%, test: 20%}\n"));
    manifest_ =
        build_corpus(load_recipe(folder_.path("recipe.yaml")), folder_.path("built"), {}).manifest;
  }

  std::unique_ptr<Dataset> open(const std::string& documents) const {
    return open_text_spec(str("data: {corpus: {path: ", folder_.path("built"),
                              ", context: 16, shuffle: 8, documents: ", documents, "}}\n"));
  }

  int64_t text_bytes(Split split) const {
    int64_t bytes = 0;
    for (const CorpusShard& s : manifest_.shards) bytes += s.split == split ? s.text_bytes : 0;
    return bytes;
  }

  test::TempFolder folder_;
  Manifest manifest_;
};

struct Seen {
  int64_t targets = 0, mixed = 0, of_begins = 0;  // windows of two letters; targets that begin one
};

void look(const Batch& batch, Seen& seen) {
  const std::span<const int32_t> x = batch.x.i32(), target = batch.target.i32();
  std::set<int32_t> letters;
  for (size_t i = 0; i < x.size(); ++i) {
    if (target[i] < 0) continue;
    ++seen.targets;
    seen.of_begins += target[i] == kBegin;
    letters.insert(target[i]);
    if (x[i] != kBegin) letters.insert(x[i]);
  }
  letters.erase(kBegin);
  seen.mixed += letters.size() > 1;
}

Seen look_at(const Dataset& data, Split split, uint64_t epoch_seed) {
  Seen seen;
  Batch batch = allocate_batch(data.shape(1));
  if (split == Split::kTrain) {
    const auto stream = data.stream(epoch_seed);
    for (int64_t i = 0; i < data.count(split); ++i) {
      stream->next(1, batch);
      look(batch, seen);
    }
    return seen;
  }
  for (int64_t i = 0; i < data.count(split); ++i) {
    data.read(split, std::span(&i, 1), 0, batch);
    look(batch, seen);
  }
  return seen;
}

TEST_F(OneLetterEach, NoWindowHoldsTwo) {
  const auto apart = open("apart");
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest})
    for (const uint64_t seed : {0u, 7u}) {
      const Seen seen = look_at(*apart, split, seed);
      EXPECT_EQ(seen.mixed, 0) << split_name(split);
      EXPECT_EQ(seen.of_begins, 0) << split_name(split);
      EXPECT_EQ(seen.targets, text_bytes(split)) << split_name(split);  // each byte is asked once
    }
  EXPECT_GT(look_at(*open("packed"), Split::kTrain, 0).mixed, 50);
}

TEST_F(OneLetterEach, AStreamGoesOnInTheMiddle) {
  const auto data = open("apart");
  const int64_t n = data->count(Split::kTrain);
  Batch one = allocate_batch(data->shape(1)), other = allocate_batch(data->shape(1));
  for (const int64_t stop : {int64_t(0), int64_t(3), int64_t(8), n / 2}) {
    const auto whole = data->stream(5), begun = data->stream(5), goes_on = data->stream(5);
    for (int64_t i = 0; i < stop; ++i) {
      whole->next(1, one);
      begun->next(1, one);
    }
    goes_on->restore(begun->save());
    for (int64_t i = stop; i < n; ++i) {
      whole->next(1, one);
      goes_on->next(1, other);
      ASSERT_TRUE(std::ranges::equal(one.target.i32(), other.target.i32())) << stop << " " << i;
    }
  }
}

TEST(WindowsApart, AreCounted) {
  EXPECT_EQ(windows_apart(0, 4), 0);
  EXPECT_EQ(windows_apart(1, 4), 0);  // what begins it, and nothing to ask for
  EXPECT_EQ(windows_apart(2, 4), 1);
  EXPECT_EQ(windows_apart(5, 4), 1);
  EXPECT_EQ(windows_apart(6, 4), 2);
}
}  // namespace
}  // namespace cambium::apart_test
