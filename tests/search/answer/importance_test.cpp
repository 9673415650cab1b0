#include "search/answer/importance.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "search/space/space_reader.h"

namespace cambium::importance_test {
namespace {
Space space_of(const std::string& yaml) {
  const Yaml root = parse_yaml(yaml, "s.yaml");
  return Space(read_dimensions(*root.find("space"), {}), {}, {}, root.mark);
}

const Importance& of(const std::vector<Importance>& all, const std::string& what) {
  const auto found = std::ranges::find(all, what, &Importance::what);
  if (found == all.end()) throw std::logic_error("no importance of " + what);
  return *found;
}

TEST(OmegaSquared, MatchesAByHandExample) {
  // 2 within groups, over 6 - 3 degrees of freedom: noise 2/3.
  const std::vector<double> v = {1, 1, 3, 3, 5, 7};
  const std::vector<size_t> g = {0, 0, 1, 1, 2, 2};
  const double between =
      2 * (7.0 / 3) * (7.0 / 3) + 2 * (1.0 / 3) * (1.0 / 3) + 2 * (8.0 / 3) * (8.0 / 3);
  EXPECT_NEAR(omega_squared(v, g), (between - 2 * 2.0 / 3) / (between + 2 + 2.0 / 3), 1e-12);
  EXPECT_EQ(omega_squared(std::vector<double>{2, 2, 2}, std::vector<size_t>{0, 1, 1}), 0);
}

// A choice that makes half of the variance, one that makes none: the intervals hold the truth.
TEST(Importance, IntervalsCoverTheTruth) {
  const Space space = space_of("space: {half: [a, b], none: [a, b, c], x: {float: [0, 1]}}");
  int half = 0, none = 0;
  const int repeats = 150;
  for (int k = 0; k < repeats; ++k) {
    Random random(uint64_t(k), stream_of("test.importance"));
    std::vector<SpacePoint> points;
    std::vector<double> values;
    for (int i = 0; i < 80; ++i) {
      points.push_back(space.draw(random));
      values.push_back(2.0 * double(points.back().genes[0].index) + random.normal());
    }
    const std::vector<Importance> all = importances(space, points, values, 1, 200);
    const Interval h = of(all, "half").interval, n = of(all, "none").interval;
    half += h.low <= 0.5 && h.high >= 0.5;
    none += n.low <= 0;
    EXPECT_EQ(all[0].what, "half");
  }
  EXPECT_GE(half, 0.9 * repeats);
  EXPECT_GE(none, 0.9 * repeats);
}

TEST(Importance, OfPatternsIsOfPlacesOrOfLettersAndLength) {
  Random random(3);
  const auto shares = [&](const std::string& yaml, const auto& value) {
    const Space space = space_of(yaml);
    std::vector<SpacePoint> points;
    std::vector<double> values;
    for (int i = 0; i < 100; ++i) {
      points.push_back(space.draw(random));
      values.push_back(value(points.back().genes[0].letters));
    }
    return importances(space, points, values, 0, 50);
  };
  const auto fixed = shares("space: {p: {pattern: ABC, length: 4}}",
                            [](const std::string& s) { return s[2] == 'B' ? 1.0 : 0.0; });
  EXPECT_EQ(fixed.size(), 4u);
  EXPECT_EQ(fixed[0].what, "p[2]");
  EXPECT_GT(fixed[0].share, 0.99);
  const auto free = shares("space: {p: {pattern: AB, length: 1..6}}",
                           [](const std::string& s) { return double(std::ranges::count(s, 'A')); });
  EXPECT_EQ(free[0].what, "A in p");
  of(free, "length of p");
}

TEST(Importance, LeavesOutWhatNeverVaries) {
  const Space space =
      space_of("space: {one: [a], two: [a, b], w: {when: two == b, float: [0, 1]}}");
  Random random(4);
  std::vector<SpacePoint> points;
  std::vector<double> values;
  for (int i = 0; i < 40; ++i) {
    points.push_back(space.draw(random));
    values.push_back(random.normal());
  }
  EXPECT_EQ(importances(space, points, values, 0, 20).size(), 2u);
  points.resize(5);
  EXPECT_TRUE(importances(space, points, std::span(values).first(5)).empty());
}
}  // namespace
}  // namespace cambium::importance_test
