// The table of a study as the terminal shows it.
#include "app/tables/study_view.h"

#include <sstream>

#include <gtest/gtest.h>

namespace cambium::study_view_test {
namespace {
Comparison two_variants() {
  Comparison c;
  c.plan.study.metric = "val.accuracy";
  c.plan.study.baseline = "a";
  c.results.metric = "test.accuracy";
  for (const char* name : {"a", "b"})
    c.results.rows.push_back({.variant = name, .n = 1, .mean = 0.5});
  return c;
}

TEST(ResultsTable, HasAPublishedColumnWhenTheStudyNamesNumbers) {
  Comparison c = two_variants();
  EXPECT_EQ(results_table(c).find("published"), std::string::npos);
  c.plan.study.published = {{"b", 94.1}};
  const std::string table = results_table(c);
  EXPECT_NE(table.find("published\n"), table.npos) << table;
  EXPECT_NE(table.find(" -\nb "), table.npos) << table;
  EXPECT_NE(table.find("94.10\n"), table.npos) << table;
}

TEST(ResultsTable, SaysWhatMayBeClaimedAndHowManySeedsFailed) {
  Comparison c = two_variants();
  c.results.rows[0].decision.claim = Claim::kBaseline;
  c.results.rows[1].decision = {.claim = Claim::kBetter,
                                .pairs = 5,
                                .difference = PairedDifference{0.1, 0.01, {0.08, 0.12}, 0.001, 5}};
  c.results.rows[1].failed = 2;
  const std::string table = results_table(c);
  EXPECT_NE(table.find("+10.00 [+8.00, +12.00]  better"), table.npos) << table;
  EXPECT_NE(table.find("1 (2 failed)"), table.npos) << table;
  EXPECT_NE(table.find("lowest to highest"), table.npos) << table;
}

TEST(ResultsTable, ShowsTheRangeOfFewSeedsAndTheIntervalOfMore) {
  Comparison c = two_variants();
  c.results.rows[0].n = 3;
  c.results.rows[0].range = {0.4, 0.6};
  c.results.rows[1].n = 5;
  c.results.rows[1].interval = Interval{0.45, 0.55};
  c.results.rows[1].decision = {
      .pairs = 3, .difference = PairedDifference{0.1, 0.01, {0, 0}, 0.1, 3, {0.05, 0.2}}};
  const std::string table = results_table(c);
  EXPECT_NE(table.find("95 % if normal, or range"), table.npos) << table;
  EXPECT_NE(table.find("40.00 to 60.00"), table.npos) << table;
  EXPECT_NE(table.find("[45.00, 55.00]"), table.npos) << table;
  EXPECT_NE(table.find("+10.00 (+5.00 to +20.00)"), table.npos) << table;
}

TEST(StudyView, SaysBeforeTheRunsThatAStepExceedsTheBudget) {
  StudyPlan plan;
  plan.study.metric = "val.loss";
  plan.study.budget = Budget{Budget::kFlops, 1};
  plan.variants = {{.name = "a", .steps = 1}};
  plan.variants[0].cost.flops_per_step = 3000;
  std::ostringstream out, err;
  {
    Terminal terminal(out, err, {});
    StudyView(terminal, ProgressMode::kPlain).on_plan(plan, 1);
  }
  EXPECT_NE(err.str().find("note    the budget of 1 flops is exceeded by a single step of a, which "
                           "takes 3.00k\n"),
            std::string::npos)
      << err.str();
}

TEST(ResultsTable, ShowsNoNumbersOfAVariantWithoutAFinishedRun) {
  Comparison c = two_variants();
  c.results.rows[1] = {.variant = "b", .failed = 3};
  EXPECT_NE(results_table(c).find("0 (3 failed)"), std::string::npos);
  const std::string table = results_table(c), row = table.substr(table.find("\nb"));
  EXPECT_EQ(row.find("0 B"), std::string::npos) << table;
}
}  // namespace
}  // namespace cambium::study_view_test
