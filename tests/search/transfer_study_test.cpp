// Studies whose variants start from other weights: each is planned and known by its source.
#include <filesystem>

#include "core/system/files.h"
#include "core/text/json.h"
#include "search/runs/compare.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"
#include "train/run/trainer.h"

namespace cambium::transfer_study_test {
namespace {
const char* const kModel = R"(
data: {random_tokens: {vocab: 6, context: 8, train: 64, val: 16, test: 16}}
model:
  - embed: 8
  - residual: [{norm: rms}, {ffn: 2}]
  - linear: $classes
train: {batch: 8, steps: 4}
)";

class TransferStudy : public testing::Test {
 protected:
  TransferStudy() {
    replace_file(folder_.path("model.yaml"), kModel);
    make_base(0);
    replace_file(folder_.path("study.yaml"),
                 str("base: model.yaml\nseeds: 2\nbudget: {steps: 3}\nvariants:\n  scratch: {}\n",
                     "  taken: {init: {from: ", base_, "}}\n", "  body: {init: {from: ", base_,
                     "}, freeze: [embed, residual]}\n"));
  }

  void make_base(int64_t seed) {
    Progress silent;
    std::filesystem::remove_all(base_);
    const Experiment e = open_experiment(
        load_spec(folder_.path("model.yaml"), std::vector{str("train.seed=", seed)}));
    run_training(e, {.folder = base_}, silent);
  }

  Study study() const { return load_study(folder_.path("study.yaml")); }

  void run() {
    StudyProgress silent;
    compare(study(), {.folder = folder_.path("out"), .program = ""}, silent);
  }

  test::TempFolder folder_;
  std::string base_ = folder_.path("base");
};

TEST_F(TransferStudy, EqualFlopsBuyStepsByThePhases) {
  const std::string from = str("init: {from: ", base_, "}");
  replace_file(folder_.path("study.yaml"),
               str("base: model.yaml\nseeds: 2\nbudget: {flops: 1e7}\nvariants:\n  full: {", from,
                   "}\n  body: {", from, ", freeze: [embed, residual]}\n  share: {", from,
                   ", freeze: [embed, residual], unfreeze: {\"*\": 50%}}\n  late: {", from,
                   ", freeze: [embed, residual], unfreeze: {\"*\": 2}}\n"));
  const StudyPlan plan = plan_study(study());
  for (const PlannedVariant& v : plan.variants) {
    const double spent = double(v.steps) * v.cost.flops_per_step;
    EXPECT_NEAR(spent, 1e7, v.cost.flops_per_step) << v.name;
    const Experiment e = open_experiment(v.spec);
    EXPECT_DOUBLE_EQ(RunCost(e, v.steps).flops_after(v.steps), spent) << v.name;
  }
  EXPECT_GT(plan.at("body").steps, plan.at("share").steps);
  EXPECT_GT(plan.at("share").steps, plan.at("full").steps);
  EXPECT_GE(plan.at("late").steps, plan.at("full").steps);
  EXPECT_GE(plan.at("share").needed_bytes, plan.at("full").needed_bytes);
}

TEST_F(TransferStudy, ItsRunsShareWhatAFrozenBodyAnswers) {
  replace_file(folder_.path("model.yaml"), R"(
data: {random_tokens: {vocab: 6, context: 8, train: 64, val: 16, test: 16}}
model:
  - embed: 16
  - {residual: [{norm: layer}, {attention: {heads: 2, causal: true}}], name: body}
  - linear: $classes
train: {batch: 8, steps: 40}
)");
  make_base(0);
  const std::string arm =
      str("{init: {from: ", base_, "}, freeze: [embed, body], train.optimizer: ");
  replace_file(folder_.path("study.yaml"),
               str("base: model.yaml\nseeds: 2\nbudget: {steps: 40}\nvariants:\n  adam: ", arm,
                   "adamw}\n  sgd: ", arm, "sgd}\n"));
  run();
  int64_t files = 0;
  for (const auto& f : std::filesystem::directory_iterator(folder_.path("out/cache")))
    files += f.path().extension() == ".features";
  EXPECT_EQ(files, 1);
}

TEST_F(TransferStudy, PlansCountWhatIsFrozenAndKnowTheSource) {
  const StudyPlan plan = plan_study(study());
  EXPECT_EQ(plan.at("scratch").spec.section("init"), nullptr);
  EXPECT_EQ(plan.at("taken").spec.section("init")->find("hash")->text.size(), 16u);
  EXPECT_LT(plan.at("body").cost.flops_per_step, plan.at("taken").cost.flops_per_step);
  EXPECT_LT(plan.at("body").needed_bytes, plan.at("taken").needed_bytes);
  const uint64_t before = spec_hash(plan.at("taken").spec);
  make_base(7);
  EXPECT_NE(spec_hash(plan_study(study()).at("taken").spec), before);
  std::filesystem::remove_all(base_);
  const auto errors = test::error_of<UserErrors>([&] { plan_study(study()); }).all;
  ASSERT_EQ(errors.size(), 2u);  // of each variant that names it
  EXPECT_NE(std::string(errors[0].what()).find("to start from"), std::string::npos)
      << errors[0].what();
  EXPECT_EQ(errors[0].mark.line, 6);
}

TEST_F(TransferStudy, RunsStartFromTheSourceAndAnotherIsRefused) {
  run();
  const Json body = load_json(folder_.path("out/runs/body-s1/run.json"));
  EXPECT_EQ(body.at("status"), "done");
  EXPECT_EQ(body.at("init").at("tensors").size(), 8u);
  EXPECT_FALSE(load_json(folder_.path("out/runs/scratch-s1/run.json")).contains("init"));
  EXPECT_NO_THROW(run());
  make_base(7);
  EXPECT_THROW(run(), UserError);
}
}  // namespace
}  // namespace cambium::transfer_study_test
