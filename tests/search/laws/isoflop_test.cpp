// isoFLOP minima where they are inside, and exponents side by side.
#include <gtest/gtest.h>

#include "core/text/fmt.h"
#include "search/laws/answers/scale.h"
#include "tests/search/laws/support.h"
#include "tests/support/data/test_data.h"

namespace cambium::isoflop_test {
namespace {
// Runs of one compute, at sizes `least` to `most` times the best.
void add_curve(std::vector<LawRun>& runs, double flops, double least, double most, double noise,
               Random& random, int sizes = 9) {
  const double best = std::pow(flops / 6, 0.5) * 0.3;
  for (int i = 0; i < sizes; ++i) {
    const double n = best * least * std::pow(most / least, double(i) / (sizes - 1));
    LawRun r{test::input_of(n, flops / 6 / n), 0};
    r.at.set(kFlops, flops);
    const double off = std::log(n / best);
    r.log_answer =
        std::log(5.0) - 0.05 * std::log(flops) + 0.03 * off * off + noise * random.normal();
    runs.push_back(r);
  }
}

TEST(IsoFlop, FindsMinimaAndTheirExponents) {
  Random random(1);
  std::vector<LawRun> runs;
  for (double c : {1e18, 4e18, 2e19, 1e20}) add_curve(runs, c, 1 / 4.0, 4, 1e-4, random);
  const IsoFlop iso = isoflop_of(runs);
  ASSERT_EQ(iso.curves.size(), 4u);
  EXPECT_EQ(iso.curves[2].flops, 2e19);
  ASSERT_TRUE(iso.curves[2].params);
  const double best = std::pow(2e19 / 6, 0.5) * 0.3;
  EXPECT_NEAR(iso.curves[2].params->value / best, 1, 0.01);
  EXPECT_TRUE(test::holds(iso.curves[2].params->interval, best));
  EXPECT_NEAR(iso.curves[2].tokens->value * best * 6 / 2e19, 1, 0.01);
  ASSERT_TRUE(iso.params_exponent);
  EXPECT_NEAR(iso.params_exponent->value, 0.5, 0.005);
  EXPECT_NEAR(iso.tokens_exponent->value, 0.5, 0.005);
}

TEST(IsoFlop, IntervalsCover) {
  Random random(2);
  int minima = 0, exponents = 0, told = 0;
  const int times = 200;
  for (int i = 0; i < times; ++i) {
    std::vector<LawRun> runs;
    for (double c : {1e18, 4e18, 2e19, 1e20}) add_curve(runs, c, 1 / 4.0, 4, 3e-3, random);
    const IsoFlop iso = isoflop_of(runs);
    if (!iso.curves[0].params || !iso.params_exponent) continue;
    ++told;
    minima += test::holds(iso.curves[0].params->interval, std::pow(1e18 / 6, 0.5) * 0.3);
    exponents += test::holds(iso.params_exponent->interval, 0.5);
  }
  EXPECT_GE(told, times * 9 / 10);
  EXPECT_GE(minima, told * 90 / 100);
  EXPECT_GE(exponents, told * 88 / 100);
}

TEST(IsoFlop, AMinimumAtTheEdgeIsNone) {
  Random random(3);
  std::vector<LawRun> runs;
  add_curve(runs, 1e18, 1.5, 8, 1e-4, random);
  add_curve(runs, 1e19, 1 / 8.0, 0.7, 1e-4, random);
  add_curve(runs, 1e20, 1 / 1.1, 1.1, 1e-2, random);
  add_curve(runs, 1e21, 1 / 4.0, 4, 1e-4, random, 4);
  const IsoFlop iso = isoflop_of(runs);
  ASSERT_EQ(iso.curves.size(), 3u);  // four sizes are no curve
  EXPECT_EQ(iso.curves[0].none,
            "the minimum may lie below the sizes tried: add runs of fewer parameters");
  EXPECT_EQ(iso.curves[1].none,
            "the minimum may lie above the sizes tried: add runs of more parameters");
  EXPECT_EQ(iso.curves[2].none, "no minimum is seen: the curve does not bend up beyond its noise");
  for (const IsoFlopCurve& c : iso.curves) EXPECT_FALSE(c.params);
  EXPECT_FALSE(iso.params_exponent);
}

// Small models whose embedding is much of them: the same runs, another exponent.
TEST(Exponents, StandSideBySideByEachCount) {
  Random random(4);
  std::string text = "params,params_without_embedding,tokens,flops,loss,seed\n";
  for (double flops : {1e18, 4e18, 2e19, 1e20})
    for (int i = -4; i <= 4; ++i)
      for (int seed : {0, 1}) {
        const double n = std::pow(flops / 6, 0.5) * 0.3 * std::pow(2.0, i / 2.0), off = i * 0.35;
        const double loss =
            5 * std::pow(flops, -0.05) * std::exp(0.03 * off * off + 1e-4 * random.normal());
        text += fmt::format("{},{},{},{},{:.9g},{}\n", n, n - 120 * std::cbrt(n * n), flops / 6 / n,
                            flops, loss, seed);
      }
  const GroupAnswer g = scale_points(parse_points(text, "p.csv", {}), {.draws = 0}).groups[0];
  ASSERT_EQ(g.exponents.size(), 4u);
  EXPECT_EQ(g.exponents[1].way, "isoFLOP");
  EXPECT_EQ(g.exponents[1].counted, "");
  EXPECT_NEAR(g.exponents[1].params->value, 0.5, 0.01);
  EXPECT_EQ(g.exponents[3].counted, "params_without_embedding");
  EXPECT_GT(g.exponents[3].params->value, 0.51);
  EXPECT_NEAR(g.exponents[3].tokens->value, g.exponents[1].tokens->value, 1e-9);
  text.replace(text.find(',') + 1, 24, "params_body");
  const size_t from = text.find(',', text.find('\n')) + 1;
  text.replace(from, text.find(',', from) - from, "0");
  const GroupAnswer none = scale_points(parse_points(text, "p.csv", {}), {.draws = 0}).groups[0];
  ASSERT_EQ(none.exponents.size(), 3u);
  EXPECT_EQ(none.exponents[2].none, "some runs have none of them");
}

// 5 of 245 points left out; numpy finds the same windows, minima and slope.
TEST(IsoFlop, OfThePublishedPoints) {
  const std::string path = test::data_path("scaling/epoch_chinchilla/points_NDCL.csv");
  if (test::skip_without(path)) return;
  const GroupAnswer g =
      scale_points(read_points(path, {.where = {"kept=1"}}), {.draws = 0}).groups[0];
  ASSERT_TRUE(g.isoflop.params_exponent);
  EXPECT_NEAR(g.isoflop.params_exponent->value, 0.50934433, 1e-6);
  EXPECT_NEAR(g.isoflop.params_exponent->interval.low, 0.45198222, 1e-6);
}
}  // namespace
}  // namespace cambium::isoflop_test
