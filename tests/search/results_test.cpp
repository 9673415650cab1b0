#include "search/results/results.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/text/json.h"
#include "search/runs/run_status.h"
#include "search/study/budget.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::results_test {
namespace {
using test::TempFolder;

StudyPlan plan_of_two() {
  StudyPlan plan;
  plan.study.metric = "val.accuracy";
  plan.study.maximize = true;
  plan.study.baseline = "base";
  plan.study.seeds = {0, 1, 2};
  plan.study.budget = Budget{Budget::kFlops, 1000};
  for (const char* name : {"base", "other"}) {
    PlannedVariant v{.name = name};
    v.cost = {.parameters = 7, .flops_per_step = 100};
    v.steps = 10;
    v.planned = 1000;
    plan.variants.push_back(v);
  }
  return plan;
}

void finish(const TempFolder& study, const char* variant, int64_t seed, double accuracy) {
  const std::string folder = RunId{variant, seed}.folder(study.path());
  make_folders(folder);
  Json j = {{"status", "done"},
            {"steps", 10},
            {"step_ms_median", 2.0 + double(seed)},
            {"peak_rss_bytes", 100 + seed},
            {"flops", 1000}};
  j["best"] = {{"metrics", {{"val.accuracy", accuracy + 0.1}}}};
  j["test"] = {{"scored", 1000}, {"metrics", {{"test.accuracy", accuracy}}}};
  replace_file(folder + "/run.json", j.dump());
}

TEST(Results, ReportTheTestSplitWithPairedDifferences) {
  const TempFolder study;
  for (int64_t s : {0, 1, 2}) {
    finish(study, "base", s, 0.5 + 0.1 * double(s));
    finish(study, "other", s, 0.6 + 0.1 * double(s) + 0.01 * double(s % 2));
  }
  const Results r = collect_results(plan_of_two(), study.path());
  EXPECT_TRUE(r.complete);
  EXPECT_EQ(r.metric, "test.accuracy");
  EXPECT_NEAR(r.rows[0].mean, 0.6, 1e-12);
  EXPECT_EQ(r.rows[0].decision.claim, Claim::kBaseline);
  EXPECT_EQ(r.rows[1].decision.claim, Claim::kBetter);
  const PairedDifference& d = *r.rows[1].decision.difference;
  EXPECT_NEAR(d.mean, 0.31 / 3, 1e-12);
  // The seeds share most of their spread: the paired interval is far narrower than each row's.
  EXPECT_LT(d.interval.high - d.interval.low, 0.05);
  EXPECT_NEAR(d.range.high - d.range.low, 0.01, 1e-12);
  EXPECT_NEAR(r.rows[1].range.high - r.rows[1].range.low, 0.2, 1e-12);
  EXPECT_FALSE(r.rows[1].interval);  // three seeds show no shape
  EXPECT_EQ(r.rows[1].step_ms, 3);
  EXPECT_EQ(r.rows[1].peak_bytes, 102);
  EXPECT_EQ(r.audit[0].spent, 1000);
  EXPECT_TRUE(r.budget.common);
  EXPECT_EQ(r.evidence.test_examples, 1000);
  EXPECT_FALSE(r.rows[0].bootstrap);  // of three seeds it covers 72 %
}

// What a study says of a run that has ended is what judges it, not its last evaluation.
TEST(RunStatus, EndsWithTheValueThatIsJudged) {
  const TempFolder run;
  replace_file(run.path("log.jsonl"), "{\"step\":5,\"val.loss\":2}\n{\"step\":9,\"val.loss\":3}\n");
  Json j = {{"status", "done"}, {"steps", 9}};
  j["best"] = {{"metrics", {{"val.loss", 2}}}};
  replace_file(run.path("run.json"), j.dump());
  RunStatus s;
  refresh(s, run.path(), "val.loss");
  EXPECT_EQ(s.value, 3);
  take_best(s, run.path(), "val.loss");
  EXPECT_EQ(s.value, 2);
  take_best(s, run.path(), "val.accuracy");
  EXPECT_EQ(s.value, 2);
}

TEST(Results, IntervalsOfSharesStayBetweenNothingAndAll) {
  const TempFolder study;
  StudyPlan plan = plan_of_two();
  plan.study.seeds = {0, 1, 2, 3, 4};
  for (int64_t s : plan.study.seeds) {
    finish(study, "base", s, s == 0 ? 0.001 : 0);
    finish(study, "other", s, s == 0 ? 0.999 : 1);
  }
  const Results r = collect_results(plan, study.path());
  ASSERT_TRUE(r.rows[0].interval && r.rows[1].interval);
  EXPECT_EQ(r.rows[0].interval->low, 0);
  EXPECT_GT(r.rows[0].interval->high, 0.0005);
  EXPECT_EQ(r.rows[1].interval->high, 1);
  EXPECT_LT(r.rows[1].interval->low, 0.9995);
}

TEST(Results, PairOnlySeedsThatBothFinished) {
  const TempFolder study;
  for (int64_t s : {0, 1, 2}) finish(study, "base", s, 0.5);
  for (int64_t s : {1, 2}) finish(study, "other", s, 0.6);
  const Results r = collect_results(plan_of_two(), study.path());
  EXPECT_FALSE(r.complete);
  EXPECT_EQ(r.rows[1].n, 2);
  EXPECT_EQ(r.rows[1].decision.pairs, 2);
  EXPECT_EQ(r.rows[1].decision.hindrance, Hindrance::kRunsToGo);
  EXPECT_FALSE(r.rows[1].interval);
}

TEST(Results, DecisionsSurviveTheirJson) {
  const TempFolder study;
  for (int64_t s : {0, 1, 2}) {
    finish(study, "base", s, 0.5 + 0.1 * double(s));
    finish(study, "other", s, 0.6 + 0.1 * double(s) + 0.01 * double(s % 2));
  }
  const Results r = collect_results(plan_of_two(), study.path());
  const Json row = parse_json(to_text(summary_json(r)["rows"][1]), "row");
  const Decision read = decision_from(row), &was = r.rows[1].decision;
  EXPECT_EQ(read.claim, was.claim);
  EXPECT_EQ(read.hindrance, was.hindrance);
  EXPECT_EQ(read.pairs, was.pairs);
  EXPECT_EQ(read.p_value, was.p_value);
  EXPECT_EQ(read.difference->range, was.difference->range);
  EXPECT_TRUE(std::isnan(read.difference->interval.low)) << "withheld from three seeds";
  EXPECT_EQ(decision_from(Json::object()).claim, Claim::kCannotTell);
}

TEST(Results, FailedSeedsAreCounted) {
  const TempFolder study;
  for (int64_t s : {0, 1, 2}) finish(study, "base", s, 0.5);
  for (int64_t s : {0, 1}) finish(study, "other", s, 0.6);
  const std::string folder = RunId{"other", 2}.folder(study.path());
  make_folders(folder);
  replace_file(folder + "/run.json", R"({"status": "failed"})");
  const Results r = collect_results(plan_of_two(), study.path());
  EXPECT_EQ(r.rows[1].failed, 1);
  EXPECT_EQ(r.rows[1].decision.failed, 1);
  EXPECT_EQ(r.budget.departure, 0);  // of finished runs
}

TEST(Results, OfNoRunsAreEmptyRows) {
  const TempFolder study;
  const Json j = summary_json(collect_results(plan_of_two(), study.path()));
  EXPECT_EQ(j["rows"][1]["n"], 0);
  EXPECT_TRUE(j["rows"][1]["mean"].is_null());
  EXPECT_TRUE(j["rows"][1]["p_value"].is_null());
}

TEST(Results, WithADamagedRunAreAnError) {
  const TempFolder study;
  finish(study, "base", 0, 0.5);
  replace_file(RunId{"base", 0}.folder(study.path()) + "/run.json", "{\"status\":\"done\"}");
  const auto e = test::error_of([&] { collect_results(plan_of_two(), study.path()); });
  EXPECT_NE(std::string(e.what()).find("base-s0/run.json"), std::string::npos);
}

TEST(Budget, BecomesSteps) {
  const StepCost cost{.parameters = 1, .flops_per_step = 300};
  EXPECT_EQ(steps_for({Budget::kFlops, 1000}, cost, 32, 0), 3);
  EXPECT_EQ(steps_for({Budget::kSamples, 1000}, cost, 32, 0), 31);
  EXPECT_EQ(steps_for({Budget::kSteps, 12}, cost, 32, 0), 12);
  EXPECT_EQ(steps_for({Budget::kSeconds, 60}, cost, 32, 0.5), 120);
  EXPECT_EQ(steps_for({Budget::kFlops, 1}, cost, 32, 0), 1);
}
}  // namespace
}  // namespace cambium::results_test
