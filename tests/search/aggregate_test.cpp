#include "search/verdict/aggregate.h"

#include <gtest/gtest.h>

#include "core/rng.h"

namespace cambium::aggregate_test {
namespace {
const TaskScores kA = {
    {.62, .70, .66, .59, .71}, {.91, .94, .89, .93, .95}, {.31, .28, .45, .40, .33}};
const TaskScores kB = {
    {.60, .66, .67, .55, .64}, {.92, .93, .90, .90, .94}, {.22, .30, .35, .33, .21}};

// By scipy.stats.trim_mean(x, 0.25).
TEST(InterquartileMean, IsTheTrimmedMean) {
  EXPECT_DOUBLE_EQ(interquartile_mean(std::vector<double>{1, 2, 3, 4, 5, 6, 7, 100}), 4.5);
  EXPECT_NEAR(interquartile_mean(std::vector{.3, .9, .1, .5, .7, .2, .8, .85, .4, .6}), 0.55,
              1e-12);
  EXPECT_NEAR(interquartile_mean(std::vector{.3, .9, .1}), 1.3 / 3, 1e-12);
  EXPECT_NEAR(interquartile_mean(kA), 5.93 / 9, 1e-12);
  EXPECT_NEAR(interquartile_mean(kB), 5.6 / 9, 1e-12);
}

// By 400,000 draws of numpy. Fifteen scores of three tasks leave 12 degrees of freedom, so that at
// 95 % Phi(-sqrt(15 / 12) 2.1788) = 0.743 % of draws are left out at either end.
TEST(StratifiedBootstrap, AgreesWithNumpy) {
  const Interval a = stratified_interval(kA, 0, 20'000),
                 d = stratified_difference(kA, kB, 0, 20'000);
  EXPECT_NEAR(a.low, 0.62, 0.002);
  EXPECT_NEAR(a.high, 0.688889, 0.002);
  EXPECT_NEAR(d.low, 0.013333, 0.002);
  EXPECT_NEAR(d.high, 0.054444, 0.002);
  EXPECT_EQ(stratified_interval(kA), stratified_interval(kA));
}

TEST(StratifiedBootstrap, CoversOnFewSeeds) {
  Random r(11);
  constexpr int kStudies = 1000;
  int covered = 0;
  for (int i = 0; i < kStudies; ++i) {
    TaskScores scores(5);
    for (size_t t = 0; t < scores.size(); ++t)
      for (int s = 0; s < 5; ++s) scores[t].push_back(0.25 * double(t) + 0.1 * r.normal());
    const Interval x = stratified_interval(scores, uint64_t(i), 500);
    covered += x.low <= 0.5 && 0.5 <= x.high;  // symmetric about its middle
  }
  EXPECT_GE(covered, 925);
  EXPECT_LE(covered, 985);
}

// Two tasks of two seeds have 16 equally likely draws, and every mean is that of two middle values.
TEST(StratifiedBootstrap, DrawsWithinTasks) {
  const TaskScores two = {{0, 1}, {10, 11}};
  const Interval all = stratified_interval(two, 0, 4000, 0.9999);
  EXPECT_EQ(all.low, 5);   // 0 0 10 10
  EXPECT_EQ(all.high, 6);  // 1 1 11 11
}

TEST(StratifiedBootstrap, KeepsPairsOfSeeds) {
  TaskScores shifted = kA;
  for (auto& task : shifted)
    for (double& x : task) x += 0.125;
  const Interval d = stratified_difference(shifted, kA);
  EXPECT_NEAR(d.low, 0.125, 1e-12);
  EXPECT_NEAR(d.high, 0.125, 1e-12);
}

TEST(ChanceOfImprovement, CountsTiesHalf) {
  EXPECT_NEAR(chance_of_improvement(kA, kB), 2.0 / 3, 1e-12);
  EXPECT_DOUBLE_EQ(chance_of_improvement(kA, kA), 0.5);
  EXPECT_DOUBLE_EQ(chance_of_improvement({{1, 2}}, {{2, 2}}), 0.25);
}

TEST(PerformanceProfile, IsTheShareOfRunsAbove) {
  const std::vector<double> at = {0, 0.65, 1};
  const auto profile = performance_profile(kA, at, 0, 20'000);
  ASSERT_EQ(profile.size(), 3u);
  EXPECT_EQ(profile[0].share, 1);
  EXPECT_NEAR(profile[1].share, 8.0 / 15, 1e-12);
  EXPECT_NEAR(profile[1].interval.low, 1.0 / 3, 0.04);
  EXPECT_NEAR(profile[1].interval.high, 2.0 / 3, 0.04);
  EXPECT_EQ(profile[2].share, 0);
}
}  // namespace
}  // namespace cambium::aggregate_test
