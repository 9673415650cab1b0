// Fits against published and scipy's numbers, and against known truth.
#include <gtest/gtest.h>

#include "core/system/files.h"
#include "search/laws/answers/scale.h"
#include "tests/search/laws/support.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::fit_test {
namespace {
// scipy 1.10 (L-BFGS-B from a grid, numeric gradients) on the same points: the file
// reference_fit.json beside them; Besiroglu et al. 2024, arXiv 2404.10102, state the same
// objective.
TEST(ChinchillaPoints, AreFittedAsByScipy) {
  const std::string path = test::data_path("scaling/epoch_chinchilla/points_NDCL.csv");
  if (test::skip_without(path)) return;
  const ScaleAnswer answer = scale_points(read_points(path, {.where = {"kept=1"}}), {.draws = 30});
  ASSERT_EQ(answer.groups.size(), 1u);
  const GroupAnswer& g = answer.groups[0];
  EXPECT_EQ(g.fit.runs.size(), 240u);
  EXPECT_EQ(g.fit.kind, FitObjective::kHuber);
  EXPECT_LE(g.fit.objective, 1.01828e-3);
  EXPECT_NEAR(g.fit.at(0), 1.8172, 1e-4);
  EXPECT_NEAR(g.fit.at(3), 0.3473, 2e-4);
  EXPECT_NEAR(g.fit.at(4), 0.3672, 2e-4);
  EXPECT_NEAR(g.fit.at(1), 477.83, 0.1);
  EXPECT_NEAR(g.fit.at(2), 2143.42, 0.5);
  ASSERT_TRUE(g.params_exponent);
  EXPECT_NEAR(g.params_exponent->value, 0.5139, 1e-4);
  EXPECT_FALSE(g.fit.lack.testable());
}

TEST(DataLaws, AreFittedAsByScipy) {
  const std::string path = test::data_path("scaling/alabdulmohsin_nmt/nmt.csv");
  if (test::skip_without(path)) return;
  const ScaleAnswer answer = scale_points(read_points(path, {.where = {"train=1"}}),
                                          {.law = "tokens", .objective = FitObjective::kSquares});
  ASSERT_EQ(answer.groups.size(), 5u);
  for (const GroupAnswer& g : answer.groups) {
    if (g.name != "28Enc6Dec") continue;
    EXPECT_NEAR(g.fit.at(0), 0.212210, 2e-5);
    EXPECT_NEAR(g.fit.at(2), 0.320824, 2e-5);
    EXPECT_NEAR(g.fit.objective, 0.0031860674, 1e-9);
  }
}

TEST(Fit, FindsTheTruthWithoutNoise) {
  Random random(1);
  for (const char* name : {"chinchilla", "over_training"}) {
    std::vector<LawRun> runs = test::draw_ladder({.noise = 0, .seeds = 1}, random);
    if (name == std::string("over_training"))
      for (LawRun& r : runs)
        r.log_answer = std::log(1.5 + 300 / std::pow(r.at.x[kParams], 0.3) +
                                700 / std::pow(r.at.x[kTokens], 0.3));
    const bool shared = name == std::string("over_training");
    for (FitObjective kind : {FitObjective::kSquares, FitObjective::kHuber}) {
      const LawFit f = fit_law(law_named(name), runs, kind);
      EXPECT_NEAR(f.at(0), shared ? 1.5 : 1.8, 1e-4) << name;
      EXPECT_NEAR(f.at(3), shared ? 0.3 : 0.348, 1e-4) << name;
    }
  }
}

TEST(Fit, FindsEveryLawOfOneQuantityAndOfATask) {
  for (const Law* law : builtin_laws()) {
    if (law->needs.size() != 1) continue;
    Theta truth;
    for (const LawParameter& p : law->parameters)
      truth.push_back(p.name == "E" ? std::log(1.7) : p.name == "A" ? std::log(300.0) : 0.31);
    if (law->answers == "error") truth = {std::log(0.8), std::log(9.0), std::log(1.1)};
    std::vector<LawRun> runs;
    for (int i = 0; i < 10; ++i) {
      LawRun run;
      run.at.set(law->needs[0], law->needs[0] == kLoss ? 2.5 + 0.3 * i : 1e6 * std::pow(3.0, i));
      law->values(truth, {&run.at, 1}, &run.log_answer, nullptr);
      runs.push_back(run);
    }
    const LawFit f = fit_law(*law, runs, FitObjective::kSquares);
    for (size_t k = 0; k < truth.size(); ++k)
      EXPECT_NEAR(f.theta[k], truth[k], 1e-4) << law->name << " " << law->parameters[k].name;
  }
}

TEST(Fit, JacobiansAreTheDerivatives) {
  for (const Law* law : builtin_laws()) {
    if (law->of_schedules) continue;  // tests/search/laws/schedule_test.cpp
    LawInput at = test::input_of(3e7, 5e8);
    at.set(kFlops, 9e16);
    at.set(kLoss, 3.1);
    const std::vector<double> answer = {std::log(2.7)};
    const Theta theta = law->answers == "error" ? Theta{std::log(0.8), std::log(9.0), std::log(1.1)}
                                                : law->starts({&at, 1}, answer).front();
    std::vector<double> jacobian(theta.size());
    double value = 0;
    law->values(theta, {&at, 1}, &value, jacobian.data());
    const std::vector<double> differences = gradient_of(
        [&](std::span<const double> x) {
          double v = 0;
          law->values(x, {&at, 1}, &v, nullptr);
          return v;
        },
        theta);
    for (size_t k = 0; k < theta.size(); ++k)
      EXPECT_NEAR(jacobian[k], differences[k], 1e-6 * std::max(1.0, std::abs(jacobian[k])))
          << law->name << " " << law->parameters[k].name;
  }
}

// A smaller copy of bench/scaling_laws.cpp.
TEST(Simulation, IntervalsCoverAndBrokenCurvesAreRefused) {
  Random random(7);
  const int ladders = 120;
  int curve = 0, run = 0, refused = 0, broken = 0;
  const LawInput at = test::input_of(1.2e9, 2.4e10);
  for (int i = 0; i < ladders; ++i) {
    const test::Ladder truth{.noise = 0.001};
    const LawFit f =
        fit_law(law_named("chinchilla"), test::draw_ladder(truth, random), FitObjective::kSquares);
    const Prediction p = predict(f, at, IntervalKind::kProfile);
    const double log_loss = test::true_log_loss(truth, 1.2e9, 2.4e10);
    curve += test::holds(p.curve, std::exp(log_loss));
    run += test::holds(p.run, std::exp(log_loss + truth.noise * random.normal()));
    refused += f.lack.refused();
    broken +=
        fit_law(law_named("chinchilla"),
                test::draw_ladder({.noise = 0.001, .broken = true}, random), FitObjective::kSquares)
            .lack.refused();
  }
  EXPECT_GE(curve, 108);  // 90 to 99 %: five standard errors would be too wide to mean anything
  EXPECT_LE(curve, 119);
  EXPECT_GE(run, 108);
  EXPECT_LE(run, 119);
  EXPECT_LE(refused, 5);
  EXPECT_GE(broken, 108);
}

// Each quantity by itself follows the form, and their ratio does not: what is trained shorter or
// longer than 14 tokens a parameter is worse.
TEST(Simulation, ABendAlongBothQuantitiesIsRefused) {
  Random random(8);
  int refused = 0;
  LackOfFit last;
  for (int i = 0; i < 60; ++i) {
    std::vector<LawRun> runs = test::draw_ladder({.noise = 0.003}, random);
    for (LawRun& r : runs)
      r.log_answer += 0.0065 * std::pow(std::log(r.at.x[kTokens] / r.at.x[kParams] / 14), 2);
    last = fit_law(law_named("chinchilla"), runs, FitObjective::kSquares).lack;
    refused += last.refused();
  }
  EXPECT_GE(refused, 54);  // the curve misses as much as the noise
  ASSERT_EQ(last.bends.size(), 3u);
  EXPECT_EQ(last.bends[2].along, kParams);
  EXPECT_EQ(last.bends[2].with, kTokens);
}

TEST(Simulation, ARefusedFormKeepsItsPredictionWithTheMisfit) {
  Random random(3);
  const LawFit good = fit_law(law_named("chinchilla"), test::draw_ladder({.noise = 0.001}, random),
                              FitObjective::kSquares);
  const LawFit bad =
      fit_law(law_named("chinchilla"), test::draw_ladder({.noise = 0.001, .broken = true}, random),
              FitObjective::kSquares);
  ASSERT_TRUE(bad.lack.refused());
  ASSERT_FALSE(good.lack.refused());
  EXPECT_GT(bad.lack.misfit, 0.001);
  EXPECT_GT(bad.run_spread, 1.5 * bad.lack.noise);
  const LawFit alone = fit_law(law_named("chinchilla"), test::draw_ladder({.seeds = 1}, random),
                               FitObjective::kSquares);
  EXPECT_FALSE(alone.lack.testable());
}

TEST(HoldOut, TheLargestSizeIsForetold) {
  Random random(5);
  PointTable table = parse_points("params,tokens,loss\n1,1,1\n", "points.csv", {});
  table.points.clear();
  for (const LawRun& r : test::draw_ladder({}, random)) {
    ScalingPoint p;
    p.at = r.at;
    p.at.set(kLoss, std::exp(r.log_answer));
    p.at.set(kFlops, 6 * r.at.x[kParams] * r.at.x[kTokens]);
    table.points.push_back(p);
  }
  const ScaleAnswer answer = scale_points(table, {.hold_out_largest = true, .draws = 40});
  const GroupAnswer& g = answer.groups[0];
  EXPECT_EQ(g.fit.runs.size(), 40u);
  ASSERT_EQ(g.held_out.size(), 4u);
  size_t inside = 0;
  for (const HeldOut& h : g.held_out) {
    EXPECT_LT(std::abs(h.error()), 0.02);
    inside += h.inside;
  }
  EXPECT_GE(inside, 6u);
  EXPECT_LT(g.allocations[0].params.interval.low, g.allocations[0].params.value);
}
}  // namespace
}  // namespace cambium::fit_test
