// What a law may say of runs that cannot tell it: nothing that the runs do not hold.
#include <gtest/gtest.h>

#include "core/text/fmt.h"
#include "search/laws/answers/scale.h"
#include "search/laws/fit/identify.h"
#include "tests/search/laws/support.h"
#include "tests/support/expect_error.h"

namespace cambium::telling_test {
namespace {
using Untested = LackOfFit::Untested;

double lawful(double params, double tokens) {
  return std::exp(test::true_log_loss({}, params, tokens));
}

// A table of 6 sizes at these tokens, two seeds each, of a loss with noise.
template <class Loss, class Tokens>
PointTable table_of(const Loss& loss, const Tokens& tokens, double noise = 0.003,
                    const std::string& group = "") {
  Random random(11);
  std::string text = "params,tokens,loss,seed,group\n";
  for (double params : {1e7, 2e7, 4e7, 8e7, 1.6e8, 3e8})
    for (double d : tokens(params))
      for (int seed : {0, 1})
        text += fmt::format("{},{},{:.9g},{},{}\n", params, d,
                            loss(params, d) * std::exp(noise * random.normal()), seed, group);
  return parse_points(text, "p.csv", {});
}

std::vector<double> twenty(double params) {
  return {20 * params};
}

std::vector<double> four(double params) {
  return {5 * params, 10 * params, 20 * params, 40 * params};
}

std::vector<double> grid(double) {
  return {2e8, 8e8, 3e9, 1e10};
}

std::string refusal(const PointTable& t, const ScaleSettings& s = {.draws = 0}) {
  return test::text_of(test::error_of([&] { scale_points(t, s); }));
}

TEST(Telling, QuantitiesThatVaryTogetherTellNoAllocation) {
  const ScaleAnswer a = scale_points(table_of(lawful, twenty), {.draws = 20});
  const GroupAnswer& g = a.groups[0];
  EXPECT_EQ(g.untold,
            "N and D vary together (D = 20 N): A, B, a, b and the allocation cannot be told; what "
            "is foretold holds along that line only");
  EXPECT_TRUE(g.parameters.empty());
  EXPECT_FALSE(g.params_exponent);
  EXPECT_TRUE(g.allocations.empty());
  const GroupAnswer apart = scale_points(table_of(lawful, four), {.draws = 20}).groups[0];
  EXPECT_EQ(apart.untold, "");
  EXPECT_EQ(apart.parameters.size(), 5u);
  EXPECT_EQ(apart.allocations.size(), 3u);
}

TEST(Telling, OffTheLineNothingIsForetold) {
  const auto tokens = [](double params) {
    return params > 2e8 ? std::vector{20 * params, 80 * params}
                        : std::vector{20 * params, 20 * params * 1.02};
  };
  const GroupAnswer g =
      scale_points(table_of(lawful, tokens), {.hold_out_largest = true, .draws = 0}).groups[0];
  EXPECT_NE(g.untold, "");
  EXPECT_EQ(g.held_out.size(), 1u);
  EXPECT_EQ(g.off_line, 2u);
  EXPECT_LT(std::abs(g.held_out.at(0).error()), 0.02);
}

TEST(Telling, RunsThatDifferInWhatTheLawIgnoresAreNoRepeats) {
  const PointTable t = table_of(lawful, grid);
  const GroupAnswer g = scale_points(t, {.law = "params", .draws = 0}).groups[0];
  EXPECT_EQ(g.fit.sites, 24u);
  EXPECT_LT(g.fit.lack.noise, 0.006);
  EXPECT_TRUE(g.fit.lack.refused());
  EXPECT_EQ(g.ignored,
            "tokens vary too (2e+08 to 1e+10) and law 'params' ignores them: what they change "
            "counts as noise or as the work of params; keep one value: --where 'tokens=VALUE', or "
            "take --law chinchilla");
  const GroupAnswer line =
      scale_points(table_of(lawful, twenty), {.law = "params", .draws = 0}).groups[0];
  EXPECT_EQ(line.ignored,
            "tokens vary with params (D = 20 N): the law is that of both along this line, not of "
            "params alone");
  EXPECT_EQ(scale_points(t, {.draws = 0}).groups[0].ignored, "");
}

TEST(Telling, WhyAFormCannotBeTestedIsSaid) {
  const auto why = [](const std::vector<LawRun>& runs) {
    return fit_law(law_named("chinchilla"), runs, FitObjective::kSquares).lack;
  };
  Random random(4);
  std::vector<LawRun> runs = test::draw_ladder({.seeds = 1}, random);
  EXPECT_EQ(why(runs).untested, Untested::kNoRepeats);
  std::vector<LawRun> copies = runs;
  copies.insert(copies.end(), runs.begin(), runs.end());
  EXPECT_EQ(why(copies).untested, Untested::kEqual);
  for (size_t i = 0; i < runs.size(); ++i) copies[i].log_answer += 1e-8;
  EXPECT_EQ(why(copies).untested, Untested::kRounding);
  // One pair that lies close by chance must not refuse a true form.
  runs.push_back(runs[3]);
  runs.back().log_answer += 1e-5;
  const LackOfFit pair = why(runs);
  EXPECT_EQ(pair.untested, Untested::kFewRepeats);
  EXPECT_EQ(pair.repeats, 1);
  EXPECT_EQ(pair.closest.x[kTokens], runs[3].at.x[kTokens]);
  EXPECT_FALSE(pair.refused());
  EXPECT_EQ(why(test::draw_ladder({}, random)).untested, Untested::kNo);
}

TEST(Telling, AColumnThatOthersMakeUpIsFound) {
  EXPECT_EQ(dependent_column({1, 2, 3, 2, 4, 1, 3, 6, 5}, 3), 1u);  // twice the first
  EXPECT_EQ(dependent_column({1, 0, 1, 0, 1, 1, 0, 0, 0}, 3), 2u);  // the sum of both
  EXPECT_EQ(dependent_column({1, 0, 0, 1, 1, 1}, 2), std::nullopt);
  EXPECT_EQ(dependent_column({0, 1, 0, 2}, 2), 0u);
}

TEST(Telling, LossesThatFollowNothingHaveNoLaw) {
  const auto flat = [](double, double) { return 3.0; };
  EXPECT_EQ(refusal(table_of(flat, grid, 0)), "1:15: every loss is 3: there is no law to fit");
  EXPECT_NE(refusal(table_of(flat, grid)).find("the loss does not fall with N beyond its noise"),
            std::string::npos);
  EXPECT_NE(refusal(table_of(flat, grid), {.law = "tokens", .draws = 0})
                .find("the loss does not fall with D beyond its noise"),
            std::string::npos);
  EXPECT_NE(
      refusal(table_of(flat, twenty)).find("the loss does not fall with N and D beyond its noise"),
      std::string::npos);
  EXPECT_NE(refusal(table_of(flat, twenty))
                .find("; they vary together (D = 20 N), and law 'chinchilla' has 5 parameters"),
            std::string::npos)
      << refusal(table_of(flat, twenty));
  const auto of_params = [](double n, double) { return 2 + 480 / std::pow(n, 0.35); };
  for (std::optional<FitObjective> kind : {FitObjective::kSquares, FitObjective::kHuber})
    EXPECT_NE(refusal(table_of(of_params, grid), {.objective = kind, .draws = 0})
                  .find("the loss does not fall with D beyond its noise"),
              std::string::npos);
  const auto rising = [](double n, double d) {
    return std::pow(n, 0.03) + 2100 / std::pow(d, 0.37);
  };
  EXPECT_NE(refusal(table_of(rising, grid)).find("the loss does not fall with N"),
            std::string::npos);
}

// A step at the least tokens is any steep power: no number is an exponent's only one.
TEST(Telling, ParametersThatTheRunsLeaveOpenAreWithheld) {
  const auto step = [](double n, double d) {
    return 2 + 480 / std::pow(n, 0.35) + (d < 3e8 ? 0.5 : 0);
  };
  const GroupAnswer g = scale_points(table_of(step, grid), {.draws = 20}).groups[0];
  EXPECT_TRUE(g.allocations.empty());
  EXPECT_FALSE(g.params_exponent);
  EXPECT_NE(g.untold + g.no_allocation, "");
  LawFit steep = g.fit;
  steep.theta[2] = std::log(0.5) + 300 * std::log(2e8);
  steep.theta[4] = 300;
  ASSERT_TRUE(open_parameter(steep));
  EXPECT_EQ(*open_parameter(steep), 4u);
  EXPECT_FALSE(open_parameter(scale_points(table_of(lawful, four), {.draws = 0}).groups[0].fit));
  steep.theta[0] = -40;
  EXPECT_TRUE(at_bound(steep, 0));
  EXPECT_FALSE(at_bound(steep, 1));
}

TEST(HoldOut, OfALawOfTheLossIsTheLeastLoss) {
  Random random(2);
  std::string text = "params,tokens,loss,error,seed\n";
  for (int i = 0; i < 12; ++i)
    for (int seed : {0, 1}) {
      const double loss = 4 - 0.15 * i + 0.004 * random.normal();
      text += fmt::format("{},1e9,{:.8g},{:.8g},{}\n", 1e7 * (i + 1), loss,
                          0.8 - 9 * std::exp(-1.1 * loss) * std::exp(0.01 * random.normal()), seed);
    }
  const ScaleAnswer a = scale_points(parse_points(text, "p.csv", {}),
                                     {.law = "downstream", .hold_out_largest = true, .draws = 0});
  ASSERT_EQ(a.groups[0].held_out.size(), 2u);
  for (const HeldOut& h : a.groups[0].held_out) EXPECT_NEAR(h.at.x[kLoss], 2.35, 0.03);
  EXPECT_EQ(a.groups[0].fit.runs.size(), 22u);
}

TEST(Telling, FlopsThatContradictDivideNoCompute) {
  PointTable t = table_of(lawful, four);
  for (size_t i = 0; i < t.points.size(); ++i)
    t.points[i].at.set(kFlops, t.points[i].at.x[kFlops] * (i == 5 ? 3 : 1));
  t.most_per_nd = 18;
  const GroupAnswer g = scale_points(t, {.draws = 0}).groups[0];
  EXPECT_TRUE(g.allocations.empty());
  EXPECT_EQ(g.parameters.size(), 5u);
  const PointTable read = parse_points(
      "params,tokens,flops,loss\n1e6,2e7,1.2e14,3\n1e6,4e7,2.4e14,2.9\n2e6,2e7,8e14,2.8\n", "p.csv",
      {});
  EXPECT_TRUE(read.flops_contradict());
  EXPECT_DOUBLE_EQ(read.most_per_nd, 20);
  EXPECT_FALSE(table_of(lawful, four).flops_contradict());
}

TEST(Telling, AGroupThatCannotBeFittedLeavesTheOthers) {
  PointTable t = table_of(lawful, four, 0.003, "good");
  ScalingPoint p = t.points[0];
  p.group = "bad";
  t.points.push_back(p);
  const ScaleAnswer a = scale_points(t, {.draws = 0});
  ASSERT_EQ(a.groups.size(), 2u);
  EXPECT_FALSE(a.groups[0].failure);
  EXPECT_EQ(a.groups[0].parameters.size(), 5u);
  ASSERT_TRUE(a.groups[1].failure);
  t.points = {p};
  EXPECT_EQ(refusal(t),
            "1:15: group 'bad': law 'chinchilla' has 5 parameters and needs 6 different "
            "configurations, got 1");
}

// A ladder on text whose floor is hardly bounded: from a step that is too far, where the floor has
// gone to zero, a profile finds its way back.
TEST(Interval, OfAnExponentBesideAFloorThatMayBeZero) {
  const std::string text =
      "params,tokens,loss\n"
      "20112,402304,2.4028\n"
      "20112,402304,2.3900\n"
      "20112,804480,2.1720\n"
      "20112,804480,2.1728\n"
      "20112,1608960,1.9950\n"
      "20112,1608960,1.9559\n"
      "32960,659200,2.0820\n"
      "32960,659200,2.1544\n"
      "32960,1318400,1.9041\n"
      "32960,1318400,1.8750\n"
      "32960,2636800,1.7375\n"
      "32960,2636800,1.7378\n"
      "48880,977664,1.9365\n"
      "48880,977664,1.8771\n"
      "48880,1955200,1.7305\n"
      "48880,1955200,1.7088\n"
      "48880,3910400,1.6131\n"
      "48880,3910400,1.6070\n"
      "67872,1357440,1.7852\n"
      "67872,1357440,1.7649\n"
      "67872,2714880,1.6031\n"
      "67872,2714880,1.6016\n"
      "67872,5429760,1.5181\n"
      "67872,5429760,1.5161\n";
  const GroupAnswer g = scale_points(parse_points(text, "p.csv", {}), {.draws = 0}).groups[0];
  ASSERT_EQ(g.parameters.size(), 5u);
  const Spanned& a = g.parameters[3];
  EXPECT_NEAR(a.value, 0.70, 0.02);
  EXPECT_LT(a.interval.low, 0.25);  // the delta method: 0.125
  EXPECT_GT(a.interval.high, 1.2);
}
}  // namespace
}  // namespace cambium::telling_test
