#include "search/verdict/decision.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/rng.h"
#include "search/verdict/looks.h"

namespace cambium::decision_test {
namespace {
std::vector<SeedOutcome> done(std::initializer_list<double> values) {
  std::vector<SeedOutcome> out;
  for (double v : values) out.push_back({SeedOutcome::kDone, v});
  return out;
}

Evidence evidence(std::vector<std::vector<SeedOutcome>> variants, int64_t test_examples = 0) {
  return {.variants = std::move(variants),
          .maximize = true,
          .alpha = alpha_of_look(0.05, 1),
          .next_alpha = alpha_of_look(0.05, 2),
          .test_examples = test_examples};
}

Decision second(const Evidence& e) {
  return decide(e)[1];
}

TEST(Decision, ClaimsALargeDifferenceFromThreeSeedsOn) {
  const auto base = done({0.50, 0.52, 0.51}), better = done({0.72, 0.73, 0.74});
  Evidence e = evidence({base, better}, 1000);
  EXPECT_EQ(second(e).claim, Claim::kBetter);
  EXPECT_EQ(second(e).hindrance, Hindrance::kNone);
  e.maximize = false;
  EXPECT_EQ(second(e).claim, Claim::kWorse);
  EXPECT_EQ(decide(e)[0].claim, Claim::kBaseline);
}

TEST(Decision, ClaimsNothingBelowThreeSeeds) {
  const Decision d = second(evidence({done({0.1, 0.1001}), done({0.9, 0.9002})}));
  EXPECT_EQ(d.claim, Claim::kCannotTell);
  EXPECT_EQ(d.hindrance, Hindrance::kFewSeeds);
  EXPECT_FALSE(d.difference);
}

TEST(Decision, EqualDifferencesAreNoCertainty) {
  // One of 19 test graphs apart in every seed.
  const auto base = done({14 / 19.0, 15 / 19.0, 16 / 19.0}),
             other = done({15 / 19.0, 16 / 19.0, 17 / 19.0});
  EXPECT_EQ(second(evidence({base, other})).hindrance, Hindrance::kNoSpread);
  const Decision d = second(evidence({base, other}, 19));
  EXPECT_EQ(d.claim, Claim::kCannotTell);
  EXPECT_GT(d.difference->deviation, 0);
  EXPECT_GT(d.difference->interval.high - d.difference->interval.low, 1 / 19.0);
  EXPECT_NEAR(d.examples_apart, 1, 1e-9);
}

TEST(Decision, EqualInEveryBitIsNotLeftToChance) {
  auto base = done({0.5, 0.6, 0.7}), other = base;
  EXPECT_EQ(second(evidence({base, other})).hindrance, Hindrance::kNoise);
  for (size_t s = 0; s < 3; ++s) base[s].numbers = other[s].numbers = 7 + s;
  const Evidence e = evidence({base, other}, 100);
  EXPECT_EQ(second(e).hindrance, Hindrance::kIdentical);
  EXPECT_FALSE(outlook_of(second(e), e));
  EXPECT_EQ(second(evidence({{base[0]}, {other[0]}})).hindrance, Hindrance::kIdentical);
  other[2].numbers = 1;  // equal accuracies of other losses
  EXPECT_EQ(second(evidence({base, other})).hindrance, Hindrance::kNoise);
  other[2] = {.state = SeedOutcome::kFailed};
  EXPECT_EQ(second(evidence({base, other})).hindrance, Hindrance::kFewSeeds);
  other[2] = {};
  EXPECT_EQ(second(evidence({base, other})).hindrance, Hindrance::kRunsToGo);
}

// Worked by hand: ten folds of 100 examples, 10 of them for the test and 80 for training. The
// differences 1 to 10 have mean 5.5 and variance 55 / 6; with overlap 1/8 the mean has variance
// (1/10 + 1/8) 55 / 6 = 2.0625, and t = 5.5 / 1.436141 = 3.829708 on 9 degrees of freedom.
TEST(Decision, OverlappingFoldsHaveTheCorrectedVariance) {
  std::vector<SeedOutcome> base, other;
  for (int i = 1; i <= 10; ++i) {
    base.push_back({SeedOutcome::kDone, 0});
    other.push_back({SeedOutcome::kDone, double(i)});
  }
  Evidence e = evidence({base, other});
  EXPECT_NEAR(second(e).difference->p_value, 2.778e-4, 1e-6);  // t = 5.744563
  const double plain = second(e).difference->interval.high - 5.5;
  EXPECT_NEAR(plain, 2.262157 * std::sqrt(55 / 6.0 / 10), 1e-5);
  e.overlap = 10.0 / 80;
  const PairedDifference d = *second(e).difference;
  EXPECT_NEAR(d.p_value, 4.0295e-3, 2e-6);
  EXPECT_NEAR(d.interval.high - 5.5, 2.262157 * 1.436141, 1e-5);
  EXPECT_EQ(d.range, (Interval{1, 10}));
  EXPECT_EQ(second(e).claim, Claim::kBetter);
  // No number of seeds shows what lies below the part of the variance that all share.
  e.least_effect = 0.5;
  EXPECT_FALSE(outlook_of(second(e), e)->seeds_low);
  e.overlap = 0;
  EXPECT_TRUE(outlook_of(second(e), e)->seeds_low);
}

TEST(Decision, FewTestExamplesApartAreOfTheTestSet) {
  const auto base = done({0.700, 0.705, 0.695, 0.700, 0.71}),
             other = done({0.730, 0.735, 0.726, 0.730, 0.74});
  EXPECT_EQ(second(evidence({base, other}, 100)).hindrance, Hindrance::kTestSet);
  EXPECT_EQ(second(evidence({base, other}, 10'000)).claim, Claim::kBetter);
}

TEST(Decision, SeedsMustAgreeWhereFlipsCannotTell) {
  const Decision d =
      second(evidence({done({0, 0, 0, 0, 0}), done({1.02, 1.01, 1.00, 1.03, -0.01})}));
  EXPECT_EQ(d.claim, Claim::kCannotTell);
  // Twelve seeds: the sign-flip test itself must be below alpha.
  std::vector<SeedOutcome> zeros, ones;
  for (int i = 0; i < 12; ++i) {
    zeros.push_back({SeedOutcome::kDone, 0});
    ones.push_back({SeedOutcome::kDone, i == 0 ? -0.1 : 1 + 0.01 * i});
  }
  EXPECT_EQ(second(evidence({zeros, ones})).claim, Claim::kBetter);
}

TEST(Decision, FewSeedsOfManyVariantsAnswerForEachOther) {
  const auto low = done({0.1, 0.1001, 0.1002}), high = done({0.9, 0.9002, 0.9003}),
             mixed = done({0.1, 0.9, 0.1}), fallen = done({0.9, 0.1, 0.9});
  EXPECT_EQ(second(evidence({low, high})).claim, Claim::kBetter);
  EXPECT_EQ(second(evidence({low, high, mixed, fallen})).hindrance, Hindrance::kOtherVariants);
}

// Three seeds of two equal variants fall into two groups by variant in 1 of 32 studies: more often
// than a task of several may be told apart falsely. Other variants would have shown the groups.
TEST(Decision, TwoGroupsMustNotFallApartByLuck) {
  const auto low = done({0.1, 0.1001, 0.1002}), high = done({0.9, 0.9002, 0.9003});
  Evidence e = evidence({low, high});
  e.alpha /= 3;  // one of two tasks
  EXPECT_EQ(second(e).hindrance, Hindrance::kGroups);
  EXPECT_NEAR(second(e).p_value, 1 / 32.0, 1e-12);
  e.variants = {low, high, low, high};  // 14 / 4096
  EXPECT_EQ(second(e).claim, Claim::kBetter);
  e.variants = {done({0.1, 0.1001, 0.1002, 0.1}), done({0.9, 0.9002, 0.9003, 0.9})};  // 1 / 128
  EXPECT_EQ(second(e).claim, Claim::kBetter);
}

TEST(Decision, AFailedRunCountsAsWorst) {
  const auto base = done({0.50, 0.52, 0.51, 0.5, 0.51});
  auto better = done({0.72, 0.73, 0.74, 0.73, 0.72}), worse = done({0.3, 0.31, 0.3, 0.29, 0.3});
  better[1] = worse[1] = {SeedOutcome::kFailed, 0};
  EXPECT_EQ(second(evidence({base, better})).hindrance, Hindrance::kFailures);
  EXPECT_EQ(second(evidence({better, base})).hindrance, Hindrance::kFailures);
  const Decision d = second(evidence({base, worse}));
  EXPECT_EQ(d.claim, Claim::kWorse);
  EXPECT_EQ(d.failed, 1);
  EXPECT_EQ(d.pairs, 4);
}

TEST(Decision, AModelThatSeesItsAnswersBeatsNobody) {
  const auto base = done({0.50, 0.52, 0.51, 0.5, 0.51}), better = done({0.9, 0.9, 0.91, 0.9, 0.9});
  Evidence e = evidence({base, better});
  EXPECT_EQ(second(e).claim, Claim::kBetter);
  for (size_t who : {0, 1}) {
    e.sees_answers = {who == 0, who == 1};
    EXPECT_EQ(second(e).claim, Claim::kCannotTell) << who;
    EXPECT_EQ(second(e).hindrance, Hindrance::kSeesAnswers) << who;
  }
}

TEST(Decision, WaitsForRunsThatHaveNotEnded) {
  auto base = done({0.50, 0.52, 0.51, 0.5}), better = done({0.72, 0.73, 0.74, 0.73});
  better[3] = {};
  EXPECT_EQ(second(evidence({base, better})).hindrance, Hindrance::kRunsToGo);
}

TEST(Decision, OutlookNamesARangeOfSeedsAfterTheCorrection) {
  Evidence e = evidence({done({1.0, 1.3, 0.8, 1.1, 0.9}), done({1.1, 1.2, 0.95, 1.2, 0.8})});
  EXPECT_FALSE(outlook_of(second(e), e)->seeds_low);
  e.least_effect = 0.2;
  const Outlook two = *outlook_of(second(e), e);
  EXPECT_LT(*two.seeds_low, *two.seeds_high);
  EXPECT_LT(two.effect_seen.low, two.effect_seen.high);
  for (int i = 0; i < 4; ++i) e.variants.push_back(e.variants[1]);
  const Outlook six = *outlook_of(second(e), e);
  EXPECT_GT(*six.seeds_low, *two.seeds_low);
}

// Studies of equal variants: a small part of the grid of bench/statistics.
struct Cell {
  const char* name;
  int variants, seeds;
  int64_t test_examples;
  double (*draw)(Random&);
};

double normal(Random& r) {
  return r.normal();
}

double skewed(Random& r) {
  return -std::log(1 - r.uniform());
}

double bimodal(Random& r) {
  return (r.uniform() < 0.5 ? 1 : -1) + 0.01 * r.normal();
}

class EqualVariants : public ::testing::TestWithParam<Cell> {};

TEST_P(EqualVariants, AreRarelyToldApart) {
  const Cell& c = GetParam();
  constexpr int kStudies = 2000;
  Random r(11, stream_of(c.name));
  int claims = 0;
  for (int i = 0; i < kStudies; ++i) {
    std::vector<std::vector<SeedOutcome>> variants(static_cast<size_t>(c.variants));
    for (auto& v : variants)
      for (int s = 0; s < c.seeds; ++s) {
        double x = c.draw(r);
        const double m = double(c.test_examples);
        if (m > 0) x = std::clamp(std::round((0.7 + 0.05 * x) * m) / m, 0.0, 1.0);
        v.push_back({SeedOutcome::kDone, x});
      }
    bool claimed = false;
    for (const Decision& d : decide(evidence(std::move(variants), c.test_examples)))
      claimed |= d.claim == Claim::kBetter || d.claim == Claim::kWorse;
    claims += claimed;
  }
  EXPECT_LE(double(claims) / kStudies, 0.06) << c.name;
}

constexpr Cell kCells[] = {{"normal_2x3", 2, 3, 0, normal},
                           {"normal_6x5", 6, 5, 0, normal},
                           {"normal_2x5_of_18", 2, 5, 18, normal},
                           {"normal_6x3_of_100", 6, 3, 100, normal},
                           {"skewed_2x3_of_1000", 2, 3, 1000, skewed},
                           {"skewed_6x8", 6, 8, 0, skewed},
                           {"bimodal_2x3", 2, 3, 0, bimodal},
                           {"bimodal_6x3", 6, 3, 0, bimodal},
                           {"bimodal_6x4_of_10000", 6, 4, 10'000, bimodal},
                           {"bimodal_3x10", 3, 10, 0, bimodal}};
INSTANTIATE_TEST_SUITE_P(Grid, EqualVariants, ::testing::ValuesIn(kCells),
                         [](const auto& cell) { return std::string(cell.param.name); });

TEST(EqualVariants, WithOneThatFailsWhereItIsBadAreRarelyToldApart) {
  Random r(3);
  int claims = 0;
  constexpr int kStudies = 2000;
  for (int i = 0; i < kStudies; ++i) {
    Evidence e = evidence({{}, {}});
    for (int s = 0; s < 8; ++s) {
      e.variants[0].push_back({SeedOutcome::kDone, r.normal()});
      const double x = r.normal();
      e.variants[1].push_back({x < -0.3 ? SeedOutcome::kFailed : SeedOutcome::kDone, x});
    }
    claims += second(e).claim == Claim::kBetter;
  }
  EXPECT_LE(double(claims) / kStudies, 0.06);
}

TEST(EqualVariants, LookedAtSeedBySeedAreRarelyToldApart) {
  Random r(5);
  int claims = 0;
  constexpr int kStudies = 2000;
  for (int i = 0; i < kStudies; ++i) {
    Evidence e = evidence({{}, {}});
    bool claimed = false;
    for (int n = 1; n <= 12 && !claimed; ++n) {
      for (auto& v : e.variants) v.push_back({SeedOutcome::kDone, r.normal()});
      if (n < kLeastSeeds) continue;
      e.alpha = alpha_of_look(0.05, n - kLeastSeeds + 1);
      claimed = second(e).claim != Claim::kCannotTell;
    }
    claims += claimed;
  }
  EXPECT_LE(double(claims) / kStudies, 0.06);
}

// A small part of bench/task_statistics.
TEST(EqualVariants, OnSeveralTasksAreRarelyToldApart) {
  Random r(6);
  constexpr int kStudies = 2000, kTasks = 5;
  for (const int seeds : {3, 4, 5}) {
    int wrong = 0;
    for (int i = 0; i < kStudies; ++i) {
      bool any = false;
      for (int t = 0; t < kTasks; ++t) {
        Evidence e = evidence({{}, {}});
        e.alpha /= kTasks + 1;
        for (int s = 0; s < seeds; ++s)
          for (auto& v : e.variants)
            v.push_back({SeedOutcome::kDone, (r.uniform() < 0.5 ? 1 : -1) + 0.05 * r.normal()});
        any |= second(e).claim != Claim::kCannotTell;
      }
      wrong += any;
    }
    EXPECT_LE(double(wrong) / kStudies, 0.05) << seeds << " seeds";
  }
}

TEST(MeanInterval, CoversANormalMeanAndIsWithheldWhereItCannot) {
  Random r(9);
  int covered = 0;
  constexpr int kSamples = 4000;
  for (int i = 0; i < kSamples; ++i) {
    const std::vector<double> x = {r.normal(), r.normal(), r.normal(), r.normal(), r.normal()};
    const Interval t = *mean_interval(x);
    covered += t.low <= 0 && 0 <= t.high;
  }
  EXPECT_NEAR(double(covered) / kSamples, 0.95, 0.01);
  EXPECT_FALSE(mean_interval(std::vector{1.0, 2.0, 3.0, 4.0}));  // of any shape
  const std::vector<double> equal(5, 1.0);
  EXPECT_FALSE(mean_interval(equal));
  EXPECT_GT(mean_interval(equal, 100)->high, 1.003);
}

TEST(TestSet, HasABinomialHalfWidth) {
  EXPECT_NEAR(test_set_half_width(0.9, 1000), 1.959964 * std::sqrt(0.09 / 1000), 1e-6);
  EXPECT_EQ(test_set_half_width(0.9, 0), 0);
}
}  // namespace
}  // namespace cambium::decision_test
