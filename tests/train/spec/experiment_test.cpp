#include "train/spec/experiment.h"

#include "tests/support/expect_error.h"
#include "tests/support/tiny_experiment.h"
#include "train/generate/generate.h"
#include "train/graphs/step_graph.h"

namespace cambium::experiment_test {
namespace {
using test::markov_spec;
using test::open_text;
using test::TempFolder;

std::vector<std::string> errors_of(const std::string& text) {
  const TempFolder folder;
  std::vector<std::string> out;
  for (const UserError& e : test::error_of<UserErrors>([&] { open_text(folder, text); }).all)
    out.push_back(test::text_of(e));
  return out;
}

TEST(Experiment, CountsStepsFromEpochs) {
  const TempFolder folder;
  const auto steps = [&](const char* train) {
    return open_text(folder, markov_spec(train)).total_steps();
  };
  EXPECT_EQ(steps("{batch: 8, epochs: 3}"), 24);
  EXPECT_EQ(steps("{batch: 8, epochs: 1, accumulate: 3}"), 2);  // of 24 of the 64 examples
  EXPECT_EQ(steps("{batch: 10}"), 6);                           // the last batch of 4 is left out
  EXPECT_EQ(steps("{batch: 100}"), 1);
}

TEST(Experiment, ReportsEveryMistakeOfAFile) {
  EXPECT_EQ(
      errors_of("data: markov_text\nmodel:\n  - embed: 8\n  - liner: 3\n  - linear: $classes\n"
                "train: {bacth: 3}\nmodl: []\n"),
      (std::vector<std::string>{"7:1: unknown section 'modl'", "6:9: unknown key 'bacth' in train",
                                "4:5: unknown block 'liner'"}));
}

TEST(Experiment, ChecksTheModelWithoutItsData) {
  EXPECT_EQ(
      errors_of("data: markof_text\nmodel:\n  - embed: 8\n  - liner: 3\n  - linear: $classes\n"),
      (std::vector<std::string>{"1:7: unknown dataset 'markof_text'",
                                "4:5: unknown block 'liner'"}));
}

TEST(Experiment, NeedsDataAndAModel) {
  EXPECT_EQ(errors_of("train: {batch: 8}\n"),
            (std::vector<std::string>{"1:1: the spec has no 'data' section",
                                      "1:1: the spec has no 'model' section"}));
}

TEST(Experiment, SaysWhenTheModelEndsInTheWrongShape) {
  const auto errors = errors_of("data: markov_text\nmodel:\n  - embed: 8\n");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(
      errors[0],
      "3:5: the model ends in tokens [32,64,8], the data needs one score a class: [32,64,16]");
}

TEST(Experiment, SpecsVariablesHideTheDatas) {
  const TempFolder folder;
  const Experiment e = open_text(folder, "vars: {vocab: 5}\n" + markov_spec("{batch: 8}"));
  EXPECT_EQ(e.vars.get("vocab", {}).text(), "5");
  EXPECT_EQ(e.vars.get("classes", {}).text(), "6");
}

TEST(SpecHash, IgnoresHowOftenARunReports) {
  const TempFolder folder;
  const auto hash = [&](const char* train) {
    return spec_hash(open_text(folder, markov_spec(train)).spec);
  };
  EXPECT_EQ(hash("{batch: 8, log_every: 2}"), hash("{batch: 8, log_every: 3}"));
  EXPECT_NE(hash("{batch: 8, seed: 2}"), hash("{batch: 8, seed: 3}"));
}

TEST(TrainingGraph, FreezesWhatIsFrozen) {
  const TempFolder folder;
  std::string text = markov_spec("{batch: 8, optimizer: {sgd: {momentum: 0.9}}}");
  text.replace(text.find("- embed: 8"), 10, "- {embed: 8, freeze: true}");
  const Experiment e = open_text(folder, text);
  const Graph& g = step_of(e).training;
  EXPECT_FALSE(g.find(Role::kState, "sgd.momentum.embed.weight"));
  EXPECT_TRUE(g.find(Role::kState, "sgd.momentum.linear.weight"));
}

TEST(StepCost, GrowsWithWhatAStepDoes) {
  const TempFolder folder;
  const StepCost one = step_cost(open_text(folder, markov_spec("{batch: 8}")));
  const StepCost two = step_cost(open_text(folder, markov_spec("{batch: 8, accumulate: 2}")));
  EXPECT_EQ(one.parameters, two.parameters);
  EXPECT_GT(two.flops_per_step, 1.9 * one.flops_per_step);
  EXPECT_GT(one.flops_per_step, 2.5 * 8 * one.forward_flops_per_example);
}

TEST(Sampling, FollowsTheTemperature) {
  const std::vector<float> logits = {0, 2, 1, 2};
  EXPECT_EQ(sample_symbol(logits, {.temperature = 0}, 0.9), 1);
  EXPECT_EQ(sample_symbol(logits, {.temperature = 1e-3}, 0.4), 1);
  EXPECT_EQ(sample_symbol(logits, {.temperature = 1e-3}, 0.6), 3);
  EXPECT_EQ(sample_symbol(logits, {.temperature = 1e3}, 0.999), 0);
  EXPECT_EQ(sample_symbol(logits, {.temperature = 1e3, .top_k = 3}, 0.999), 2);
}
}  // namespace
}  // namespace cambium::experiment_test
