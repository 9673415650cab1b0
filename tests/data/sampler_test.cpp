#include "data/sampler.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "core/error.h"

namespace cambium::sampler_test {
namespace {
std::vector<int64_t> epoch_of(Sampler& sampler, int64_t epoch) {
  std::vector<int64_t> all;
  for (Cursor c{epoch, 0}; c.epoch == epoch; c = sampler.after(c)) {
    const auto batch = sampler.indices(c);
    all.insert(all.end(), batch.begin(), batch.end());
  }
  return all;
}

TEST(Sampler, GivesEveryExampleOnceAnEpoch) {
  Sampler sampler(103, {.batch = 10, .seed = 7});
  EXPECT_EQ(sampler.batches(), 11);
  std::vector<int64_t> all = epoch_of(sampler, 3);
  EXPECT_EQ(all.size(), 103u);
  EXPECT_EQ(std::set<int64_t>(all.begin(), all.end()).size(), 103u);
  EXPECT_EQ(sampler.indices({3, 10}).size(), 3u);
}

TEST(Sampler, OrderIsAFunctionOfSeedAndEpoch) {
  Sampler a(50, {.batch = 8, .seed = 7}), b(50, {.batch = 5, .seed = 7});
  const auto first = epoch_of(a, 0), second = epoch_of(a, 1);
  EXPECT_NE(first, second);
  EXPECT_EQ(second, epoch_of(b, 1));  // whatever the batch size and the epochs asked for before
  EXPECT_EQ(first, epoch_of(a, 0));
  Sampler c(50, {.batch = 8, .seed = 8});
  EXPECT_NE(first, epoch_of(c, 0));
}

TEST(Sampler, KeepsIndexOrderWithoutShuffle) {
  Sampler sampler(20, {.batch = 6, .shuffle = false});
  EXPECT_TRUE(std::ranges::is_sorted(epoch_of(sampler, 4)));
}

TEST(Sampler, DropsOnlyABatchThatIsNotFull) {
  EXPECT_EQ(Sampler(20, {.batch = 6, .drop_last = true}).batches(), 3);
  EXPECT_EQ(Sampler(18, {.batch = 6, .drop_last = true}).batches(), 3);
  EXPECT_EQ(Sampler(5, {.batch = 6, .drop_last = true}).batches(), 1);
  EXPECT_EQ(Sampler(0, {.batch = 6}).batches(), 0);
}

// However a group is cut, its examples are the same, in every epoch.
TEST(Sampler, DropsOnlyAGroupThatIsNotFull) {
  const auto batches = [](int64_t count, int64_t batch, int64_t group) {
    return Sampler(count, {.batch = batch, .drop_last = true, .group = group}).batches();
  };
  EXPECT_EQ(batches(20, 2, 4), 8);
  EXPECT_EQ(batches(20, 1, 8), 16);
  EXPECT_EQ(batches(5, 2, 4), 3);
  Sampler whole(20, {.batch = 8, .seed = 3, .drop_last = true});
  Sampler parts(20, {.batch = 2, .seed = 3, .drop_last = true, .group = 4});
  for (int64_t epoch = 0; epoch < 3; ++epoch)
    EXPECT_EQ(epoch_of(whole, epoch), epoch_of(parts, epoch));
}

TEST(Sampler, CursorGoesOnIntoTheNextEpoch) {
  const Sampler sampler(20, {.batch = 10});
  EXPECT_EQ(sampler.after({2, 0}), (Cursor{2, 1}));
  EXPECT_EQ(sampler.after({2, 1}), (Cursor{3, 0}));
}

TEST(Sampler, EpochSeedsDifferAndAreNeverZero) {
  std::set<uint64_t> seeds;
  for (int64_t epoch = 0; epoch < 100; ++epoch) seeds.insert(epoch_seed(0, epoch));
  EXPECT_EQ(seeds.size(), 100u);
  EXPECT_FALSE(seeds.contains(0));
}

TEST(Sampler, RefusesAnEmptyBatch) {
  EXPECT_THROW(Sampler(20, {.batch = 0}), UserError);
}
}  // namespace
}  // namespace cambium::sampler_test
