// Lines of a law for pictures: which, and that they are the law's.
#include "search/laws/answers/law_lines.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/text/fmt.h"
#include "tests/search/laws/support.h"

namespace cambium::law_lines_test {
namespace {
using Fixed = LawLine::Fixed;

std::string points_of(const std::vector<LawRun>& runs) {
  std::string text = "params,tokens,loss\n";
  for (const LawRun& r : runs)
    text +=
        fmt::format("{},{},{:.10g}\n", r.at.x[kParams], r.at.x[kTokens], std::exp(r.log_answer));
  return text;
}

ScaleAnswer answer_of(const std::vector<LawRun>& runs, const ScaleSettings& settings = {}) {
  return scale_points(parse_points(points_of(runs), "p.csv", {}), settings);
}

std::vector<LawRun> ladder(const test::Ladder& l) {
  Random random(1);
  return test::draw_ladder(l, random);
}

TEST(LawLines, AreAtTheRatiosThatTheRunsShare) {
  const ScaleAnswer a = answer_of(ladder({.noise = 0.001}));
  const std::vector<LawLine> lines = law_lines(a.groups[0], a.table);
  ASSERT_EQ(lines.size(), 5u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(lines[i].fixed, Fixed::kTokensPerParam);
    EXPECT_NEAR(lines[i].at, 5 << i, 1e-6);
    for (size_t k = 0; k < lines[i].inputs.size(); ++k) {
      const LawInput& at = lines[i].inputs[k];
      EXPECT_NEAR(at.x[kTokens] / at.x[kParams], lines[i].at, 1e-6);
      EXPECT_NEAR(at.x[kFlops], 6 * at.x[kTokens] * at.x[kParams], 1e-6 * at.x[kFlops]);
      EXPECT_DOUBLE_EQ(lines[i].said[k].value, law_value(*a.law, a.groups[0].fit.theta, at));
      EXPECT_LE(lines[i].said[k].run.low, lines[i].said[k].curve.low);
      EXPECT_GE(lines[i].said[k].run.high, lines[i].said[k].curve.high);
    }
  }
  EXPECT_LT(lines[0].inputs.front().x[kParams], 1e7) << "beyond the runs at both ends";
  EXPECT_GT(lines[0].inputs.back().x[kParams], 3e8);
}

TEST(LawLines, TheBestSplitIsThatOfTheAllocations) {
  const ScaleAnswer a = answer_of(ladder({.noise = 0.001}));
  const GroupAnswer& g = a.groups[0];
  ASSERT_EQ(g.allocations.size(), 3u);
  const LawLine best = law_lines(g, a.table).back();
  EXPECT_EQ(best.fixed, Fixed::kBestSplit);
  EXPECT_NEAR(best.inputs.back().x[kFlops] / g.allocations[2].flops, 1, 1e-9);
  EXPECT_NEAR(best.inputs.back().x[kParams] / g.allocations[2].params.value, 1, 1e-6);
  EXPECT_NEAR(best.said.back().value, g.allocations[2].loss.value, 1e-6);
  const std::optional<AllocationLine> line = allocation_line(g, a.table);
  ASSERT_TRUE(line);
  EXPECT_NEAR(line->params.back().interval.high / g.allocations[2].params.interval.high, 1, 1e-6);
  EXPECT_NEAR(line->tokens.back().interval.low / g.allocations[2].tokens.interval.low, 1, 1e-6);
  // Any other split of the same compute loses more.
  const LawInput& at = best.inputs[10];
  for (double factor : {0.8, 1.25})
    EXPECT_GT(law_value(*a.law, g.fit.theta,
                        test::input_of(factor * at.x[kParams], at.x[kTokens] / factor)),
              best.said[10].value);
}

TEST(LawLines, OfAFormThatFailsStayWithinTheRuns) {
  const ScaleAnswer a =
      answer_of(ladder({.noise = 0.0002, .seeds = 3, .broken = true}), {.hold_out_largest = true});
  ASSERT_TRUE(a.groups[0].fit.lack.refused());
  const std::vector<LawLine> lines = law_lines(a.groups[0], a.table);
  ASSERT_FALSE(lines.empty());
  for (const LawLine& l : lines) {
    EXPECT_NE(l.fixed, Fixed::kBestSplit);
    EXPECT_GE(l.inputs.front().x[kParams], 1e7 * (1 - 1e-9));
    EXPECT_LE(l.inputs.back().x[kParams], 1e7 * std::pow(30.0, 4 / 5.0) * (1 + 1e-9));
  }
  EXPECT_FALSE(allocation_line(a.groups[0], a.table));
}

TEST(LawLines, WhereTokensFollowParametersThereIsOne) {
  Random random(4);
  std::vector<LawRun> runs;
  for (double n = 1e7; n < 3e8; n *= 1.6)
    runs.push_back({test::input_of(n, 20 * n),
                    std::log(1.8 + 500 / std::pow(n, .35)) + 0.001 * random.normal()});
  const ScaleAnswer a = answer_of(runs, {.law = "chinchilla"});
  const std::vector<LawLine> lines = law_lines(a.groups[0], a.table);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].fixed, Fixed::kTied);
  for (const LawInput& at : lines[0].inputs) EXPECT_NEAR(at.x[kTokens] / at.x[kParams], 20, 1e-3);
}

TEST(LawLines, ScatteredRunsHaveLinesBetweenThem) {
  Random random(2);
  std::vector<LawRun> runs;
  const test::Ladder l{.noise = 0.001};
  for (int i = 0; i < 400; ++i) {
    const double n = 1e7 * std::pow(30.0, random.uniform()),
                 d = 1e8 * std::pow(100.0, random.uniform());
    runs.push_back(
        {test::input_of(n, d), test::true_log_loss(l, n, d) + l.noise * random.normal()});
  }
  const ScaleAnswer a = answer_of(runs);
  const std::vector<LawLine> lines = law_lines(a.groups[0], a.table);
  ASSERT_GE(lines.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(lines[i].fixed, Fixed::kTokens);
    EXPECT_GT(lines[i].at, i > 0 ? lines[i - 1].at : 1e8);
  }
}

TEST(LawLines, OfOneQuantityIsOne) {
  const ScaleAnswer a = answer_of(ladder({.noise = 0.001}), {.law = "params"});
  const std::vector<LawLine> lines = law_lines(a.groups[0], a.table);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].fixed, Fixed::kNothing);
}
}  // namespace
}  // namespace cambium::law_lines_test
