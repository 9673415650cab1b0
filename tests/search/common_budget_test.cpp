#include "search/results/common_budget.h"

#include <algorithm>
#include <array>

#include <gtest/gtest.h>

#include "train/spec/settings.h"

namespace cambium::common_budget_test {
namespace {
struct Spent {
  double steps, samples, flops;
};

using Runs = std::vector<Spent>;

BudgetLine line_of(Budget::Kind kind, const Runs& runs) {
  BudgetLine line{.runs = int64_t(runs.size())};
  for (const Spent& r : runs) {
    const double spent = std::array{r.steps, r.samples, r.flops}[size_t(kind)];
    line.least = &r == runs.data() ? spent : std::min(line.least, spent);
    line.most = std::max(line.most, spent);
    line.steps += r.steps / double(runs.size());
    line.samples += r.samples / double(runs.size());
  }
  return line;
}

CommonBudget budget(Budget::Kind kind, double value, const Runs& a, const Runs& b) {
  return common_budget(std::vector{line_of(kind, a), line_of(kind, b)}, kind, value);
}

TEST(CommonBudget, FindsEqualRunsEqual) {
  const CommonBudget a =
      budget(Budget::kFlops, 1000, Runs{{10, 80, 1004}, {10, 80, 1004}}, Runs{{20, 160, 990}});
  EXPECT_TRUE(a.common);
  EXPECT_NEAR(a.departure, -0.01, 1e-12);
}

TEST(CommonBudget, DifferentStepsAreNoCommonBudget) {
  EXPECT_FALSE(budget(Budget::kSteps, 10, Runs{{10, 80, 1000}}, Runs{{200, 1600, 20000}}).common);
}

TEST(CommonBudget, EqualStepsOfMoreExamplesAreNoCommonBudget) {
  EXPECT_FALSE(budget(Budget::kSteps, 10, Runs{{10, 80, 1000}}, Runs{{10, 1280, 16000}}).common);
  EXPECT_TRUE(budget(Budget::kSamples, 80, Runs{{10, 80, 1000}}, Runs{{5, 80, 900}}).common);
}

TEST(CommonBudget, ARunThatStoppedEarlyIsADeparture) {
  const CommonBudget a = budget(Budget::kSteps, 100, Runs{{100, 800, 1}, {40, 320, 1}},
                                Runs{{100, 800, 1}, {100, 800, 1}});
  EXPECT_FALSE(a.common);
  EXPECT_NEAR(a.departure, -0.6, 1e-12);
}

TEST(CommonBudget, RunsThatDidNotFinishAreLeftOut) {
  const CommonBudget a = budget(Budget::kSteps, 100, Runs{{100, 800, 1}}, Runs{});
  EXPECT_TRUE(a.common);
  EXPECT_EQ(a.departure, 0);
  EXPECT_FALSE(budget(Budget::kSteps, 100, Runs{}, Runs{}).common);
}

TEST(CommonBudget, ABudgetMayEndWithinAStep) {
  // 3 steps of 300 come nearest to 1000.
  EXPECT_TRUE(budget(Budget::kFlops, 1000, Runs{{3, 3, 900}}, Runs{{10, 10, 1000}}).common);
}

TEST(CommonBudget, SecondsAreOneHoweverFarRunsDepart) {
  BudgetLine a{.runs = 2, .least = 6, .most = 7, .steps = 40, .samples = 320}, b = a;
  b.most = 14;
  const CommonBudget both = common_budget(std::vector{a, b}, Budget::kSeconds, 10);
  EXPECT_TRUE(both.common);
  EXPECT_NEAR(both.departure, -0.4, 1e-12);
}

TEST(CommonBudget, OneStepThatSpendsFarMoreIsNone) {
  const CommonBudget tiny = budget(Budget::kFlops, 1, Runs{{1, 8, 100}}, Runs{{1, 8, 100}});
  EXPECT_FALSE(tiny.common);
  EXPECT_TRUE(tiny.too_small);
  EXPECT_NEAR(tiny.departure, 99, 1e-9);
  EXPECT_FALSE(budget(Budget::kFlops, 80, Runs{{1, 8, 100}}, Runs{{1, 8, 100}}).too_small);
}

std::vector<DifferingSetting> differing(std::initializer_list<const char*> texts) {
  std::vector<Spec> specs;
  for (const char* t : texts) specs.push_back({"s", parse_yaml(t, "s")});
  std::vector<const Spec*> all;
  for (const Spec& s : specs) all.push_back(&s);
  return differing_settings(all);
}

TEST(Settings, ThatDifferAreNamedByPath) {
  const auto d =
      differing({"train: {epochs: 10, lr: 1}\nmodel: [{linear: 4}, {pattern: A}]",
                 "train: {epochs: 200, lr: 1}\nmodel: [{linear: 4}, {pattern: [B, C]}]"});
  ASSERT_EQ(d.size(), 2u);
  EXPECT_EQ(d[0].path, "train.epochs");
  EXPECT_EQ(d[0].values, (std::vector<std::string>{"10", "200"}));
  EXPECT_EQ(d[1].path, "model.1.pattern");
  EXPECT_EQ(d[1].values[1], "[B, C]");
}

TEST(Settings, OfAnotherBlockAreOne) {
  const auto d = differing(
      {"model: [{ffn: {expand: 2}}]", "model: [{attention: 4}]", "model: [{ffn: {expand: 2}}]"});
  ASSERT_EQ(d.size(), 1u);
  EXPECT_EQ(d[0].path, "model.0");
  EXPECT_EQ(d[0].values[1], "{attention: 4}");
}

TEST(Settings, LongValuesAreShownWhereTheyDiffer) {
  const std::string many(80, 'x');
  const auto d = differing({str("a: ", many, "1").c_str(), str("a: ", many, "2").c_str()});
  EXPECT_EQ(d[0].values, (std::vector<std::string>{"...xxxxxxxxxxxxxxx1", "...xxxxxxxxxxxxxxx2"}));
}

TEST(Settings, ThatChangedHaveBothValues) {
  const auto changed = [](const char* was, const char* is) {
    return changed_settings({"a", parse_yaml(was, "a")}, {"b", parse_yaml(is, "b")});
  };
  EXPECT_EQ(changed("train: {steps: 20, log_every: 5}", "train: {steps: 40, seed: 3}"),
            "train.steps (was 20, is 40), train.seed (was not set, is 3)");
  EXPECT_EQ(changed("train: {steps: 20}", "train: {steps: 20, checkpoint_every: 1}"), "");
}

TEST(Settings, MissingInOneShowADash) {
  const auto d = differing({"a: 1\nb: 2", "a: 1"});
  ASSERT_EQ(d.size(), 1u);
  EXPECT_EQ(d[0].values, (std::vector<std::string>{"2", "-"}));
  EXPECT_TRUE(differing({"a: 1", "a: 1"}).empty());
}
}  // namespace
}  // namespace cambium::common_budget_test
