// How far a law has been tried on its own runs, intervals where errors differ in size, and fits
// that do not end.
#include "search/laws/answers/reach.h"

#include <gtest/gtest.h>

#include "tests/search/laws/support.h"

namespace cambium::reach_test {
namespace {
LawFit fit(const std::vector<LawRun>& runs, FitObjective kind = FitObjective::kSquares) {
  return fit_law(law_named("chinchilla"), runs, kind);
}

TEST(Reach, ATrueLawHasBeenTriedWithinItsRuns) {
  Random random(3);
  const LawFit f = fit(test::draw_ladder({.noise = 0.001}, random));
  const Reach r = reach_of(f);
  EXPECT_TRUE(r.foretold());
  EXPECT_GE(r.to / r.from, 1.9);
  EXPECT_DOUBLE_EQ(r.to, 3e8);
  EXPECT_GT(r.narrow, 2);
  EXPECT_EQ(reach_text(f, r).find("how far: runs up to N = "), 0u);
}

TEST(Reach, ABreakAtTheLastSizesIsSeen) {
  Random random(2);
  std::vector<LawRun> runs = test::draw_ladder({.noise = 0.001, .seeds = 1}, random);
  for (LawRun& r : runs)
    if (r.at.x[kParams] > 1e8) r.log_answer += 0.1;
  const LawFit f = fit(runs);
  const Reach r = reach_of(f);
  EXPECT_FALSE(r.foretold());
  EXPECT_GT(r.runs, 0u);
  EXPECT_NE(reach_text(f, r).find("too few, the intervals below do not hold beyond the runs"),
            std::string::npos);
}

TEST(Reach, OfARefusedFormOrTooFewSizesIsNone) {
  Random random(3);
  const LawFit bad = fit(test::draw_ladder({.noise = 0.001, .broken = true}, random));
  ASSERT_TRUE(bad.lack.refused());
  EXPECT_EQ(reach_of(bad).runs, 0u);
  EXPECT_EQ(reach_text(bad, reach_of(bad)),
            "how far: not beyond these runs, since the form does not hold");
  const LawFit few = fit(test::draw_ladder({.noise = 0.001, .sizes = 3}, random));
  EXPECT_EQ(reach_of(few).runs, 0u);
  EXPECT_NE(reach_text(few, reach_of(few)).find("extrapolation has not been tried"),
            std::string::npos);
}

// Large runs stray three times as far: intervals of small ones must not pay for them.
TEST(Spread, OfHubersSumIsThatOfNearRuns) {
  Random random(4);
  int covered = 0, small_covered = 0;
  double wide = 0, narrow = 0;
  const int times = 200;
  for (int i = 0; i < times; ++i) {
    std::vector<LawRun> runs = test::draw_ladder({.noise = 0, .sizes = 24, .seeds = 1}, random);
    const auto noise = [&](double n) { return (n > 1e8 ? 0.009 : 0.003) * random.normal(); };
    for (LawRun& r : runs) r.log_answer += noise(r.at.x[kParams]);
    const LawFit f = fit(runs, FitObjective::kHuber);
    const Prediction large = predict(f, test::input_of(3e8, 6e9), IntervalKind::kDelta);
    const Prediction small = predict(f, test::input_of(1e7, 2e8), IntervalKind::kDelta);
    covered += test::holds(large.run, std::exp(test::true_log_loss({}, 3e8, 6e9) + noise(3e8)));
    small_covered +=
        test::holds(small.run, std::exp(test::true_log_loss({}, 1e7, 2e8) + noise(1e7)));
    wide += large.run.high / large.run.low - 1;
    narrow += small.run.high / small.run.low - 1;
  }
  EXPECT_GE(covered, times * 90 / 100);
  EXPECT_GE(small_covered, times * 90 / 100);
  EXPECT_GT(wide, 1.7 * narrow);
}

// x^2 from far away: every step halves x, and 400 of them do not arrive.
TEST(Descent, SaysWhenItHasNotEnded) {
  const LawModel model{1, 1, [](std::span<const double> x, double* value, double* slope) {
                         value[0] = x[0] * x[0];
                         if (slope) slope[0] = 2 * x[0];
                       }};
  const std::vector<double> zero = {0};
  EXPECT_FALSE(least_squares(model, zero, {1e70}).converged);
  const LawModel plain{1, 1, [](std::span<const double> x, double* value, double* slope) {
                         value[0] = x[0];
                         if (slope) slope[0] = 1;
                       }};
  const std::vector<double> two = {2};
  EXPECT_TRUE(least_squares(plain, two, {1}).converged);
  Random random(5);
  EXPECT_TRUE(fit(test::draw_ladder({}, random)).converged);
  EXPECT_TRUE(fit(test::draw_ladder({}, random), FitObjective::kHuber).converged);
}
}  // namespace
}  // namespace cambium::reach_test
