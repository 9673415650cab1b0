#include "search/runs/compare.h"

#include <algorithm>

#include "core/system/files.h"
#include "core/text/json.h"
#include "tests/support/data/small_data.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"
#include "train/run/run_log.h"

namespace cambium::compare_test {
namespace {
using test::error_of;
using test::TempFolder;

const char* const kModel = R"(vars: {dim: 8, heads: 2}
data: {markov_text: {symbols: 6, order: 1, context: 8, train: 64, val: 16, test: 16}}
model:
  - embed: $dim
  - ffn: {expand: 2}
  - linear: $classes
train: {batch: 8, epochs: 1, log_every: 2, optimizer: {adamw: {lr: 1e-2}}}
)";

const char* const kStudy = R"(base: model.yaml
variants:
  mlp: {}
  attention: {"model.1": {attention: {heads: $heads, causal: true}}}
match: {params: baseline, free: vars.dim, tolerance: 20%}
budget: {flops: 2e6}
seeds: 2
metric: {val.loss: min}
evaluations: 2
)";

struct Watch : StudyProgress {
  int64_t planned_jobs = 0, views = 0;
  std::vector<RunView> ended;

  void on_plan(const StudyPlan&, int64_t jobs) override { planned_jobs = jobs; }

  void on_runs(std::span<const RunView>) override { ++views; }

  void on_run_end(const RunView& v) override { ended.push_back(v); }
};

class CompareStudy : public ::testing::Test {
 protected:
  CompareStudy() {
    replace_file(folder_.path("model.yaml"), kModel);
    replace_file(folder_.path("study.yaml"), kStudy);
  }

  Study study(std::vector<std::string> set = {}) {
    return load_study(folder_.path("study.yaml"), set);
  }

  CompareSettings here() { return {.folder = folder_.path("out"), .program = ""}; }

  std::string file(const std::string& name) { return read_file(folder_.path("out/" + name)); }

  const TempFolder folder_;
  Watch watch_;
};

TEST_F(CompareStudy, PlanMatchesWidthsAndBudgets) {
  const StudyPlan plan = plan_study(study());
  const PlannedVariant &mlp = plan.at("mlp"), &attention = plan.at("attention");
  EXPECT_NEAR(double(attention.cost.parameters) / double(mlp.cost.parameters), 1, 0.2);
  EXPECT_EQ(attention.match->value % 2, 0);  // heads divide it
  for (const PlannedVariant& v : plan.variants)
    EXPECT_NEAR(double(v.steps) * v.cost.flops_per_step, 2e6, 0.51 * v.cost.flops_per_step);
}

const char* const kSums = R"(data: {adding: {length: 3, marked: 3, train: 128, val: 32, test: 32}}
model: [flatten, {linear: $outputs}]
train: {batch: 16, epochs: 4, optimizer: {adamw: {lr: 3e-2}}}
)";

TEST_F(CompareStudy, ComparesPredictionsOfValues) {
  replace_file(folder_.path("model.yaml"), kSums);
  replace_file(folder_.path("study.yaml"),
               "base: model.yaml\nvariants: {squares: {}, sizes: {train.loss: mae}}\n"
               "seeds: 2\nmetric: {val.r2: max}\n");
  const Comparison c = compare(study(), here(), watch_);
  EXPECT_TRUE(c.plan.values);
  EXPECT_EQ(c.results.metric, "test.r2");
  const Json run = load_json(folder_.path("out/runs/sizes-s1/run.json"));
  EXPECT_EQ(watch_.ended.size(), 4u);
  for (const ResultRow& row : c.results.rows) EXPECT_LT(row.mean, 1);
  EXPECT_TRUE(run["test"]["metrics"].contains("test.r2"));
}

TEST_F(CompareStudy, RefusesAMetricThatTheTargetsDoNotHave) {
  replace_file(folder_.path("model.yaml"), kSums);
  replace_file(folder_.path("study.yaml"),
               "base: model.yaml\nvariants: {a: {}}\nmetric: val.accuracy\n");
  const auto error = error_of<UserErrors>([&] { plan_study(study()); }).all[0];
  EXPECT_EQ(test::text_of(error), "3:9: there is no val.accuracy: the data's targets are values");
  EXPECT_EQ(error.mark.file, folder_.path("study.yaml"));
}

TEST_F(CompareStudy, RunsEveryVariantWithEverySeed) {
  const Comparison c = compare(study(), here(), watch_);
  EXPECT_TRUE(c.results.complete);
  EXPECT_EQ(watch_.ended.size(), 4u);
  EXPECT_EQ(watch_.planned_jobs, 1);
  ASSERT_EQ(c.results.rows.size(), 2u);
  EXPECT_EQ(c.results.metric, "test.loss");
  EXPECT_EQ(c.results.rows[1].decision.pairs, 2);
  EXPECT_EQ(c.results.rows[1].decision.hindrance, Hindrance::kFewSeeds);
  for (const BudgetLine& line : c.results.audit) EXPECT_NEAR(line.deviation(), 0, 0.1);
  const Json summary = parse_json(file("summary.json"), "summary");
  EXPECT_EQ(summary["rows"][0]["mean"], c.results.rows[0].mean);
  const Json run = parse_json(file("runs/mlp-s1/run.json"), "run");
  EXPECT_EQ(run["variant"], "mlp");
  EXPECT_EQ(run["seed"], 1);
  const Json described = parse_json(file("study.json"), "study");
  EXPECT_EQ(described["base"], "mlp");
  EXPECT_EQ(described["variants"][1]["name"], "attention");
  EXPECT_GT(described["variants"][1]["step_ms"], 0);
}

// Allowed by name, it is trained, and crowned by nothing.
TEST_F(CompareStudy, AModelThatSeesItsAnswersBeatsNobody) {
  const std::string variants =
      "base: model.yaml\nseeds: 3\nmetric: {val.loss: min}\nvariants:\n"
      "  mlp: {}\n  copier: {model.1: {attention: {heads: 2}}";
  replace_file(folder_.path("study.yaml"), variants + "}\n");
  const auto refused = error_of<UserErrors>([&] { plan_study(study()); });
  EXPECT_NE(std::string(refused.what()).find("the answer it is asked for"), std::string::npos);
  replace_file(folder_.path("study.yaml"), variants + ", train.allow_leaks: true}\n");
  const Comparison c = compare(study(), here(), watch_);
  EXPECT_EQ(c.results.rows[0].sees_answers, "");
  EXPECT_NE(c.results.rows[1].sees_answers.find("attention"), std::string::npos);
  EXPECT_EQ(c.results.rows[1].decision.claim, Claim::kCannotTell);
  EXPECT_EQ(c.results.rows[1].decision.hindrance, Hindrance::kSeesAnswers);
  EXPECT_EQ(parse_json(file("summary.json"), "summary")["rows"][1]["hindrance"], "sees answers");
}

TEST_F(CompareStudy, FinishedRunsAreNotRepeated) {
  compare(study(), here(), watch_);
  const std::string before = file("runs/mlp-s0/timing.jsonl");
  Watch second;
  const Comparison again = compare(study(), here(), second);
  EXPECT_TRUE(second.ended.empty());
  EXPECT_TRUE(again.results.complete);
  EXPECT_EQ(file("runs/mlp-s0/timing.jsonl"), before);
}

TEST_F(CompareStudy, StoppedStudyGoesOnToTheSameResult) {
  CompareSettings other = here();
  other.folder = folder_.path("whole");
  const Comparison whole = compare(study(), other, watch_);
  CompareSettings stopping = here();
  int asked = 0;
  stopping.stop = [&] { return ++asked > 9; };
  const Comparison part = compare(study(), stopping, watch_);
  EXPECT_TRUE(part.stopped);
  EXPECT_FALSE(part.results.complete);
  const Comparison rest = compare(study(), here(), watch_);
  EXPECT_TRUE(rest.results.complete);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(rest.results.rows[i].mean, whole.results.rows[i].mean);
}

TEST_F(CompareStudy, FailedRunIsAResult) {
  const Comparison c =
      compare(study({"variants.attention.train.optimizer.adamw.lr=1e30"}), here(), watch_);
  EXPECT_FALSE(c.results.complete);
  EXPECT_EQ(c.results.rows[0].n, 2);
  EXPECT_EQ(c.results.rows[1].failed, 2);
  EXPECT_NE(watch_.ended.back().error.find("step"), std::string::npos);
}

TEST_F(CompareStudy, UnequalStepsAreNoCommonBudget) {
  replace_file(folder_.path("study.yaml"),
               "base: model.yaml\nvariants: {short: {train.epochs: 1}, long: {train.epochs: 3}}\n"
               "seeds: 2\n");
  const Comparison c = compare(study(), here(), watch_);
  EXPECT_FALSE(c.results.budget.common);
  EXPECT_EQ(c.results.audit[1].steps, 3 * c.results.audit[0].steps);
  ASSERT_EQ(c.results.settings.size(), 1u);
  EXPECT_EQ(c.results.settings[0].path, "train.epochs");
}

TEST_F(CompareStudy, StepsThatFollowFromTheBudgetAreNoSetting) {
  replace_file(folder_.path("study.yaml"),
               "base: model.yaml\nvariants: {narrow: {}, wide: {vars.dim: 16}}\n"
               "budget: {flops: 2e6}\nseeds: 1\nmetric: val.loss\n");
  const Comparison c = compare(study(), here(), watch_);
  EXPECT_NE(c.results.audit[0].steps, c.results.audit[1].steps);
  EXPECT_FALSE(std::ranges::count(c.results.settings, "train.steps", &DifferingSetting::path));
}

const char* const kTwins = R"(base: model.yaml
variants: {A: {}, A1: {model.0.name: b}}
metric: {val.accuracy: max}
set: {data.markov_text.test: 2}
)";

TEST_F(CompareStudy, SeedsPickedAfterwardsAreRefused) {
  replace_file(folder_.path("study.yaml"), kTwins);
  compare(study({"seeds=4"}), here(), watch_);
  const auto e = error_of([&] { compare(study({"seeds=[0,2]"}), here(), watch_); });
  EXPECT_NE(std::string(e.what()).find("2 finished seeds (1 and 3)"), std::string::npos);
  const Comparison more = compare(study({"seeds=5"}), here(), watch_);
  EXPECT_EQ(more.results.look, 2);
  EXPECT_EQ(more.results.evidence.alpha, alpha_of_look(0.05, 2));
}

TEST_F(CompareStudy, KnowsHowManyExamplesItIsJudgedBy) {
  replace_file(folder_.path("study.yaml"), kTwins);
  const Comparison c = compare(study({"seeds=3"}), here(), watch_);
  EXPECT_EQ(c.results.evidence.test_examples, 2 * 8);  // sequences of 8 scored symbols
  EXPECT_EQ(c.results.rows[1].decision.claim, Claim::kCannotTell);
  EXPECT_TRUE(c.results.rows[0].test_set);
}

TEST_F(CompareStudy, SeedsMayVaryTheDataToo) {
  replace_file(folder_.path("study.yaml"),
               "base: model.yaml\nvariants: {A: {}}\nseeds: [3, 4]\nvary: vars.dim\n");
  compare(study(), here(), watch_);
  EXPECT_NE(file("runs/A-s3/spec.yaml").find("dim: 3"), std::string::npos);
  EXPECT_NE(file("runs/A-s4/spec.yaml").find("dim: 4"), std::string::npos);
  const auto e = error_of<UserErrors>([&] { plan_study(study({"seeds=[3,0]"})); });
  EXPECT_NE(std::string(e.what()).find("with seed 0"), std::string::npos);
}

// Folds are known by the data's identity: the same graphs, cut otherwise.
TEST_F(CompareStudy, FoldsOfOneDataSetOverlap) {
  test::small_data("tu_graphs", folder_);
  const auto with = [&](const std::string& vary) {
    replace_file(
        folder_.path("model.yaml"),
        str("vars: {fold: 0, wide: 4}\ndata: {tu_graphs: {path: '", folder_.path("graphs.txt"),
            "', folds: 4, fold: $fold}}\nmodel: [{gin: $wide}, {pool: mean}, {linear: "
            "$classes}]\ntrain: {batch: 4, steps: 1}\n"));
    replace_file(
        folder_.path("study.yaml"),
        str("base: model.yaml\nvariants: {a: {}}\nmetric: val.loss\nseeds: [1, 2, 3]\nvary: ", vary,
            "\n"));
    return plan_study(study()).overlap;
  };
  EXPECT_DOUBLE_EQ(with("vars.fold"), 10.0 / 20);  // 40 graphs: 10 test, 10 val, 20 train
  EXPECT_EQ(with("vars.wide"), 0);
}

TEST_F(CompareStudy, RefusesAFolderOfAnotherStudy) {
  compare(study(), here(), watch_);
  const auto e = error_of([&] { compare(study({"budget.flops=3e6"}), here(), watch_); });
  EXPECT_EQ(
      std::string(e.what()),
      str("'", folder_.path("out"),
          "' holds runs of another 'mlp'; these differ: budget "
          "(was 2000000 flops, is 3000000 flops), train.steps (was 11, is 16), train.eval_every "
          "(was 6, is 8)"));
  EXPECT_NE(e.help.find("choose another folder"), std::string::npos);
}

TEST_F(CompareStudy, RefusesAnotherTimeBudgetThoughStepsAreKept) {
  compare(study({"budget={seconds: 0.01}", "seeds=1", "match="}), here(), watch_);
  const auto e = error_of([&] {
    compare(study({"budget={seconds: 0.02}", "seeds=1", "match="}), here(), watch_);
  });
  EXPECT_NE(std::string(e.what()).find("budget (was 0.01 seconds, is 0.02 seconds)"),
            std::string::npos)
      << e.what();
}

TEST_F(CompareStudy, RefusedAtItsBeginningLeavesNoFolder) {
  CompareSettings settings = here();
  settings.folder = folder_.path("new/study");
  EXPECT_THROW(compare(study({"set={model.1.ffn.expnd: 2}"}), settings, watch_), UserErrors);
  EXPECT_FALSE(file_exists(folder_.path("new")));
  make_folders(settings.folder);
  EXPECT_THROW(compare(study({"set={model.1.ffn.expnd: 2}"}), settings, watch_), UserErrors);
  EXPECT_TRUE(file_exists(settings.folder));  // it was there before
}

// What is said of a model that several variants share is said once, with what the study does to it.
TEST_F(CompareStudy, NamesTheVariantsAndTheLineThatSetsIt) {
  replace_file(folder_.path("model.yaml"),
               "vars: {looks_back: true}\n"
               "data: {markov_text: {symbols: 6, order: 1, context: 8, train: 64}}\n"
               "model:\n  - embed: 8\n"
               "  - attention: {heads: 2, causal: $looks_back}\n  - linear: $classes\n");
  replace_file(folder_.path("study.yaml"),
               "base: model.yaml\nset: {model.1.attention.causal: false}\nvariants:\n"
               "  mlp: {}\n  wide: {model.0.embed: 16}\n");
  const auto all = error_of<UserErrors>([&] { plan_study(study()); }).all;
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].mark.line, 5);
  EXPECT_TRUE(all[0].mark.file.ends_with("model.yaml"));
  ASSERT_EQ(all[0].notes.size(), 2u);
  EXPECT_EQ(all[0].notes[0].text, "it is so in every variant");
  EXPECT_EQ(all[0].notes[1].text, "the study sets model.1.attention.causal to false");
  EXPECT_EQ(all[0].notes[1].mark.line, 2);
  EXPECT_TRUE(all[0].notes[1].mark.file.ends_with("study.yaml"));
  replace_file(folder_.path("study.yaml"),
               "base: model.yaml\nvariants:\n  good: {}\n  bad: {vars.looks_back: false}\n"
               "  worse: {vars.looks_back: false, model.0.embed: 16}\n");
  const auto two = error_of<UserErrors>([&] { plan_study(study()); }).all;
  ASSERT_EQ(two.size(), 1u);
  ASSERT_EQ(two[0].notes.size(), 3u);
  EXPECT_EQ(two[0].notes[0].text, "it is so in the variants 'bad' and 'worse'");
  EXPECT_EQ(two[0].notes[0].mark.line, 4);
  EXPECT_EQ(two[0].notes[2].text, "variant 'worse' sets vars.looks_back to false");
  EXPECT_EQ(two[0].notes[2].mark.line, 5);
}

TEST_F(CompareStudy, AMissingModelFileIsSaidOnceWhereItIsNamed) {
  const auto missing = error_of<UserErrors>([&] { plan_study(study({"base=modle.yaml"})); }).all;
  ASSERT_EQ(missing.size(), 1u);
  EXPECT_EQ(test::text_of(missing[0]).find("1:6: there is no file '"), 0u)
      << test::text_of(missing[0]);
  replace_file(folder_.path("study.yaml"), "variants:\n  a: model.yaml\n  b: modle.yaml\n");
  const auto second = error_of<UserErrors>([&] { plan_study(study()); }).all;
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].mark.line, 3);
}

TEST_F(CompareStudy, ReportsWhatAProcessSaidBeforeItDied) {
  CompareSettings settings = here();
  settings.program = "/bin/false";
  settings.jobs = 2;
  const Comparison c = compare(study(), settings, watch_);
  EXPECT_EQ(watch_.ended.size(), 4u);
  EXPECT_EQ(c.runs[0].phase, RunPhase::kFailed);
  EXPECT_NE(c.runs[0].error.find("ended with code 1"), std::string::npos);
}

TEST_F(CompareStudy, ImpossibleMatchNamesTheVariant) {
  const auto e = error_of<UserErrors>([&] {
    plan_study(study({"match.params=50", "match.tolerance=1%"}));
  });
  EXPECT_EQ(e.all.size(), 2u);
  EXPECT_NE(std::string(e.what()).find("variant 'mlp': no vars.dim comes within"),
            std::string::npos);
}
}  // namespace
}  // namespace cambium::compare_test
