// That two variants are equivalent within the least effect, and looks that are planned.
#include <cmath>

#include <gtest/gtest.h>

#include "core/rng.h"
#include "search/verdict/decision.h"
#include "search/verdict/looks.h"
#include "search/verdict/sequence.h"

namespace cambium::equivalence_test {
namespace {
std::vector<SeedOutcome> done(std::span<const double> values) {
  std::vector<SeedOutcome> out;
  for (double v : values) out.push_back({SeedOutcome::kDone, v});
  return out;
}

// Of a variant against a baseline of zeros.
Evidence against_zeros(const std::vector<double>& differences, double least_effect,
                       int64_t test_examples = 0) {
  const std::vector<double> zeros(differences.size(), 0.0);
  return {.variants = {done(zeros), done(differences)},
          .maximize = true,
          .alpha = 0.0375,
          .least_effect = least_effect,
          .test_examples = test_examples,
          .levels = levels_of(0.0375, 1, least_effect > 0, {})};
}

const std::vector<double> kNear = {0.1, 0.2, -0.1, 0.05, 0.15, 0.0, 0.12, -0.04};

// By scipy 1.10, ttest_1samp of differences less and plus the bound, one-sided; the flips by all
// 256 signs: at .2 the t tests say .0029532 and 8.6e-5, the flips 2/256 and 1/256.
TEST(Equivalence, IsTheLargestOfFourTests) {
  const Decision d = decide(against_zeros(kNear, 0.2))[1];
  EXPECT_EQ(d.claim, Claim::kEquivalent);
  EXPECT_EQ(d.hindrance, Hindrance::kNone);
  EXPECT_NEAR(d.equivalence_p, 2 / 256.0, 1e-12);
  EXPECT_NEAR(decide(against_zeros(kNear, 0.15))[1].equivalence_p, 8 / 256.0, 1e-12);
  // Five seeds: 1/32 is below .0375 and all lie inside; without flips t alone is left.
  const std::vector<double> five(kNear.begin(), kNear.begin() + 5);
  Evidence e = against_zeros(five, 0.4);
  e.levels.equivalence = e.alpha = 0.03;
  EXPECT_NEAR(decide(e)[1].equivalence_p, 0.00170439, 1e-7);
}

TEST(Equivalence, IsNotClaimedWithoutALeastEffect) {
  const Decision d = decide(against_zeros(kNear, 0))[1];
  EXPECT_EQ(d.claim, Claim::kCannotTell);
  EXPECT_EQ(d.equivalence_p, 1);
}

TEST(Equivalence, TakesFiveSeeds) {
  const std::vector<double> four = {0.01, -0.01, 0.02, -0.02};
  EXPECT_EQ(decide(against_zeros(four, 1))[1].claim, Claim::kCannotTell);
  EXPECT_EQ(decide(against_zeros({0.01, -0.01, 0.02, -0.02, 0}, 1))[1].claim, Claim::kEquivalent);
}

TEST(Equivalence, MayGoWithADifferenceThatIsTooSmallToMatter) {
  const Decision d = decide(against_zeros({0.11, 0.10, 0.12, 0.11, 0.10, 0.12}, 0.5))[1];
  EXPECT_EQ(d.claim, Claim::kBetter);
  EXPECT_TRUE(d.within);
  EXPECT_FALSE(decide(against_zeros({0.11, 0.10, 0.12, 0.11, 0.10, 0.12}, 0.111))[1].within);
}

TEST(Equivalence, IsNotOfWhatFailsOrDoesNotVary) {
  Evidence e = against_zeros(kNear, 0.5);
  e.variants[1][2] = {.state = SeedOutcome::kFailed};
  EXPECT_EQ(decide(e)[1].claim, Claim::kCannotTell);
  e = against_zeros(kNear, 0.5);
  e.sees_answers = {false, true};
  EXPECT_EQ(decide(e)[1].claim, Claim::kCannotTell);
  EXPECT_EQ(decide(against_zeros(std::vector<double>(8, 0.1), 0.5))[1].claim, Claim::kCannotTell);
  const std::vector<double> outlier = {0.01, 0.02, 0.01, 0.02, 0.6};
  EXPECT_EQ(decide(against_zeros(outlier, 0.5))[1].claim, Claim::kCannotTell);
}

// Half a point apart, 50 of 10,000 examples would tell two networks apart at least, of 200 one.
TEST(Equivalence, NeedsATestSetThatCouldShowTheDifference) {
  const std::vector<double> d = {0.0005, -0.0005, 0.0010, -0.0010, 0.0005, -0.0005, 0.0, 0.0005};
  EXPECT_EQ(decide(against_zeros(d, 0.005, 10'000))[1].claim, Claim::kEquivalent);
  EXPECT_EQ(decide(against_zeros(d, 0.005, 200))[1].claim, Claim::kCannotTell);
}

// What shares a comparison's alpha: "differs" of equals, "equivalent" at the bound.
double false_claims(double truth, double bound, int seeds, double (*draw)(Random&)) {
  Random r(uint64_t(seeds), stream_of("bound"));
  constexpr int kStudies = 4000;
  int wrong = 0;
  for (int i = 0; i < kStudies; ++i) {
    std::vector<double> a, b;
    for (int s = 0; s < seeds; ++s) {
      a.push_back(draw(r));
      b.push_back(draw(r) + truth);
    }
    Evidence e = against_zeros(b, bound);
    e.variants[0] = done(a);
    const Decision d = decide(e)[1];
    if (truth == 0)
      wrong += d.claim == Claim::kBetter || d.claim == Claim::kWorse;
    else
      wrong += d.within || d.claim == Claim::kWorse;
  }
  return double(wrong) / kStudies;
}

double normal(Random& r) {
  return r.normal();
}

double bimodal(Random& r) {
  return (r.uniform() < 0.5 ? 1 : -1) + 0.05 * r.normal();
}

TEST(Equivalence, IsRarelyFalse) {
  for (int seeds : {5, 8, 12})
    for (double bound : {1.0, 2.0, 4.0}) {
      EXPECT_LE(false_claims(bound, bound, seeds, normal), 0.05) << bound << " x " << seeds;
      EXPECT_LE(false_claims(0, bound, seeds, normal), 0.05) << bound << " x " << seeds;
      EXPECT_LE(false_claims(bound, bound, seeds, bimodal), 0.05) << bound << " x " << seeds;
    }
}

// By hand (numpy): T = (.4 - .0975) / .450577 = .671361, skewness -4.045400; Hall's transform is
// .213273, of which t with 19 degrees of freedom says .176085, and t itself .003661.
TEST(Equivalence, HearsOneRunOfTwentyThatLosesFarMore) {
  std::vector<double> x(10, 0.05);
  x.insert(x.end(), 9, -0.05);
  EXPECT_EQ(decide(against_zeros(x, 0.4))[1].claim, Claim::kEquivalent);
  x.push_back(-2);
  const Decision d = decide(against_zeros(x, 0.4))[1];
  EXPECT_EQ(d.claim, Claim::kCannotTell);
  EXPECT_NEAR(d.equivalence_p, 0.176085, 1e-5);
}

TEST(PlannedLooks, KeepWhatWasClaimed) {
  std::vector<double> d = {2.01, 2.02, 2.00, -1.0, 0.1};
  Evidence e = against_zeros(d, 0);
  e.looks = {3, 5};
  e.levels = levels_of(0.0375, 1, false, e.looks);
  const Decision kept = decide(e)[1];
  EXPECT_EQ(kept.claim, Claim::kBetter);
  EXPECT_EQ(kept.decided_at, 3);
  EXPECT_EQ(kept.pairs, 5);
  EXPECT_NEAR(kept.difference->mean, 1.026, 1e-9);
  EXPECT_TRUE(all_decided(decide(e)));
  e.looks.clear();
  EXPECT_EQ(decide(e)[1].claim, Claim::kCannotTell);
}

TEST(PlannedLooks, ClaimNothingBetweenThem) {
  Evidence e = against_zeros({0.1, 1.5, -0.4, 1.0}, 0);
  e.variants[1] = done(std::vector{2.01, 2.02, 2.00, 2.01});
  e.looks = {5, 8};
  e.levels = levels_of(0.0375, 1, false, e.looks);
  EXPECT_EQ(decide(e)[1].claim, Claim::kCannotTell);
  EXPECT_EQ(decide(e)[1].hindrance, Hindrance::kRunsToGo);
  e.looks = {4, 8};
  e.levels = levels_of(0.0375, 1, false, e.looks);
  EXPECT_EQ(decide(e)[1].decided_at, 4);
}

TEST(PlannedLooks, GiveEachComparisonItsShare) {
  const std::vector<int64_t> looks = {3, 5, 8, 12};
  const Levels one = levels_of(0.0375, 1, true, looks), four = levels_of(0.0375, 4, true, looks);
  EXPECT_NEAR(chance_of_any(four.difference, looks, Sides::kTwo), 0.0375 / 4, 1e-6);
  EXPECT_NEAR(chance_of_any(one.equivalence, looks, Sides::kOne), 0.0375, 1e-6);
  EXPECT_EQ(one.interval, four.interval);
  EXPECT_EQ(levels_of(0.0375, 4, true, {}), (Levels{0.0375 / 4, 0.0375 / 4, 0.05}));
  EXPECT_EQ(levels_of(0.0375, 4, false, {}), Levels{});
}

TEST(PlannedLooks, OfEqualVariantsAreRarelyWrong) {
  for (size_t variants : {2, 4}) {
    Random r(variants, stream_of("looks"));
    Evidence e{.maximize = true, .alpha = 0.0375, .looks = {3, 5, 8, 12}};
    e.levels = levels_of(e.alpha, int64_t(variants) - 1, false, e.looks);
    constexpr int kStudies = 2000;
    int wrong = 0, covered = 0;
    for (int i = 0; i < kStudies; ++i) {
      e.variants.assign(variants, {});
      for (auto& v : e.variants)
        for (int s = 0; s < 12; ++s) v.push_back({SeedOutcome::kDone, r.normal()});
      const std::vector<Decision> all = decide(e);
      bool claimed = false;
      for (const Decision& d : all)
        claimed |= d.claim == Claim::kBetter || d.claim == Claim::kWorse;
      wrong += claimed;
      const Interval& shown = all[1].difference->interval;
      covered += shown.low <= 0 && 0 <= shown.high;
    }
    EXPECT_LE(double(wrong) / kStudies, 0.05) << variants;
    EXPECT_GE(double(covered) / kStudies, 0.97) << variants;
  }
}
}  // namespace
}  // namespace cambium::equivalence_test
