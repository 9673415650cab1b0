// The planner for single specs: what a search calls, without a study.
#include "search/study/planner.h"

#include "core/system/files.h"
#include "search/study/spec_edit.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"
#include "tests/support/one_thread.h"

namespace cambium::planner_test {
namespace {
using test::error_of;

class Planned : public ::testing::Test {
 protected:
  // The text of `train:` after the batch, and a width.
  Spec spec(const std::string& train = "epochs: 1", int64_t dim = 8) {
    replace_file(
        folder_.path("model.yaml"),
        str("vars: {dim: ", dim,
            "}\ndata: {markov_text: {symbols: 6, order: 1, context: 8, train: 64, val: 16, "
            "test: 16}}\nmodel:\n  - embed: $dim\n  - ffn: {expand: 2}\n  - linear: $classes\n"
            "train: {batch: 8, ",
            train, "}\n"));
    return load_spec(folder_.path("model.yaml"));
  }

  const test::TempFolder folder_;
  DataCache data_;
};

std::vector<std::string> texts(const std::vector<UserError>& notes) {
  std::vector<std::string> out;
  for (const UserError& n : notes) out.emplace_back(n.what());
  return out;
}

TEST_F(Planned, SpecsOfOneDataSetShareIt) {
  const Experiment a = data_.open(spec("epochs: 1", 8));
  const Experiment b = data_.open(spec("epochs: 2", 16));
  const Experiment c = data_.open(spec("data_seed: 1", 8));
  EXPECT_EQ(a.data, b.data);
  EXPECT_NE(a.data, c.data);
  EXPECT_EQ(&data_.identity(a), &data_.identity(b));
  EXPECT_NE(data_.identity(a), data_.identity(c));
}

TEST_F(Planned, KeepsItsOwnLengthWithoutABudget) {
  const PlannedVariant p = plan_variant("a", spec("epochs: 2, log_every: 50"), {}, data_);
  EXPECT_EQ(p.steps, 16);
  EXPECT_EQ(p.planned, 16);
  EXPECT_EQ(p.spec.section("train")->find("best")->text, "val.loss");
  EXPECT_EQ(p.cost.parameters, step_cost(data_.open(p.spec)).parameters);
  EXPECT_GT(p.needed_bytes, 0);
  ASSERT_EQ(p.notes.size(), 1u);
}

// Its notes are those that its run will have.
TEST_F(Planned, ABudgetSetsStepsEvaluationsAndNotes) {
  const Spec given =
      spec("epochs: 9, log_every: 50, eval_every: 60, schedule: {cosine: {warmup: 30}}");
  const Budget samples{Budget::kSamples, 8 * 21};
  const PlannedVariant p = plan_variant("a", given, {.budget = samples, .evaluations = 4}, data_);
  EXPECT_EQ(p.steps, 21);
  const Yaml& train = *p.spec.section("train");
  EXPECT_FALSE(train.find("epochs"));
  EXPECT_EQ(train.find("steps")->text, "21");
  EXPECT_EQ(train.find("eval_every")->text, "6");
  EXPECT_EQ(texts(p.notes), texts(data_.open(p.spec).notes));
  EXPECT_EQ(p.notes.size(), 2u);  // log_every and the warm-up; eval_every is another one now
  const PlannedVariant own = plan_variant("a", given, {.budget = samples, .evaluations = 0}, data_);
  EXPECT_EQ(own.spec.section("train")->find("eval_every")->text, "60");
  EXPECT_EQ(own.notes.size(), 3u);
}

TEST_F(Planned, ABudgetOfSecondsIsTimedHereUnlessItsStepsAreKnown) {
  const test::OneThread one;
  const Budget seconds{Budget::kSeconds, 1e-9};
  const Spec given = spec("steps: 90, log_every: 50");
  const PlannedVariant timed = plan_variant("a", given, {.budget = seconds}, data_);
  EXPECT_EQ(timed.steps, 1);
  EXPECT_GT(timed.step_time->median, 0);
  EXPECT_EQ(texts(timed.notes), texts(data_.open(timed.spec).notes));
  EXPECT_EQ(timed.notes.size(), 1u);
  const PlannedVariant known = plan_variant("a", given, {.budget = seconds, .steps = 70}, data_);
  EXPECT_EQ(known.steps, 70);
  EXPECT_FALSE(known.step_time);
  EXPECT_TRUE(known.notes.empty());
}

TEST_F(Planned, AMatchIsSolvedForOneSpec) {
  const MatchGoal goal{.target =
                           match_cost(data_.open(spec("epochs: 1", 24)), MatchGoal::kParameters)};
  const Spec small = spec("epochs: 1", 8);
  EXPECT_EQ(solve_match(small, goal, data_).value, 24);
  const PlannedVariant p = plan_variant("a", small, {.match = goal}, data_);
  EXPECT_EQ(p.spec.section("vars")->find("dim")->text, "24");
  EXPECT_EQ(double(p.cost.parameters), *goal.target);
  const MatchGoal none{.target = 3, .mark = {"search.yaml", 4, 2}};
  const auto e = error_of([&] { plan_variant("trial", small, {.match = none}, data_); });
  EXPECT_TRUE(std::string(e.what()).starts_with("variant 'trial': no vars.dim comes within"));
  EXPECT_EQ(e.mark.line, 4);
}

TEST_F(Planned, VaryTakesTheSeedAsItsValue) {
  const std::vector<YamlEntry> vary = {{"vars.dim", {"study.yaml", 2, 7}, {}}};
  EXPECT_EQ(with_seed(spec(), vary, 5).section("vars")->find("dim")->text, "5");
  const PlannedVariant p = plan_variant("a", spec(), {.vary = vary, .seed = 5}, data_);
  EXPECT_EQ(p.spec.section("vars")->find("dim")->text, "8");
  EXPECT_EQ(p.cost.parameters, step_cost(data_.open(spec("epochs: 1", 5))).parameters);
}
}  // namespace
}  // namespace cambium::planner_test
