// Where two laws cross: found where it is, and not claimed where it cannot be told.
#include <gtest/gtest.h>

#include "core/text/fmt.h"
#include "search/laws/answers/scale.h"
#include "tests/search/laws/support.h"

namespace cambium::crossing_test {
namespace {
// L = E + A / N^.35, drawn at eight sizes of two seeds.
std::string lines(const std::string& group, double amplitude, double power, double noise,
                  Random& random, double least = 1e7) {
  std::string out;
  for (int i = 0; i < 8; ++i)
    for (int seed : {0, 1}) {
      const double n = least * std::pow(2.0, i);
      const double loss =
          (1.8 + amplitude / std::pow(n, power)) * std::exp(noise * random.normal());
      out += fmt::format("{},{},{:.10g},{}\n", group, n, loss, seed);
    }
  return out;
}

GroupComparison compared(const std::string& rows,
                         const std::string& columns = "group,params,loss,seed") {
  const ScaleAnswer a =
      scale_points(parse_points(columns + "\n" + rows, "p.csv", {}), {.draws = 0});
  EXPECT_EQ(a.comparisons.size(), 1u);
  return a.comparisons.at(0);
}

// 482 / N^.35 = 200 / N^.3 at (482 / 200)^20 = 4.37e7.
constexpr double kTruth = 4.36859e7;

TEST(Crossing, IsFoundWhereItIs) {
  Random random(1);
  const std::string b = lines("b", 200, .3, 1e-5, random);
  const GroupComparison c = compared(lines("a", 482, .35, 1e-5, random) + b);
  ASSERT_EQ(c.answer.crossings.size(), 1u);
  const LawCrossing& k = c.answer.crossings[0];
  EXPECT_NEAR(k.x / kTruth, 1, 0.01);
  EXPECT_TRUE(test::holds(k.interval, kTruth));
  EXPECT_LT(k.interval.high / k.interval.low, 1.05);
  EXPECT_EQ(k.below, BetterLaw::kSecond);
  EXPECT_EQ(c.x, kParams);
  EXPECT_EQ(comparison_text(c).find("a and b: b is better below params = 4.3"), 0u)
      << comparison_text(c);
}

TEST(Crossing, IntervalsCoverAndEqualLawsAreNotToldApart) {
  Random random(3);
  const int times = 60;
  int told = 0, covered = 0, wrong = 0, crossed = 0;
  for (int i = 0; i < times; ++i) {
    const std::string a = lines("a", 482, .35, 1e-3, random);
    const GroupComparison c = compared(a + lines("b", 200, .3, 1e-3, random));
    if (c.answer.crossings.size() == 1) {
      ++told;
      covered += test::holds(c.answer.crossings[0].interval, kTruth);
    }
    const GroupComparison equal = compared(a + lines("b", 482, .35, 1e-3, random));
    crossed += !equal.answer.crossings.empty();
    wrong += equal.answer.stretches.size() > 1 ||
             equal.answer.stretches.at(0).better != BetterLaw::kNeither;
  }
  EXPECT_GE(told, 55);
  EXPECT_GE(covered, told * 9 / 10);
  EXPECT_LE(wrong, 8);
  EXPECT_LE(crossed, 1);
}

TEST(Crossing, IsNotClaimedWhereOneIsAlwaysBetterOrNothingIsKnown) {
  Random random(2);
  const std::string a = lines("a", 482, .35, 1e-4, random);
  const GroupComparison better = compared(a + lines("b", 600, .35, 1e-4, random));
  EXPECT_TRUE(better.answer.crossings.empty());
  EXPECT_EQ(better.answer.stretches.front().better, BetterLaw::kFirst);
  EXPECT_NE(comparison_text(better).find("a is better from params = 1e+07 to "), std::string::npos)
      << comparison_text(better);
  const GroupComparison apart = compared(a + lines("b", 482, .35, 1e-4, random, 1e12));
  EXPECT_TRUE(apart.answer.stretches.empty());
  EXPECT_EQ(comparison_text(apart), "a and b: not compared: no params lies among the runs of both");
}

std::string grid(const std::string& group, double amplitude, double per_nd, double tokens,
                 Random& random) {
  std::string out;
  for (double n = 1e7; n < 4e8; n *= 2)
    for (double ratio : tokens > 0 ? std::vector{tokens} : std::vector{5., 10., 20., 40.})
      for (int seed : {0, 1})
        out += fmt::format("{},{},{},{},{:.10g},{}\n", group, n, ratio * n, per_nd * n * n * ratio,
                           (1.8 + amplitude / std::pow(n, .35) + 2085 / std::pow(ratio * n, .37)) *
                               std::exp(1e-4 * random.normal()),
                           seed);
  return out;
}

// A loss that is as low at twice the FLOPs of a token is worse at equal compute.
TEST(Crossing, LawsOfTwoQuantitiesAreComparedAtEqualCompute) {
  Random random(4);
  const std::string columns = "group,params,tokens,flops,loss,seed";
  const GroupComparison c =
      compared(grid("a", 482, 6, 0, random) + grid("b", 482, 12, 0, random), columns);
  EXPECT_EQ(c.x, kFlops);
  EXPECT_EQ(c.along, "each at its best division of compute");
  EXPECT_EQ(c.answer.stretches.front().better, BetterLaw::kFirst);
  const GroupComparison line =
      compared(grid("a", 482, 6, 20, random) + grid("b", 520, 6, 20, random), columns);
  EXPECT_EQ(line.x, kParams);
  EXPECT_EQ(line.along, "at D = 20 N");
  EXPECT_EQ(line.answer.stretches.front().better, BetterLaw::kFirst);
  const GroupComparison other =
      compared(grid("a", 482, 6, 20, random) + grid("b", 482, 6, 5, random), columns);
  EXPECT_EQ(other.cannot, "tokens follow parameters differently (D = 20 N and D = 5 N)");
}

// The largest run of each does not lie where the others say.
TEST(Crossing, BeyondTheRunsNothingIsClaimedThatTheLawsDidNotForetell) {
  const auto bent = [](const std::string& group, double amplitude) {
    Random random(5);
    std::string out;
    for (int i = 0; i < 8; ++i) {
      const double n = 1e7 * std::pow(2.0, i), off = i == 7 ? 1.03 : 1;
      out += fmt::format(
          "{},{},{:.10g},0\n", group, n,
          off * (1.8 + amplitude / std::pow(n, .35)) * std::exp(1e-5 * random.normal()));
    }
    return out;
  };
  const ScaleAnswer a = scale_points(
      parse_points("group,params,loss,seed\n" + bent("a", 482) + bent("b", 600), "p.csv", {}),
      {.draws = 0});
  ASSERT_TRUE(a.groups[0].reach.failed()) << reach_text(a.groups[0].fit, a.groups[0].reach);
  EXPECT_EQ(a.comparisons.at(0).range.high, a.comparisons.at(0).measured);
}

TEST(Crossing, WhatLiesBeyondTheRunsIsSaidToDoSo) {
  Random random(2);
  const std::string a = lines("a", 482, .35, 1e-4, random);
  const GroupComparison c = compared(a + lines("b", 600, .35, 1e-4, random));
  EXPECT_GT(c.range.high, c.measured);
  EXPECT_NE(comparison_text(c).find(", partly beyond the runs, which end at 1.28e+09"),
            std::string::npos)
      << comparison_text(c);
}

// Tokens that hardly matter leave the division of compute open.
TEST(Crossing, WhereTheDivisionCannotBeToldLawsAreComparedAlongARatio) {
  Random random(6);
  const auto flat = [&](const std::string& group, double amplitude) {
    std::string out;
    for (double n = 1e7; n < 4e8; n *= 2)
      for (double d : {1e9, 2e9, 4e9})
        out += fmt::format("{},{},{},{:.10g}\n", group, n, d,
                           (1.8 + amplitude / std::pow(n, .35) + (d < 1.5e9 ? 0.1 : 0)) *
                               std::exp(1e-3 * random.normal()));
    return out;
  };
  const ScaleAnswer a = scale_points(
      parse_points("group,params,tokens,loss\n" + flat("a", 482) + flat("b", 520), "p.csv", {}),
      {.draws = 20});
  ASSERT_FALSE(a.groups[0].params_exponent && a.groups[1].params_exponent);
  EXPECT_EQ(a.comparisons.at(0).x, kParams);
  EXPECT_EQ(a.comparisons[0].along.find("each at its best"), std::string::npos);
}
}  // namespace
}  // namespace cambium::crossing_test
