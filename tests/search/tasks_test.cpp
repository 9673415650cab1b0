// Studies of several tasks, and of seeds until it is decided.
#include "search/study/tasks.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/text/json.h"
#include "search/results/results.h"
#include "search/results/study_folder.h"
#include "search/study/cell.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::tasks_test {
namespace {
using test::error_of;
using test::TempFolder;

class TasksFile : public ::testing::Test {
 protected:
  TasksFile() {
    replace_file(
        folder_.path("model.yaml"),
        "vars: {dim: 8}\ndata: markov_text\nmodel:\n  - embed: $dim\n  - linear: $vocab\n");
  }

  Study load(const std::string& text) {
    replace_file(folder_.path("study.yaml"),
                 "base: model.yaml\nvariants: {wide: {vars.dim: 16}, plain: {}}\n" + text);
    return load_study(folder_.path("study.yaml"));
  }

  std::vector<std::string> errors(const std::string& text) {
    std::vector<std::string> out;
    for (const UserError& e : error_of<UserErrors>([&] { load(text); }).all)
      out.push_back(test::text_of(e));
    return out;
  }

  const TempFolder folder_;
};

TEST_F(TasksFile, EveryVariantIsTriedOnEachTask) {
  const Study s = load(R"(metric: {val.accuracy: max}
tasks:
  - data: {in_context_recall: {}}
  - {data: markov_text, name: text, metric: val.loss, train.batch: 4}
least_effect: 0.5
published: {plain@text: 1.5}
)");
  std::vector<std::string> names;
  for (const Variant& v : s.variants) names.push_back(v.name);
  EXPECT_EQ(names, (std::vector<std::string>{"wide@in_context_recall", "plain@in_context_recall",
                                             "wide@text", "plain@text"}));
  EXPECT_EQ(s.baseline, "plain");
  EXPECT_EQ(s.least_effect, 0.005);
  EXPECT_EQ(metric_of(s, "wide@text").name, "val.loss");
  EXPECT_FALSE(metric_of(s, "wide@text").maximize);
  EXPECT_EQ(metric_of(s, "wide@in_context_recall").name, "val.accuracy");
  ASSERT_EQ(s.variants[2].overrides.size(), 3u);
  EXPECT_EQ(s.variants[2].overrides[0].key, "data");
  EXPECT_EQ(s.variants[2].overrides[1].key, "train.batch");
  EXPECT_EQ(s.variants[2].overrides[2].key, "vars.dim");
}

TEST_F(TasksFile, ATaskReplacesTheData) {
  const Study s = load("tasks: [{data: {in_context_recall: {}}}, {vars.dim: 4, name: narrow}]\n");
  const Spec recall = variant_spec(s, s.variants[0]);
  EXPECT_TRUE(recall.section("data")->find("in_context_recall"));
  EXPECT_EQ(recall.section("vars")->find("dim")->text, "16");
  EXPECT_EQ(variant_spec(s, s.variants[2]).section("vars")->find("dim")->text, "16");
  EXPECT_EQ(variant_spec(s, s.variants[3]).section("vars")->find("dim")->text, "4");
}

TEST_F(TasksFile, MistakesAreFoundTogether) {
  const auto found = errors(R"(tasks:
  - 7
  - {data: markov_text}
  - {data: markov_text}
  - {data: markov_text, name: a@b}
  - {data: markov_text, name: c, metric: val.accuracies}
)");
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0], "4:5: a task is a map of overrides");
  EXPECT_EQ(found[1], "6:5: two tasks are named 'markov_text'");
  EXPECT_EQ(found[2], "7:31: 'a@b' cannot name a task");
  EXPECT_EQ(found[3], "8:42: unknown metric 'val.accuracies'");
  EXPECT_EQ(errors("tasks: {}\n").size(), 1u);
}

TEST_F(TasksFile, VariantsTimesTasksHaveALimit) {
  std::string text = "tasks:\n";
  for (int i = 0; i < 501; ++i) text += str("  - {vars.dim: ", i + 1, "}\n");
  const UserError e = error_of([&] { load(text); });
  EXPECT_EQ(test::text_of(e), "4:5: 2 variants on 501 tasks are more than 1000 trainings a seed");
}

TEST_F(TasksFile, PublishedNumbersAreOfAVariantOnATask) {
  const auto found = errors("tasks: [{data: markov_text}]\npublished: {plain: 1.5}\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0],
            "4:13: the published 'plain' is no variant on a task, such as wide@markov_text");
}

TEST_F(TasksFile, SeedsMayGoOnUntilItIsDecided) {
  const Study s = load("seeds: {until: decided, at_most: 10}\n");
  EXPECT_EQ(s.seeds.size(), 10u);
  EXPECT_EQ(s.looks, (std::vector<int64_t>{3, 5, 8, 10}));
  EXPECT_EQ(load("seeds: {until: decided}\n").looks.back(), 12);
  EXPECT_TRUE(load("seeds: 10\n").looks.empty());
  EXPECT_EQ(errors("seeds: {until: dawn}\n")[0],
            "3:8: seeds: takes {until: decided, at_most: 12}, a number or a list");
  EXPECT_EQ(errors("seeds: {until: decided, at_most: 2}\n")[0],
            "3:8: 'at_most' must be at least 3, got 2");
  EXPECT_EQ(errors("seeds: {until: decided, at_most: 101}\n")[0],
            "3:8: 'at_most' is at most 100 seeds, got 101");
  EXPECT_EQ(errors("seeds: {until: decided, atmost: 5}\n")[0],
            "3:25: unknown key of seeds 'atmost'");
}

TEST(Cell, NamesAVariantOnATask) {
  EXPECT_EQ(cell_name("a", ""), "a");
  EXPECT_EQ(cell_name("a", "t"), "a@t");
  EXPECT_EQ(task_of("a@t"), "t");
  EXPECT_EQ(task_of("a"), "");
  EXPECT_EQ(variant_of("a@t"), "a");
  EXPECT_EQ(on_task_of("a@t", "b"), "b@t");
  EXPECT_EQ(on_task_of("a", "b"), "b");
}

// Results of two variants on two tasks, one judged by a loss.
class TaskResults : public ::testing::Test {
 protected:
  TaskResults() {
    Study& s = plan_.study;
    s.name = "s";
    s.metric = "val.accuracy";
    s.maximize = true;
    s.baseline = "base";
    s.seeds = {0, 1, 2, 3, 4};
    s.tasks = {{.name = "recall", .mark = {}, .metric = {"val.accuracy", {}, true}},
               {.name = "text", .mark = {}, .metric = {"val.loss", {}, false}}};
    for (const char* name : {"base@recall", "other@recall", "base@text", "other@text"}) {
      PlannedVariant v{.name = name, .spec = {name, parse_yaml("data: markov_text\n", name)}};
      v.cost = {.parameters = 7, .flops_per_step = 100};
      v.steps = 10;
      v.planned = 10;
      v.examples_per_step = 1;
      plan_.variants.push_back(std::move(v));
    }
    for (int64_t seed : s.seeds) {
      finish("base@recall", seed, "accuracy", 0.50 + 0.01 * double(seed));
      finish("other@recall", seed, "accuracy", 0.60 + 0.01 * double(seed % 3));
      finish("base@text", seed, "loss", 2.0 + 0.01 * double(seed % 2));
      finish("other@text", seed, "loss", 1.6 + 0.01 * double(seed % 4));
    }
  }

  void finish(const char* cell, int64_t seed, const char* metric, double value) {
    const std::string folder = RunId{cell, seed}.folder(folder_.path());
    make_folders(folder);
    Json j = {{"status", "done"}, {"variant", cell},       {"seed", seed},
              {"steps", 10},      {"step_ms_median", 2.0}, {"flops", 1000}};
    j["test"] = {{"scored", 1000}, {"metrics", {{str("test.", metric), value}}}};
    replace_file(folder + "/run.json", j.dump());
  }

  void fail(const char* cell, int64_t seed) {
    replace_file(RunId{cell, seed}.folder(folder_.path()) + "/run.json",
                 Json{{"status", "failed"}, {"variant", cell}, {"seed", seed}}.dump());
  }

  Results results() { return collect_results(plan_, folder_.path()); }

  const TempFolder folder_;
  StudyPlan plan_;
};

TEST_F(TaskResults, AreToldByTaskAndOverAll) {
  const Results r = results();
  ASSERT_EQ(r.rows.size(), 4u);
  EXPECT_EQ(r.rows[1].variant, "other@recall");
  EXPECT_EQ(r.rows[1].decision.claim, Claim::kBetter);
  EXPECT_EQ(r.rows[3].decision.claim, Claim::kBetter);  // a lower loss
  EXPECT_LT(r.rows[3].decision.difference->mean, 0);
  EXPECT_EQ(r.rows[2].decision.claim, Claim::kBaseline);
  // Two tasks and the whole share alpha.
  EXPECT_DOUBLE_EQ(r.alpha, 0.0375 / 3);
  ASSERT_EQ(r.aggregate.tasks.size(), 2u);
  EXPECT_EQ(r.aggregate.tasks[0].metric, "test.accuracy");
  EXPECT_EQ(r.aggregate.tasks[0].scoring, Scoring::kAsItIs);
  EXPECT_EQ(r.aggregate.tasks[1].scoring, Scoring::kRatio);
  EXPECT_NEAR(r.aggregate.tasks[1].baseline, 2.004, 1e-12);
}

// By hand: scores .60 .61 .62 .60 .61 and 2.004 over 1.60 1.61 1.62 1.63 1.60; of ten the middle
// six are left.
TEST_F(TaskResults, HaveAnInterquartileMeanOfScores) {
  const AggregateRow& row = results().aggregate.rows[1];
  EXPECT_EQ(row.variant, "other");
  EXPECT_EQ(row.seeds, 5);
  const double b = 2.004;
  EXPECT_NEAR(row.iqm, (0.61 + 0.61 + 0.62 + b / 1.63 + b / 1.62 + b / 1.61) / 6, 1e-12);
  EXPECT_NEAR(row.mean, (3.04 / 5 + (b / 1.6 + b / 1.61 + b / 1.62 + b / 1.63 + b / 1.6) / 5) / 2,
              1e-12);
  EXPECT_EQ(row.improvement, 1);
  EXPECT_EQ(row.decision.claim, Claim::kBetter);
  ASSERT_TRUE(row.interval && row.iqm_difference_interval);
  EXPECT_GT(row.iqm_difference_interval->low, 0);
  EXPECT_EQ(row.profile.size(), 41u);
}

TEST_F(TaskResults, AFailedRunScoresNothing) {
  fail("other@text", 3);
  const Results r = results();
  const AggregateRow& row = r.aggregate.rows[1];
  EXPECT_EQ(row.seeds, 5);
  EXPECT_EQ(row.decision.claim, Claim::kCannotTell);
  EXPECT_EQ(row.decision.hindrance, Hindrance::kFailures);
  EXPECT_EQ(row.profile[0].score, 0);
}

TEST_F(TaskResults, ARunToGoLeavesItsSeedOut) {
  std::filesystem::remove(RunId{"other@text", 4}.folder(folder_.path()) + "/run.json");
  const AggregateRow row = results().aggregate.rows[1];
  EXPECT_EQ(row.seeds, 4);
  EXPECT_FALSE(row.interval);
  EXPECT_EQ(row.decision.hindrance, Hindrance::kRunsToGo);
}

// The bootstrap knows no runs on parts of one data set.
TEST_F(TaskResults, OfOverlappingDataHaveNoBootstrap) {
  const Results apart = results();
  plan_.overlap = 0.25;
  const Results r = results();
  EXPECT_FALSE(r.aggregate.rows[1].interval || r.aggregate.rows[1].iqm_difference_interval);
  const auto width = [](const AggregateRow& row) {
    return row.decision.difference->interval.high - row.decision.difference->interval.low;
  };
  // 1/5 + 1/4 in place of 1/5.
  EXPECT_NEAR(width(r.aggregate.rows[1]) / width(apart.aggregate.rows[1]), std::sqrt(0.45 / 0.2),
              1e-9);
  EXPECT_GT(r.aggregate.rows[1].decision.p_value, apart.aggregate.rows[1].decision.p_value);
}

TEST_F(TaskResults, AreWrittenAndReadBack) {
  const Results r = results();
  const Json j = summary_json(r);
  EXPECT_EQ(to_text(summary_json(summary_from(j, "here"))), to_text(j));
  const Frozen frozen = frozen_of(plan_.study);
  EXPECT_EQ(frozen.tasks, (std::vector<std::string>{"recall by val.accuracy", "text by val.loss"}));
  const Description d = describe(plan_, frozen, &r, "");
  EXPECT_EQ(description_from(to_json(d), "here"), d);
  const auto plan = plan_of(d);
  ASSERT_TRUE(plan);
  EXPECT_EQ(to_text(summary_json(collect_results(*plan, folder_.path()))), to_text(j));
}

TEST_F(TaskResults, OfADamagedDescriptionAreNotWorkedOut) {
  const Description whole = describe(plan_, frozen_of(plan_.study), nullptr, "");
  Description d = whole;
  d.variants.pop_back();
  EXPECT_FALSE(plan_of(d));
  d = whole;
  d.variants[2].name = "third@text";
  EXPECT_FALSE(plan_of(d));
  d = whole;
  d.tasks[1].metric = "val.lost";
  EXPECT_FALSE(plan_of(d));
  d = whole;
  d.baseline = "none";
  EXPECT_FALSE(plan_of(d));
  d = whole;
  d.frozen.planned = {3, 3, 5};
  EXPECT_FALSE(plan_of(d));
  EXPECT_TRUE(plan_of(whole));
}

TEST_F(TaskResults, TellHowManySeedsToTrain) {
  Study& s = plan_.study;
  s.looks = {3, 5, 8};
  EXPECT_EQ(seeds_to_train(s, results(), 5), 5);  // decided over all tasks
  for (int64_t seed : s.seeds) {
    finish("other@recall", seed, "accuracy", 0.50 + 0.01 * double(seed) + (seed % 2 ? 0.1 : -0.1));
    finish("other@text", seed, "loss", 2.0 + (seed % 2 ? 0.1 : -0.1));
  }
  EXPECT_EQ(seeds_to_train(s, results(), 5), 8);
  EXPECT_EQ(seeds_to_train(s, results(), 8), 8);
  s.looks.clear();
  EXPECT_EQ(seeds_to_train(s, results(), 5), 5);
}
}  // namespace
}  // namespace cambium::tasks_test
