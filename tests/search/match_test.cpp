#include "search/study/match.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace cambium::match_test {
namespace {
using test::error_of;

// The parameters of a transformer of this width; heads must divide it.
Measure quadratic(int64_t heads) {
  return [heads](int64_t d) -> std::optional<double> {
    if (d % heads != 0) return std::nullopt;
    return 12.0 * double(d) * double(d) + 100.0 * double(d);
  };
}

TEST(Match, FindsTheNearestWidth) {
  const double target = *quadratic(1)(77);
  EXPECT_EQ(match_value(quadratic(1), target, 0.01, "d", "parameters").value, 77);
  EXPECT_EQ(match_value(quadratic(1), target + 1, 0.01, "d", "parameters").value, 77);
}

TEST(Match, KeepsToWidthsThatCanBeBuilt) {
  const double target = *quadratic(1)(77);
  const Match m = match_value(quadratic(8), target, 0.2, "d", "parameters");
  EXPECT_EQ(m.value, 80);
  EXPECT_NEAR(m.deviation(), *quadratic(8)(80) / target - 1, 1e-12);
}

TEST(Match, WorksFromAnyStart) {
  for (int64_t start : {1, 7, 48, 96, 5000})
    EXPECT_EQ(match_value(quadratic(48), *quadratic(48)(96), 0.01, "d", "p", start).value, 96)
        << start;
}

TEST(Match, FindsTheEnds) {
  EXPECT_EQ(match_value(quadratic(1), 112, 0.01, "d", "p", 64, 100).value, 1);
  EXPECT_EQ(match_value(quadratic(1), *quadratic(1)(100), 0.01, "d", "p", 64, 100).value, 100);
}

TEST(Match, OutOfToleranceNamesTheNearest) {
  const auto e = error_of([] { match_value(quadratic(8), 75000, 0.03, "vars.dim", "parameters"); });
  EXPECT_STREQ(e.what(),
               "no vars.dim comes within 3 % of 75000 parameters; the nearest: vars.dim: 72 gives "
               "69408 parameters, vars.dim: 80 gives 84800 parameters");
}

TEST(Match, OfACostThatNoValueChangesIsAnError) {
  const Measure flat = [](int64_t) { return std::optional(10.0); };
  EXPECT_NE(std::string(error_of([&] { match_value(flat, 20, 0.03, "d", "p", 4, 64); }).what())
                .find("d: 64 gives 10 p"),
            std::string::npos);
}

TEST(Match, OfAModelThatNeverBuildsIsAnError) {
  const Measure none = [](int64_t) { return std::optional<double>(); };
  EXPECT_NE(std::string(error_of([&] { match_value(none, 20, 0.03, "d", "p", 4, 64); }).what())
                .find("can be built"),
            std::string::npos);
}

TEST(Match, MeasuresFewValues) {
  int calls = 0;
  const Measure counted = [&](int64_t d) {
    ++calls;
    return quadratic(1)(d);
  };
  match_value(counted, *quadratic(1)(777), 0.01, "d", "p");
  EXPECT_LE(calls, 24);
}
}  // namespace
}  // namespace cambium::match_test
