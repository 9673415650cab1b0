// Draws of mixtures: what they hold to, and that they are those of a Dirichlet distribution.
#include "search/mixtures/fit/draws.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace cambium::draws_test {
namespace {
TEST(MixtureDraws, AreDifferentWholeMixtures) {
  const MixtureDraws d{.around = {0.7, 0.2, 0.1, 0}};
  const auto drawn = draw_mixtures(d, 200, 1);
  for (size_t i = 0; i < drawn.size(); ++i) {
    double sum = 0;
    for (const double s : drawn[i]) {
      sum += s;
      EXPECT_NEAR(s / kShareUnit, std::round(s / kShareUnit), 1e-6);
      EXPECT_GE(s, 0);
    }
    EXPECT_NEAR(sum, 1, 1e-12);
    EXPECT_EQ(drawn[i][3], 0);
    for (size_t k = 0; k < i; ++k) EXPECT_NE(drawn[i], drawn[k]);
  }
  const auto fewer = draw_mixtures(d, 50, 1);
  EXPECT_TRUE(std::equal(fewer.begin(), fewer.end(), drawn.begin()));
  EXPECT_NE(draw_mixtures(d, 50, 2), fewer);
}

// Mean a / sum(a), variance m (1 - m) / (sum(a) + 1), within four standard errors.
TEST(MixtureDraws, HaveTheMomentsOfADirichlet) {
  const std::vector<double> around = {0.64, 0.32, 0.04};
  for (const double strength : {0.5, 3.0, 40.0}) {
    const MixtureDraws d{.around = around,
                         .temperature = 0.5,
                         .least_strength = strength,
                         .most_strength = strength,
                         .repeats = true};
    constexpr int kDraws = 20'000;
    const auto drawn = draw_mixtures(d, kDraws, 3);
    const double sum = std::sqrt(0.64) + std::sqrt(0.32) + std::sqrt(0.04);
    for (size_t s = 0; s < 3; ++s) {
      const double mean = std::sqrt(around[s]) / sum, variance = mean * (1 - mean) / (strength + 1);
      double total = 0, squares = 0;
      for (const auto& w : drawn) total += w[s];
      for (const auto& w : drawn) squares += std::pow(w[s] - mean, 2);
      EXPECT_NEAR(total / kDraws, mean, 4 * std::sqrt(variance / kDraws)) << strength;
      EXPECT_NEAR(squares / kDraws, variance, 0.06 * variance) << strength << " " << s;
    }
  }
}

TEST(MixtureDraws, KeepToTheirLimits) {
  MixtureDraws d{.around = {0.5, 0.5}, .most = {0.3, 1}};
  for (const auto& w : draw_mixtures(d, 30, 0)) EXPECT_LE(w[0], 0.3);
  d.most = {0.3, 0.6};
  const auto e = test::error_of([&] { draw_mixtures(d, 30, 0); });
  EXPECT_STREQ(e.what(),
               "of 6000 mixtures drawn 0 keep to what may be read of each source, and 30 "
               "are wanted");
}

TEST(MixtureDraws, RoundedSharesAddUpToOne) {
  const std::vector<double> r = rounded_shares({1.0 / 3, 1.0 / 3, 1.0 / 3});
  EXPECT_EQ(r, (std::vector<double>{0.3334, 0.3333, 0.3333}));
}
}  // namespace
}  // namespace cambium::draws_test
