// What uniform draws would have found, against every way to draw.
#include "search/replay/progress.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "search/answer/front.h"

namespace cambium::progress_test {
namespace {
// The value of every subset of n, sorted.
template <class F> std::vector<double> of_all_subsets(size_t all, int n, const F& value) {
  std::vector<double> out;
  for (uint32_t bits = 0; bits < (1u << all); ++bits) {
    if (std::popcount(bits) != n) continue;
    std::vector<size_t> drawn;
    for (size_t i = 0; i < all; ++i)
      if (bits >> i & 1) drawn.push_back(i);
    out.push_back(value(drawn));
  }
  std::ranges::sort(out);
  return out;
}

TEST(DrawnLeast, IsThatOfAllWaysToDraw) {
  std::vector<double> values;
  for (int i = 0; i < 16; ++i) values.push_back(std::fmod(i * 7.3, 16));
  values[3] = values[5] = NAN;
  for (const int64_t n : {1, 2, 5, 16}) {
    std::vector<double> all = of_all_subsets(16, int(n), [&](const std::vector<size_t>& drawn) {
      double least = HUGE_VAL;
      for (size_t i : drawn) least = std::fmin(least, values[i]);
      return least;
    });
    while (!all.empty() && all.back() == HUGE_VAL) all.pop_back();  // nothing but failed ones
    const DrawnBest got = drawn_least(values, {&n, 1})[0];
    EXPECT_NEAR(got.mean, std::accumulate(all.begin(), all.end(), 0.0) / double(all.size()), 1e-12);
    const auto rank = [&](double share) {
      return all[size_t(std::ceil(share * double(all.size()) - 1e-9)) - 1];
    };
    EXPECT_EQ(got.low, rank(0.025)) << n;
    EXPECT_EQ(got.high, rank(0.975)) << n;
  }
}

TEST(DrawnHypervolumes, MeetThoseOfAllWaysToDraw) {
  const std::vector<std::vector<double>> results = {{1, 5}, {2, 3}, {4, 1}, {3, 3},
                                                    {},     {5, 5}, {9, 0}, {2, 4}};
  const std::vector<double> reference = {6, 6};
  const std::vector<int64_t> counts = {1, 3, 8};
  const std::vector<DrawnBest> got = drawn_hypervolumes(results, counts, reference, 20'000);
  for (size_t c = 0; c < counts.size(); ++c) {
    const std::vector<double> all =
        of_all_subsets(results.size(), int(counts[c]), [&](const std::vector<size_t>& drawn) {
          std::vector<std::vector<double>> of;
          for (size_t i : drawn) of.push_back(results[i]);
          return hypervolume(of, reference);
        });
    const double mean = std::accumulate(all.begin(), all.end(), 0.0) / double(all.size());
    EXPECT_NEAR(got[c].mean, mean, 0.15) << counts[c];
    EXPECT_EQ(got[c].low, all[size_t(std::ceil(0.025 * double(all.size()))) - 1]) << counts[c];
  }
  EXPECT_EQ(got[2].low, got[2].high);
  EXPECT_DOUBLE_EQ(got[2].mean, hypervolume(results, reference));
  EXPECT_NEAR(mean_random_hypervolume(results, 3, reference, 20'000), got[1].mean, 0.15);
}

TEST(Progress, OfOneObjectiveIsTheLeastSoFar) {
  const std::vector<std::vector<double>> found = {{}, {5}, {7}, {2}, {}, {3}};
  const std::vector<std::vector<double>> all = {{5}, {7}, {2}, {3}, {}};
  const std::vector<ProgressPoint> p = progress_of(found, all, {});
  ASSERT_EQ(p.size(), 6u);
  EXPECT_TRUE(std::isnan(p[0].found));
  for (size_t i : {1, 2}) EXPECT_EQ(p[i].found, 5);
  for (size_t i : {3, 4, 5}) EXPECT_EQ(p[i].found, 2);
  EXPECT_TRUE(p[4].random);
  EXPECT_FALSE(p[5].random) << "there are no six to draw";
  EXPECT_FALSE(progress_of(found, {}, {})[0].random);
}

TEST(Progress, OfTwoObjectivesIsTheHypervolumeOfWhatWasFound) {
  const std::vector<std::vector<double>> found = {{4, 4}, {}, {1, 5}, {5, 5}, {3, 3}};
  const std::vector<double> reference = {6, 6};
  const std::vector<ProgressPoint> p = progress_of(found, found, reference);
  ASSERT_EQ(p.size(), 5u);
  for (size_t i = 0; i < p.size(); ++i)
    EXPECT_DOUBLE_EQ(p[i].found, hypervolume(std::span(found).first(i + 1), reference));
}

TEST(Progress, CountsRiseAndEndAtAll) {
  for (int64_t trials : {1, 2, 7, 99, 100, 12'345, 1'000'000}) {
    const std::vector<int64_t> counts = progress_counts(trials);
    EXPECT_EQ(counts.front(), 1);
    EXPECT_EQ(counts.back(), trials);
    EXPECT_LE(counts.size(), 100u);
    EXPECT_TRUE(std::ranges::is_sorted(counts, std::less_equal{}));
  }
  EXPECT_TRUE(progress_counts(0).empty());
}
}  // namespace
}  // namespace cambium::progress_test
