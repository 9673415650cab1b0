#include "search/answer/front.h"

#include <algorithm>
#include <limits>

#include <gtest/gtest.h>

#include "core/rng.h"

namespace cambium::front_test {
namespace {
std::vector<Losses> drawn(Random& random, int n, int objectives) {
  std::vector<Losses> out;
  for (int i = 0; i < n; ++i) {
    Losses l;
    for (int m = 0; m < objectives; ++m) l.values.push_back(double(random.below(6)));
    if (random.below(8) == 0) l.violation = 1 + random.below(2);
    if (random.below(12) == 0) l = {{}, std::numeric_limits<double>::infinity()};
    out.push_back(std::move(l));
  }
  return out;
}

// The definition, without any order: peel off what none of the rest dominates.
std::vector<int64_t> peeled(const std::vector<Losses>& results) {
  std::vector<int64_t> numbers(results.size(), -1);
  for (int64_t f = 0; std::ranges::count(numbers, -1) > 0; ++f) {
    std::vector<size_t> front;
    for (size_t i = 0; i < results.size(); ++i) {
      bool beaten = numbers[i] >= 0;
      for (size_t j = 0; j < results.size(); ++j)
        beaten = beaten || (numbers[j] < 0 && dominates(results[j], results[i]));
      if (!beaten) front.push_back(i);
    }
    for (const size_t i : front) numbers[i] = f;
  }
  return numbers;
}

TEST(Front, NumbersAreThoseOfTheDefinition) {
  Random random(1);
  for (int k = 0; k < 60; ++k) {
    const std::vector<Losses> results = drawn(random, 40, 1 + k % 4);
    EXPECT_EQ(front_numbers(results), peeled(results)) << k % 4 + 1 << " objectives";
  }
}

TEST(Front, HoldsEqualResultsAndNoViolations) {
  const std::vector<Losses> results = {{{2, 1}}, {{1, 2}}, {{2, 1}}, {{2, 2}}, {{0, 0}, 1}};
  EXPECT_EQ(front_of(results), (std::vector<size_t>{1, 0, 2}));
}

TEST(Room, IsInfiniteAtTheEnds) {
  const std::vector<Losses> front = {{{0, 4}}, {{1, 2}}, {{3, 1}}, {{4, 0}}};
  const std::vector<double> room = room_around(front);
  EXPECT_EQ(room[0], std::numeric_limits<double>::infinity());
  EXPECT_EQ(room[3], std::numeric_limits<double>::infinity());
  EXPECT_DOUBLE_EQ(room[1], 3.0 / 4 + 3.0 / 4);
  EXPECT_DOUBLE_EQ(room[2], 3.0 / 4 + 2.0 / 4);
}

TEST(Hypervolume, CountsUnitCells) {
  Random random(2);
  for (const int objectives : {2, 3})
    for (int k = 0; k < 30; ++k) {
      std::vector<std::vector<double>> points;
      for (int i = 0; i < 12; ++i) {
        std::vector<double> p;
        for (int m = 0; m < objectives; ++m) p.push_back(double(random.below(8)));
        points.push_back(std::move(p));
      }
      const std::vector<double> reference(size_t(objectives), 6.0);
      int64_t cells = 0;
      for (int c = 0; c < (objectives == 2 ? 36 : 216); ++c) {
        const std::vector<double> cell = {double(c % 6), double(c / 6 % 6), double(c / 36)};
        cells += std::ranges::any_of(points, [&](const std::vector<double>& p) {
          for (size_t m = 0; m < p.size(); ++m)
            if (p[m] > cell[m]) return false;
          return true;
        });
      }
      EXPECT_EQ(hypervolume(points, reference), double(cells)) << objectives << " objectives";
    }
}
}  // namespace
}  // namespace cambium::front_test
