// The vector forms of exp, log, tanh and erf against the C library in double.
#include "ops/support/simd_math.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace cambium::simd_math_test {
namespace {
// The largest |f(x) - exact(x)| over [lo, hi] relative to max(|exact|, floor).
template <class F, class E> double worst_error(double lo, double hi, double floor, F f, E exact) {
  double worst = 0;
  for (int i = 0; i <= 100000; ++i) {
    const auto x = float(lo + (hi - lo) * i / 100000);
    const double want = exact(double(x));
    worst = std::max(worst, std::abs(double(f(x)) - want) / std::max(std::abs(want), floor));
  }
  return worst;
}

TEST(SimdMath, ExpIsAccurate) {
  EXPECT_LT(
      worst_error(
          -87, 88, 0, [](float x) { return simd_exp(x); }, [](double x) { return std::exp(x); }),
      3e-7);
}

TEST(SimdMath, ExpHandlesTheEnds) {
  EXPECT_EQ(simd_exp(0), 1.0f);
  EXPECT_EQ(simd_exp(100), INFINITY);
  EXPECT_EQ(simd_exp(INFINITY), INFINITY);
  EXPECT_EQ(simd_exp(-INFINITY), 0.0f);
  EXPECT_NEAR(simd_exp(-100) / 3.783506e-44, 1, 0.05);  // a denormal
  EXPECT_TRUE(std::isnan(simd_exp(NAN)));
}

TEST(SimdMath, LogIsAccurate) {
  const auto exact = [](double x) { return std::log(x); };
  EXPECT_LT(worst_error(
                1e-3, 4, 1e-2, [](float x) { return simd_log(x); }, exact),
            3e-7);
  EXPECT_LT(worst_error(
                4, 1e6, 0, [](float x) { return simd_log(x); }, exact),
            3e-7);
  EXPECT_NEAR(simd_log(1e-40f), -92.1034, 1e-3);
}

TEST(SimdMath, LogHandlesTheEnds) {
  EXPECT_EQ(simd_log(1), 0.0f);
  EXPECT_EQ(simd_log(0), -INFINITY);
  EXPECT_EQ(simd_log(INFINITY), INFINITY);
  EXPECT_TRUE(std::isnan(simd_log(-1)));
  EXPECT_TRUE(std::isnan(simd_log(NAN)));
}

TEST(SimdMath, TanhIsAccurateNearZeroToo) {
  const auto exact = [](double x) { return std::tanh(x); };
  EXPECT_LT(worst_error(
                -12, 12, 0, [](float x) { return simd_tanh(x); }, exact),
            4e-7);
  EXPECT_LT(worst_error(
                -1e-3, 1e-3, 1e-30, [](float x) { return simd_tanh(x); }, exact),
            4e-7);
  EXPECT_EQ(simd_tanh(50), 1.0f);
  EXPECT_EQ(simd_tanh(-INFINITY), -1.0f);
  EXPECT_TRUE(std::isnan(simd_tanh(NAN)));
}

TEST(SimdMath, ErfIsAccurate) {
  EXPECT_LT(
      worst_error(
          -5, 5, 0, [](float x) { return simd_erf(x); }, [](double x) { return std::erf(x); }),
      4e-7);
  EXPECT_EQ(simd_erf(INFINITY), 1.0f);
  EXPECT_TRUE(std::isnan(simd_erf(NAN)));
}

TEST(SimdMath, SigmoidKeepsItsTails) {
  EXPECT_EQ(simd_sigmoid(0), 0.5f);
  EXPECT_NEAR(simd_sigmoid(-20) / 2.0611537e-9, 1, 1e-6);
  EXPECT_EQ(simd_sigmoid(200), 1.0f);
  EXPECT_EQ(simd_sigmoid(-200), 0.0f);
}
}  // namespace
}  // namespace cambium::simd_math_test
