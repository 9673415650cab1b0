#include "search/verdict/stats.h"

#include <gtest/gtest.h>

#include "core/rng.h"
#include "search/support/boost_math.h"

namespace cambium::stats_test {
namespace {
// R: sleep$extra[1:10] and [11:20] (Student 1908).
const std::vector<double> kFirst = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
const std::vector<double> kSecond = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};

TEST(StudentT, MatchesTables) {
  EXPECT_NEAR(t_quantile(0.975, 2), 4.302653, 1e-6);
  EXPECT_NEAR(t_quantile(0.975, 9), 2.262157, 1e-6);
}

TEST(TInterval, MatchesStudentsSleepData) {
  const Interval i = *t_interval(kFirst);
  EXPECT_NEAR(i.low, -0.5297804, 1e-6);
  EXPECT_NEAR(i.high, 2.0297804, 1e-6);
}

TEST(TInterval, NeedsTwoValues) {
  EXPECT_FALSE(t_interval(std::vector{1.0}));
}

TEST(PairedDifference, MatchesStudentsSleepData) {
  const PairedDifference d = *paired_difference(kFirst, kSecond);
  EXPECT_NEAR(d.mean, -1.58, 1e-12);
  EXPECT_NEAR(d.interval.low, -2.4598858, 1e-6);
  EXPECT_NEAR(d.interval.high, -0.7001142, 1e-6);
  EXPECT_NEAR(d.p_value, 0.002832890, 1e-8);
}

TEST(PairedDifference, OfEqualRunsIsNotSignificant) {
  const PairedDifference d = *paired_difference(kFirst, kFirst);
  EXPECT_EQ(d.p_value, 1);
  EXPECT_EQ(d.interval, (Interval{0, 0}));
}

TEST(Holm, MatchesPAdjust) {
  // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
  const std::vector<double> p = holm_corrected(std::vector{0.01, 0.04, 0.03, 0.005});
  const std::vector<double> want = {0.03, 0.06, 0.06, 0.02};
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(p[i], want[i], 1e-12);
}

TEST(Holm, StopsAtOne) {
  EXPECT_EQ(holm_corrected(std::vector{0.9, 0.8}), (std::vector{1.0, 1.0}));
}

TEST(Power, MatchesPowerTTest) {
  // R: power.t.test(n = 20, delta = 0.5, type = "paired", strict = TRUE)$power
  EXPECT_NEAR(paired_power(0.5, 20), 0.5645044, 1e-5);
  EXPECT_NEAR(paired_power(1.0, 10), 0.8030969, 1e-5);
}

TEST(SeedsNeeded, IsTheFewestWithThePower) {
  EXPECT_EQ(seeds_needed(1.0, 1.0), 10);
  EXPECT_EQ(seeds_needed(-0.5, 1.0), 34);
  EXPECT_EQ(seeds_needed(0.5, 0.0), 2);
  EXPECT_FALSE(seeds_needed(0.0, 1.0));
  EXPECT_FALSE(seeds_needed(1e-4, 1.0));
}

TEST(SignFlip, CountsEverySign) {
  // R: of 2^3 sums of +-1 +-2 +-3 two lie as far out as 6, four as far as 4.
  EXPECT_DOUBLE_EQ(sign_flip_p(std::vector{1.0, 2.0, 3.0}), 0.25);
  EXPECT_DOUBLE_EQ(sign_flip_p(std::vector{-1.0, 2.0, 3.0}), 0.5);
  EXPECT_DOUBLE_EQ(sign_flip_p(std::vector{0.0, 0.0}), 1);
  EXPECT_DOUBLE_EQ(sign_flip_p(std::vector<double>(6, 0.1)), 2 / 64.0);
}

TEST(SignFlip, DrawsSignsOfManySeeds) {
  std::vector<double> d;
  for (int i = 0; i < 20; ++i) d.push_back(i % 4 ? 1.0 : -1.5);
  EXPECT_NEAR(sign_flip_p(d), paired_difference(d, std::vector<double>(20, 0.0))->p_value, 0.05);
  EXPECT_EQ(sign_flip_p(d), sign_flip_p(d));
}

TEST(DeviationRange, MatchesChiSquared) {
  // R: sqrt(4 / qchisq(c(0.9, 0.1), 4))
  const Interval i = deviation_range(1, 5);
  EXPECT_NEAR(i.low, 0.7170606, 1e-6);
  EXPECT_NEAR(i.high, 1.9392602, 1e-6);
}

TEST(EffectSeen, IsWhereThePowerIsReached) {
  for (int64_t n : {3, 5, 20})
    EXPECT_NEAR(paired_power(effect_seen(n, 0.8, 0.0075), n, 0.0075), 0.8, 1e-6);
}

TEST(Power, FarOutFollowsTheDeviation) {
  // Three pairs at alpha 0.0005: t must pass 44.7, and an effect of 20 does in some studies only.
  const double far = paired_power(18, 3, 0.0005);
  EXPECT_GT(far, 0.2);
  EXPECT_LT(far, 0.8);
  EXPECT_NEAR(paired_power(17.33, 3, 0.0005), paired_power(17.31, 3, 0.0005), 0.01);
}

TEST(Bootstrap, IsAFunctionOfTheSeed) {
  EXPECT_EQ(bootstrap_interval(kFirst, 1), bootstrap_interval(kFirst, 1));
  EXPECT_NE(bootstrap_interval(kFirst, 1), bootstrap_interval(kFirst, 2));
}

TEST(Bootstrap, OfEqualValuesIsAPoint) {
  EXPECT_EQ(*bootstrap_interval(std::vector{0.5, 0.5, 0.5}), (Interval{0.5, 0.5}));
}

TEST(Bootstrap, LiesNearTheTInterval) {
  const Interval b = *bootstrap_interval(kFirst), t = *t_interval(kFirst);
  EXPECT_NEAR(b.low, t.low, 0.5);
  EXPECT_NEAR(b.high, t.high, 0.5);
}

TEST(Bootstrap, FollowsSkew) {
  const std::vector<double> x = {1, 1, 1, 1, 1, 1, 1, 1, 1, 10};
  const Interval i = *bootstrap_interval(x);
  const double mean = mean_of(x);
  EXPECT_GT(i.high - mean, mean - i.low);
}

// 95 % intervals hold the true mean in about 95 % of samples (92 to 93 % at n = 20).
TEST(Bootstrap, CoversTheTrueMean) {
  Random random(7);
  int covered = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    std::vector<double> x(20);
    for (double& v : x) v = random.normal();
    const Interval i = *bootstrap_interval(x, uint64_t(trial), 1000);
    covered += i.low <= 0 && 0 <= i.high;
  }
  EXPECT_GE(covered, 900);
  EXPECT_LE(covered, 960);
}

TEST(Median, AveragesTheMiddlePair) {
  EXPECT_EQ(median_of(std::vector{4.0, 1.0, 3.0, 2.0}), 2.5);
  EXPECT_EQ(median_of(std::vector{3.0, 1.0, 2.0}), 2.0);
}
}  // namespace
}  // namespace cambium::stats_test
