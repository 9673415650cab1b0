#include "search/verdict/sequence.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/rng.h"
#include "search/support/boost_math.h"

namespace cambium::sequence_test {
namespace {
using Looks = std::vector<int64_t>;

const Looks kLooks = {3, 5, 8, 12};

TEST(Sequence, LooksAtMoreAndMoreSeeds) {
  EXPECT_EQ(planned_looks(3), (Looks{3}));
  EXPECT_EQ(planned_looks(4), (Looks{3, 4}));
  EXPECT_EQ(planned_looks(12), kLooks);
  EXPECT_EQ(planned_looks(20), (Looks{3, 5, 8, 12, 18, 20}));
}

TEST(Sequence, OneLookTakesTheWholeLevel) {
  EXPECT_EQ(level_of_looks(0.05, Looks{8}, Sides::kTwo), 0.05);
  EXPECT_EQ(chance_of_any(0.05, Looks{8}, Sides::kOne), 0.05);
}

// Four million sequences of numpy 1.24 with scipy's quantiles: .037541 and .037500, each with a
// standard error of .0001, and .00079 with .000014.
TEST(Sequence, AgreesWithSimulatedSequences) {
  EXPECT_NEAR(chance_of_any(0.0115, kLooks, Sides::kTwo), 0.037541, 2e-4);
  EXPECT_NEAR(chance_of_any(0.0122, kLooks, Sides::kOne), 0.037500, 2e-4);
  EXPECT_NEAR(chance_of_any(0.0002, kLooks, Sides::kTwo), 0.00079, 4e-5);
}

TEST(Sequence, LevelsGiveBackTheirChance) {
  for (Sides sides : {Sides::kOne, Sides::kTwo})
    for (double chance : {0.05, 0.0075}) {
      const double level = level_of_looks(chance, kLooks, sides);
      EXPECT_NEAR(chance_of_any(level, kLooks, sides) / chance, 1, 1e-5);
      EXPECT_GT(level, chance / 4);
      EXPECT_LT(level, chance);
    }
}

// Other numbers of seeds, by our own draws.
TEST(Sequence, HoldsForNeighbouringLooks) {
  const Looks looks = {3, 4, 7};
  constexpr double kLevel = 0.03;
  std::vector<double> critical(8);
  for (int64_t n : looks) critical[size_t(n)] = t_quantile(1 - kLevel / 2, double(n - 1));
  Random r(3);
  constexpr int kSequences = 100'000;
  int any = 0;
  for (int i = 0; i < kSequences; ++i) {
    double sum = 0, squares = 0;
    bool significant = false;
    for (int n = 1; n <= 7; ++n) {
      const double x = r.normal();
      sum += x;
      squares += x * x;
      if (critical[size_t(n)] == 0) continue;
      const double variance = (squares - sum * sum / n) / (n - 1);
      significant |= std::abs(sum) >= critical[size_t(n)] * std::sqrt(variance * n);
    }
    any += significant;
  }
  const double seen = double(any) / kSequences;
  EXPECT_NEAR(chance_of_any(kLevel, looks, Sides::kTwo), seen, 4 * std::sqrt(seen / kSequences));
}
}  // namespace
}  // namespace cambium::sequence_test
