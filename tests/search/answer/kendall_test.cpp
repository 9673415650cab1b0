#include "search/answer/kendall.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "core/rng.h"
#include "tests/support/expect_error.h"

namespace cambium::kendall_test {
namespace {
using Values = std::vector<double>;

// By looking at each pair.
std::optional<double> by_pairs(const Values& a, const Values& b) {
  double agree = 0, in_a = 0, in_b = 0;
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < i; ++j) {
      const int x = (a[i] > a[j]) - (a[i] < a[j]), y = (b[i] > b[j]) - (b[i] < b[j]);
      agree += x * y;
      in_a += x != 0;
      in_b += y != 0;
    }
  if (in_a == 0 || in_b == 0) return std::nullopt;
  return agree / std::sqrt(in_a * in_b);
}

// scipy 1.10.1: scipy.stats.kendalltau(a, b)[0]
TEST(KendallTau, IsScipys) {
  EXPECT_NEAR(
      *kendall_tau(Values{3, 1, 4, 1, 5, 9, 2, 6, 5, 3}, Values{2, 7, 1, 8, 2, 8, 1, 8, 2, 8}),
      0.13041013273932525, 1e-15);
  EXPECT_NEAR(*kendall_tau(Values{12, 2, 1, 12, 2}, Values{1, 4, 7, 1, 0}), -0.4714045207910316,
              1e-15);
  Values a, b, square, wave;
  for (int i = 0; i < 200; ++i) {
    a.push_back(i * 37 % 101);
    b.push_back((i * i * 13 + 5 * i) % 23);
    square.push_back(0.25 * i * i);
    wave.push_back(0.25 * i * i + i * 71 % 199 * 40.0);
  }
  EXPECT_NEAR(*kendall_tau(a, b), -0.02611024910414175, 1e-15);
  EXPECT_NEAR(*kendall_tau(square, wave), 0.5541345261680359, 1e-15);
  EXPECT_EQ(kendall_tau(Values{0, 1, HUGE_VAL}, Values{1, 2, 3}), 1.0);
}

TEST(KendallTau, IsThatOfAllPairs) {
  Random random(1);
  for (int k = 0; k < 300; ++k) {
    const size_t n = 2 + random.below(30);
    const uint32_t values = 1 + random.below(12);
    Values a(n), b(n);
    for (size_t i = 0; i < n; ++i) {
      a[i] = random.below(values);
      b[i] = random.below(2) ? a[i] : random.below(7);
    }
    const std::optional<double> expected = by_pairs(a, b), found = kendall_tau(a, b);
    ASSERT_EQ(found.has_value(), expected.has_value());
    if (expected) {
      EXPECT_NEAR(*found, *expected, 1e-14);
    }
  }
}

TEST(KendallTau, OfOneValueAloneIsNone) {
  EXPECT_FALSE(kendall_tau(Values{}, Values{}));
  EXPECT_FALSE(kendall_tau(Values{1}, Values{2}));
  EXPECT_FALSE(kendall_tau(Values{1, 1, 1}, Values{1, 2, 3}));
  EXPECT_FALSE(kendall_tau_interval(Values{1, 2, 3}, Values{2, 2, 2}));
}

TEST(KendallTau, RefusesNanAndUnequalSizes) {
  EXPECT_STREQ(test::error_of<InternalError>([] {
                 kendall_tau(Values{1, NAN}, Values{1, 2});
               }).what(),
               "Kendall tau of NaN");
  EXPECT_STREQ(test::error_of<InternalError>([] {
                 kendall_tau(Values{1}, Values{1, 2});
               }).what(),
               "Kendall tau of 1 and 2 values");
}

// Pairs of normal numbers of correlation r have tau 2/pi asin r (Greiner 1909).
TEST(KendallTau, IntervalsCoverTheTruth) {
  for (const size_t n : {6, 9, 25})
    for (const double r : {0.0, 0.6, 0.95}) {
      const double truth = 2 / std::numbers::pi * std::asin(r);
      const int repeats = 300;
      int covered = 0;
      for (int k = 0; k < repeats; ++k) {
        Random random(uint64_t(k), stream_of("test.kendall"));
        Values a, b;
        for (size_t i = 0; i < n; ++i) {
          a.push_back(random.normal());
          b.push_back(r * a.back() + std::sqrt(1 - r * r) * random.normal());
        }
        const KendallTau t = kendall_tau_interval(a, b, 0, 400).value();
        EXPECT_LE(t.interval->low, t.tau);
        EXPECT_GE(t.interval->high, t.tau);
        covered += t.interval->low <= truth && truth <= t.interval->high;
      }
      EXPECT_GE(covered, 0.92 * repeats) << n << " of correlation " << r;
    }
}

TEST(KendallTau, AFewInOneOrderDoNotShowThatAllAre) {
  const KendallTau five =
      kendall_tau_interval(Values{1, 2, 3, 4, 5}, Values{1, 2, 3, 4, 6}).value();
  EXPECT_EQ(five.tau, 1);
  EXPECT_EQ(five.n, 5);
  EXPECT_NEAR(five.interval->low, std::tanh(std::atanh(0.9) - 1.959964 * std::sqrt(0.437)), 1e-6);
  EXPECT_EQ(five.interval->high, 1);
  EXPECT_FALSE(kendall_tau_interval(Values{1, 2, 3, 4}, Values{1, 2, 4, 3})->interval);
}

TEST(KendallTau, IntervalsAreAFunctionOfTheSeed) {
  const Values a = {3, 1, 4, 1, 5, 9, 2, 6}, b = {2, 7, 1, 8, 2, 8, 1, 8};
  EXPECT_EQ(kendall_tau_interval(a, b, 1)->interval, kendall_tau_interval(a, b, 1)->interval);
}
}  // namespace
}  // namespace cambium::kendall_test
