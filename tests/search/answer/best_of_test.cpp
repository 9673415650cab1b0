#include "search/answer/best_of.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/table_searches.h"

namespace cambium::best_of_test {
namespace {
// Dunnett 1955, JASA 50:1096, table 1a: one-sided, 95 and 99 %.
TEST(Dunnett, MatchesTables) {
  EXPECT_NEAR(dunnett_quantile(0.95, 2, 10), 1.81, 0.005);
  EXPECT_NEAR(dunnett_quantile(0.95, 3, 10), 2.15, 0.01);
  EXPECT_NEAR(dunnett_quantile(0.95, 4, 10), 2.34, 0.01);
  EXPECT_NEAR(dunnett_quantile(0.95, 3, 20), 2.03, 0.01);
  EXPECT_NEAR(dunnett_quantile(0.95, 10, 20), 2.60, 0.01);
  EXPECT_NEAR(dunnett_quantile(0.99, 4, 20), 2.97, 0.02);
}

TEST(BestOf, NamesWhatIsFarInFrontAndKeepsWhatIsNear) {
  const std::vector<std::vector<double>> far = {{1.0, 1.1, 0.9}, {3.0, 3.2, 2.9}, {1.2, 1.1, 1.0}};
  EXPECT_EQ(best_of(far).named, 1u);
  EXPECT_LT(best_of(far).to_best[0].high, 1e-9);
  EXPECT_GT(best_of(far).to_best[1].high, 1);
  const std::vector<std::vector<double>> near = {{1.0, 1.1, 0.9}, {1.1, 0.9, 1.1}, {-9, -9.1, -9}};
  EXPECT_EQ(best_of(near).kept, (std::vector<size_t>{0, 1}));
  EXPECT_FALSE(best_of(near).named);
}

TEST(BestOf, CannotTellEqualOnesOrOneSeed) {
  EXPECT_EQ(best_of(std::vector<std::vector<double>>{{1, 2}, {1, 2}}).kept.size(), 2u);
  EXPECT_EQ(best_of(std::vector<std::vector<double>>{{1}, {2}}).kept.size(), 2u);
  EXPECT_EQ(best_of(std::vector<std::vector<double>>{{1, 2}}).named, 0u);
}

TEST(BestOf, KeepsAllOfFewerSeedsThanAClaimTakes) {
  const std::vector<std::vector<double>> two = {{1, 1.1}, {9, 9.1}, {2, 2.2}};
  EXPECT_EQ(best_of(two).named, 1u);
  EXPECT_EQ(best_of(two, 0.05, 3).kept.size(), 3u);
  EXPECT_FALSE(best_of(two, 0.05, 3).named);
}

TEST(BestOf, WhatSeedsShareCancels) {
  const std::vector<std::vector<double>> v = {{10, 20, 30}, {11, 21.01, 31}};
  EXPECT_EQ(best_of(v).named, 1u);
}

// Finalists' true means are those of the published table, among which many are equal.
TEST(BestOf, NamesAWrongOneInAtMostOneOfTwenty) {
  if (test::skip_without(test::macro_table())) return;
  const test::NamedShare near = test::named_by_fresh_seeds(300, 0);
  EXPECT_LE(near.wrong, 0.05 + 3 * std::sqrt(0.05 * 0.95 / 300));
  const test::NamedShare apart = test::named_by_fresh_seeds(300, 3);
  EXPECT_LE(apart.wrong, 0.05 + 3 * std::sqrt(0.05 * 0.95 / 300));
  EXPECT_GE(apart.right, 0.8);
}
}  // namespace
}  // namespace cambium::best_of_test
