// Loaders over every dataset: reading ahead, stopping and going on change no byte.
#include <gtest/gtest.h>

#include "data/loader.h"
#include "tests/support/data/data_values.h"

namespace cambium::every_loader_test {
namespace {
class EveryLoader : public testing::TestWithParam<const DatasetKind*> {
 protected:
  EveryLoader() : data_(test::open_example(test::small_section(GetParam()->name, folder_))) {}

  LoaderOptions options(bool prefetch) const {
    const int64_t batch = test::takes_batch(*data_, 5) ? 5 : 1;
    return {.order = {.batch = batch, .seed = 3, .drop_last = true}, .prefetch = prefetch};
  }

  const test::TempFolder folder_;
  const std::unique_ptr<Dataset> data_;
};

TEST_P(EveryLoader, ReadsAheadTheBatchesOfDirectReading) {
  for (const Split split : test::kSplits) {
    Loader ahead(*data_, split, options(true)), direct(*data_, split, options(false));
    for (int64_t k = 0; k < 2 * direct.batches_per_epoch() + 1; ++k) {
      EXPECT_EQ(ahead.cursor(), direct.cursor());
      EXPECT_EQ(test::bytes_of(ahead.next()), test::bytes_of(direct.next())) << "batch " << k;
    }
  }
}

// From every batch of the first epoch into the third; a stream also without its saved state.
TEST_P(EveryLoader, GoesOnWhereItWasStopped) {
  Loader whole(*data_, Split::kTrain, options(true));
  const int64_t epoch = whole.batches_per_epoch();
  std::vector<std::string> batches;
  std::vector<Cursor> cursors;
  std::vector<std::string> states;
  for (int64_t k = 0; k < 2 * epoch + 2; ++k) {
    cursors.push_back(whole.cursor());
    states.push_back(whole.stream_state());
    batches.push_back(test::bytes_of(whole.next()));
  }
  for (size_t k = 0; k <= size_t(epoch); ++k) {
    Loader resumed(*data_, Split::kTrain, options(k % 2 == 0), cursors[k], states[k]),
        again(*data_, Split::kTrain, options(k % 2 == 1), cursors[k]);
    for (size_t i = k; i < batches.size(); ++i) {
      EXPECT_EQ(test::bytes_of(resumed.next()), batches[i]) << "from " << k << ", batch " << i;
      EXPECT_EQ(resumed.stream_state(),
                i + 1 < states.size() ? states[i + 1] : whole.stream_state());
      EXPECT_EQ(test::bytes_of(again.next()), batches[i]) << "from " << k << ", batch " << i;
    }
  }
}

TEST_P(EveryLoader, GivesTheExamplesThatReadGives) {
  LoaderOptions one_by_one = options(false);
  one_by_one.order.batch = 1;
  const auto data = data_->stream(1) ? data_.get() : nullptr;
  if (!data) return;  // shuffled by the sampler, which has tests of its own
  Loader loader(*data, Split::kTrain, one_by_one);
  for (int64_t epoch = 0; epoch < 2; ++epoch)
    for (int64_t i = 0; i < data->count(Split::kTrain); ++i)
      EXPECT_EQ(test::bytes_of(loader.next()),
                test::example_bytes(*data, Split::kTrain, i, epoch_seed(3, epoch)));
}

TEST_P(EveryLoader, RefusesTheStateOfAnotherStream) {
  if (!data_->stream(1)) return;
  for (const char* state : {"x", "1", "1 0", "-1 0 0 0 0 0", "99999 0 0 0 0 0", "2 9 0 0 0 0",
                            "1 0 0 99 0 0", "1 0 x 0 0 0", "1 0 0 0 99999999 1"})
    EXPECT_THROW(Loader(*data_, Split::kTrain, options(false), {}, state), Error) << state;
}

TEST_P(EveryLoader, AsksTheSameOfHeldOutDataInEveryEpoch) {
  for (const Split split : {Split::kValidation, Split::kTest}) {
    LoaderOptions in_order = options(true);
    in_order.order.shuffle = in_order.order.drop_last = false;
    Loader loader(*data_, split, in_order);
    std::vector<std::string> epochs[2];
    for (auto& e : epochs)
      for (int64_t k = 0; k < loader.batches_per_epoch(); ++k)
        e.push_back(test::bytes_of(loader.next()));
    EXPECT_EQ(epochs[0], epochs[1]);
  }
}

INSTANTIATE_TEST_SUITE_P(All, EveryLoader, testing::ValuesIn(builtin_datasets()),
                         [](const auto& info) { return std::string(info.param->name); });
}  // namespace
}  // namespace cambium::every_loader_test
