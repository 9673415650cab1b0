// `scale:` of a study: what is read, and what is refused with its place.
#include <cmath>

#include "search/study/scale_goal.h"
#include "tests/search/ladder/support.h"

namespace cambium::scale_reader_test {
namespace {
using Lines = std::vector<std::string>;

class ScaleKey : public test::LadderFiles {};

TEST_F(ScaleKey, IsRead) {
  const Study s = load(
      "base: model.yaml\n"
      "variants: {plain: {}, wide: {model.2.linear.bias: false}}\n"
      "scale:\n"
      "  free: [vars.dim, vars.depth]\n"
      "  aspect: {vars.depth: round(dim / 8)}\n"
      "  follow: {train.batch: 8 * ratio, train.optimizer.adamw.lr: 0.1 / params ^ 0.5}\n"
      "  params: [1k, 8k]\n"
      "  sizes: 4\n"
      "  tokens_per_param: [10, 5]\n"
      "  hold_out: largest\n"
      "  tolerance: 10%\n"
      "budget: {flops: 1e9}\n");
  const ScaleGoal& g = *s.scale;
  EXPECT_EQ(g.free[1].key, "vars.depth");
  EXPECT_EQ(g.lengths, (std::vector<double>{5, 10}));
  EXPECT_TRUE(g.hold_out_largest);
  EXPECT_DOUBLE_EQ(g.tolerance, 0.1);
  EXPECT_EQ(s.evaluations, 1);
  EXPECT_EQ(s.variants.size(), 2u);
  const std::vector<double> targets = g.targets();
  ASSERT_EQ(targets.size(), 4u);
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(targets[i], 1000 * std::pow(2.0, double(i)), 1e-6);
}

TEST_F(ScaleKey, ABaseAloneIsTheOneVariant) {
  const Study s = load(ladder("free: vars.dim, params: [1k, 8k], tokens: 10k", "evaluations: 3\n"));
  ASSERT_EQ(s.variants.size(), 1u);
  EXPECT_EQ(s.variants[0].name, "model");
  EXPECT_EQ(s.scale->length, ScaleGoal::Length::kTokens);
  EXPECT_EQ(s.evaluations, 3);
}

TEST_F(ScaleKey, EveryMistakeIsToldAtOnce) {
  EXPECT_EQ(errors("base: model.yaml\n"
                   "scale:\n"
                   "  free: [vars.dim, vars.depth]\n"
                   "  aspect: {vars.width: dim}\n"
                   "  params: [8k, 1k]\n"
                   "  sizes: 1\n"
                   "  tokens: [1k, 1k]\n"
                   "  hold_out: smallest\n"
                   "  law: downstream\n"
                   "  size: 4\n"
                   "match: {params: 5k}\n"
                   "budget: {steps: 10}\n"),
            (Lines{"10:3: unknown key of scale 'size'",
                   "3:20: 'vars.depth' is free and nothing says how it follows 'vars.dim'",
                   "4:12: aspect: speaks of 'vars.width', which is not in free:",
                   "5:11: params: is the smallest and the largest size, such as [30k, 400k]",
                   "7:11: tokens: 1000 stands twice",
                   "6:10: 'sizes' is a whole number from 2 to 100, got 1",
                   "8:13: hold_out: is 'largest' or 'none', got smallest",
                   "9:8: law 'downstream' foretells error, and a ladder measures losses",
                   "11:8: a study with scale: has no 'match': scale: chooses the sizes",
                   "12:9: the budget of a ladder is in flops, of all its runs together, not in "
                   "steps"}));
}

TEST_F(ScaleKey, WhatIsMissingIsSaid) {
  EXPECT_EQ(errors("scale: {sizes: 3}\n"),
            (Lines{"1:1: the study has nothing to start from", "1:8: scale: has no 'free'",
                   "1:8: scale: has no 'params'", "1:8: scale: has no lengths of runs"}));
  EXPECT_EQ(errors("base: model.yaml\nscale: 4\n")[0].substr(0, 5), "2:8: ");
  EXPECT_EQ(errors(ladder("free: vars.dim, params: [1k, 8k], tokens: 1k, flops: 1e9")),
            (Lines{"2:62: scale: takes one of tokens_per_param, tokens and flops"}));
  EXPECT_EQ(errors(ladder("free: vars.dim, params: [1k, 8k], tokens: [0]")),
            (Lines{"2:52: 'tokens' holds numbers above 0, got 0"}));
}

TEST_F(ScaleKey, AParameterisationIsOneOverrideOfEveryVariant) {
  const Study s = load(
      "base: model.yaml\nscale: {free: vars.dim, params: [1k, 8k], tokens: 1k}\n"
      "set: {train.batch: 4}\nparameterisation: {mup: {base: {vars.dim: 8}}}\n");
  ASSERT_EQ(s.overrides.size(), 2u);
  EXPECT_EQ(s.overrides[1].key, "parameterisation");
  EXPECT_EQ(s.overrides[1].value.entries[0].key, "mup");
}

TEST_F(ScaleKey, AParameterisationIsSaidOnce) {
  const std::string scale = "free: vars.dim, params: [1k, 8k], tokens: 1k";
  EXPECT_EQ(
      errors(ladder(scale, "set: {parameterisation: standard}\nparameterisation: standard\n")),
      (Lines{"3:7: set: says 'parameterisation', and so does parameterisation:"}));
}

TEST(ScaleExpression, IsArithmeticWithOrWithoutDollars) {
  Vars vars;
  vars.set("dim", int64_t(100));
  const auto of = [&](const char* text) {
    return expression_value(parse_yaml(text, "e"), vars).text();
  };
  EXPECT_EQ(of("round(dim / 48)"), "2");
  EXPECT_EQ(of("\"round(dim / 48)\""), "2");
  EXPECT_EQ(of("$dim"), "100");
  EXPECT_EQ(of("\"${dim * 2}\""), "200");
  EXPECT_EQ(of("7"), "7");
  EXPECT_EQ(of("dim * 0.29"), "29");  // 28.999999999999996
  EXPECT_EQ(of("dim / 8"), "12.5");
  EXPECT_EQ(of("dim - 100"), "0");
  EXPECT_TRUE(mentions(parse_yaml("tokens / steps", "e"), "steps"));
  EXPECT_FALSE(mentions(parse_yaml("tokens / my_steps", "e"), "steps"));
}
}  // namespace
}  // namespace cambium::scale_reader_test
