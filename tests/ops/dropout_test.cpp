// Dropout masks: reproducible, of the wanted density, new in each step.
#include <gtest/gtest.h>

#include "ops/pointwise/support/dropout_mask.h"

namespace cambium::dropout_test {
namespace {
int64_t dropped(const DropoutMask& mask, int64_t n) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; ++i) count += mask.drops(i);
  return count;
}

int64_t differences(const DropoutMask& a, const DropoutMask& b, int64_t n) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; ++i) count += a.drops(i) != b.drops(i);
  return count;
}

TEST(DropoutMask, DropsTheWantedShare) {
  const int64_t n = 100'000;
  for (double p : {0.0, 0.1, 0.5, 0.9})
    EXPECT_NEAR(double(dropped({42, 3, 7, p}, n)) / double(n), p, 0.005) << p;
}

TEST(DropoutMask, ChangesWithSeedStepAndStream) {
  const DropoutMask mask(1, 2, 3, 0.5);
  EXPECT_EQ(differences(mask, {1, 2, 3, 0.5}, 1000), 0);
  EXPECT_GT(differences(mask, {2, 2, 3, 0.5}, 1000), 400);
  EXPECT_GT(differences(mask, {1, 3, 3, 0.5}, 1000), 400);
  EXPECT_GT(differences(mask, {1, 2, 4, 0.5}, 1000), 400);
}

TEST(DropoutMask, BlocksHoldWhatSingleElementsSay) {
  const DropoutMask mask(-5, 1'000'000, int64_t(0xfedcba9876543210u), 0.3);
  for (int64_t block : {int64_t(0), int64_t(3), int64_t(1) << 33}) {
    float factors[DropoutMask::kBlock];
    mask.block_factors(block, factors);
    for (int64_t i = 0; i < DropoutMask::kBlock; ++i)
      EXPECT_EQ(factors[i], mask.factor(block * DropoutMask::kBlock + i)) << block << " " << i;
  }
}
}  // namespace
}  // namespace cambium::dropout_test
