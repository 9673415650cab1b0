#include "data/loader.h"

#include <atomic>

#include "tests/data/support.h"

namespace cambium::loader_test {
namespace {
// Example i is {i, low bits of the epoch seed}; reading example `bad` throws.
class Numbers final : public Dataset {
 public:
  explicit Numbers(int64_t count, int64_t bad = -1) : count_(count), bad_(bad) {}

  DataShape shape(int64_t batch) const override {
    return {.domain = Domain::kIds,
            .x = {DType::kI32, {batch, 2}},
            .target = {DType::kI32, {batch}},
            .classes = 2};
  }

  int64_t count(Split) const override { return count_; }

  void read(Split, std::span<const int64_t> indices, uint64_t epoch_seed,
            Batch& into) const override {
    ++reads;
    std::ranges::fill(into.x.i32(), 0);
    std::ranges::fill(into.target.i32(), -1);
    for (size_t i = 0; i < indices.size(); ++i) {
      if (indices[i] == bad_) throw RuntimeError(str("example ", bad_, " is broken"));
      into.x.i32()[2 * i] = int32_t(indices[i]);
      into.x.i32()[2 * i + 1] = int32_t(epoch_seed);
      into.target.i32()[i] = int32_t(indices[i] % 2);
    }
    into.examples = int64_t(indices.size());
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override { return {}; }

  uint64_t content() const override { return uint64_t(count_); }

  std::string describe() const override { return "numbers"; }

  mutable std::atomic<int> reads = 0;

 private:
  int64_t count_, bad_;
};

LoaderOptions options(bool prefetch, int64_t batch = 4) {
  return {.order = {.batch = batch, .seed = 5}, .prefetch = prefetch};
}

TEST(Loader, ABatchStaysUntilTheNextCall) {
  const Numbers data(64);
  Loader loader(data, Split::kTrain, options(true));
  for (int i = 0; i < 8; ++i) {
    const Batch& batch = loader.next();
    const Batch before = copy_of(batch);
    while (data.reads < i + 2) std::this_thread::yield();  // the next one has been read meanwhile
    EXPECT_TRUE(same(batch, before));
  }
}

TEST(Loader, ReadsAtMostOneBatchAhead) {
  const Numbers data(64);
  Loader loader(data, Split::kTrain, options(true));
  loader.next();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_LE(data.reads, 2);
}

TEST(Loader, GoesOnInTheMiddleOfAnEpoch) {
  const Numbers data(23);
  Loader whole(data, Split::kTrain, options(true));
  for (int i = 0; i < 9; ++i) whole.next();  // 6 batches an epoch: the middle of the second
  EXPECT_EQ(whole.cursor(), (Cursor{1, 3}));
  Loader resumed(data, Split::kTrain, options(true), whole.cursor());
  for (int i = 0; i < 12; ++i) EXPECT_TRUE(same(whole.next(), resumed.next())) << "batch " << i;
}

TEST(Loader, GivesTheEpochSeedToTrainingOnly) {
  const Numbers data(8);
  Loader train(data, Split::kTrain, options(true)), val(data, Split::kValidation, options(true));
  EXPECT_EQ(train.next().x.i32()[1], int32_t(epoch_seed(5, 0)));
  EXPECT_EQ(val.next().x.i32()[1], 0);
}

TEST(Loader, RethrowsWhatTheReadingThreadThrew) {
  const Numbers data(8, 6);
  LoaderOptions in_order = options(true);
  in_order.order.shuffle = false;
  Loader loader(data, Split::kTrain, in_order);
  EXPECT_EQ(loader.next().examples, 4);  // 0 .. 3 are good
  EXPECT_THROW(loader.next(), RuntimeError);
  EXPECT_THROW(loader.next(), RuntimeError);
}

TEST(Loader, StopsWithoutHavingBeenAsked) {
  const Numbers data(1000);
  for (int i = 0; i < 50; ++i) Loader(data, Split::kTrain, options(true));
  EXPECT_LE(data.reads, 100);
}

TEST(Loader, PadsTheLastBatch) {
  const Numbers data(5);
  Loader loader(data, Split::kTest, options(true));
  loader.next();
  const Batch& last = loader.next();
  EXPECT_EQ(last.examples, 1);
  EXPECT_EQ(last.target.i32()[1], -1);
}

TEST(Loader, RefusesAnEmptySplitAndACursorBehindTheEpoch) {
  EXPECT_THROW(Loader(Numbers(0), Split::kTest, options(true)), UserError);
  EXPECT_THROW(Loader(Numbers(8), Split::kTrain, options(true), {0, 2}), UserError);
}
}  // namespace
}  // namespace cambium::loader_test
