// What is said of studies of several tasks, of equivalence and of planned looks.
#include <cmath>

#include <gtest/gtest.h>

#include "viz/report/report.h"
#include "viz/report/verdict.h"

namespace cambium::tasks_report_test {
namespace {
bool has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

Decision claimed(Claim claim, double mean) {
  return {.claim = claim,
          .hindrance = claim == Claim::kCannotTell ? Hindrance::kNoise : Hindrance::kNone,
          .pairs = 5,
          .difference =
              PairedDifference{mean, 0.01, {mean - 0.01, mean + 0.01}, 0.004, 5, {mean, mean}},
          .p_value = claim == Claim::kCannotTell ? 0.4 : 0.004,
          .equivalence_p = 0.007};
}

// Two variants on a task of accuracy and one of loss.
StudyFolder study() {
  StudyFolder r{.folder = "s"};
  r.study.name = "tasks";
  r.study.metric = "val.accuracy";
  r.study.baseline = "base";
  r.study.seeds = {0, 1, 2, 3, 4};
  r.study.tasks = {{"recall", "val.accuracy", true}, {"text", "val.loss", false}};
  r.study.frozen.tasks = {"recall by val.accuracy", "text by val.loss"};
  for (const char* name : {"base@recall", "other@recall", "base@text", "other@text"})
    r.study.variants.push_back({.name = name});
  Summary& s = r.summary;
  s.metric = "val.accuracy";
  s.alpha = 0.0125;
  s.least_effect = 0.02;
  const auto add = [&](const char* name, double mean, const Decision& d) {
    s.rows.push_back({.variant = name, .n = 5, .mean = mean, .range = {mean, mean}, .decision = d});
  };
  add("base@recall", 0.5, {.claim = Claim::kBaseline});
  add("other@recall", 0.6, claimed(Claim::kBetter, 0.1));
  add("base@text", 2.0, {.claim = Claim::kBaseline});
  add("other@text", 2.1, claimed(Claim::kCannotTell, 0.1));
  s.aggregate.tasks = {
      {.name = "recall", .metric = "test.accuracy", .baseline = 0.5},
      {.name = "text", .metric = "test.loss", .baseline = 2.0, .scoring = Scoring::kRatio}};
  s.aggregate.rows = {{.variant = "base", .seeds = 5, .iqm = 0.75, .mean = 0.75},
                      {.variant = "other",
                       .seeds = 5,
                       .iqm = 0.78,
                       .mean = 0.776,
                       .interval = Interval{0.76, 0.80},
                       .iqm_difference = 0.03,
                       .iqm_difference_interval = Interval{0.01, 0.05},
                       .improvement = 0.75,
                       .decision = claimed(Claim::kEquivalent, 0.006)}};
  s.aggregate.rows[0].decision.claim = Claim::kBaseline;
  for (AggregateRow& row : s.aggregate.rows)
    row.profile = {{0.5, 1, {1, 1}}, {0.8, 0.4, {0.2, 0.6}}, {1, 0, {0, 0}}};
  return r;
}

std::string text(const StudyFolder& r) {
  std::string out;
  for (const std::string& s : verdict(r)) out += s + "\n";
  return out;
}

TEST(TasksVerdict, SpeaksFirstOfAllTasksThenOfEach) {
  const std::string t = text(study());
  const size_t whole = t.find(
      "other is equivalent to base within 2.00 points of mean score over 2 tasks: +0.60 points "
      "[\xE2\x88\x92"
      "0.40, +1.60] (p = 0.007, 5 seeds).");
  const size_t recall =
      t.find("other@recall beats base@recall by 10.00 \xC2\xB1 1.00 points of test accuracy");
  EXPECT_LT(whole, recall) << t;
  EXPECT_NE(recall, t.npos) << t;
  EXPECT_TRUE(has(t, "Cannot tell other@text from base@text: +0.1000 [+0.0900, +0.1100] over 5"))
      << t;
}

TEST(TasksVerdict, SaysWhatClaimsTakeAndHowScoresAreMade) {
  StudyFolder r = study();
  EXPECT_TRUE(has(basis_text(r), "p below 0.0125 on each task, and as much over all 2 of them"))
      << basis_text(r);
  r.summary.looks = {3, 5, 8};
  EXPECT_TRUE(has(basis_text(r), "after correction for looks at 3, 5 and 8 seeds"))
      << basis_text(r);
  EXPECT_EQ(scoring_text(r),
            "recall: test accuracy as it is; text: base's mean of 2.0000 over test loss");
}

TEST(TasksVerdict, NamesTheSetsOfEachTask) {
  StudyFolder r = study();
  r.summary.test_examples = 800;  // of the whole
  r.summary.aggregate.tasks[0].test_examples = 400;
  EXPECT_TRUE(has(basis_text(r), "recall's test set of 400 examples and text's test set do not. "))
      << basis_text(r);
  EXPECT_FALSE(has(basis_text(r), "800"));
  EXPECT_FALSE(has(basis_text(r), "no test part")) << basis_text(r);
  r.summary.aggregate.tasks[1].metric = "val.loss";
  EXPECT_TRUE(has(basis_text(r), "text's validation set do not. ")) << basis_text(r);
  EXPECT_TRUE(has(basis_text(r), "There is no test part of text: validation data chose"));
  r.summary.aggregate.tasks[0].metric = "val.accuracy";
  EXPECT_TRUE(has(basis_text(r), "There is no test part: validation data chose"));
}

// Before a run has ended only the plan knows.
TEST(TasksVerdict, AStudyThatWaitsIsNotSaidToHaveNoTestPart) {
  StudyFolder r = study();
  r.study.tasks.clear();
  r.study.variants = {{.name = "base", .test_examples = 50},
                      {.name = "other", .test_examples = 50}};
  r.summary.aggregate = {};
  r.summary.metric = "val.accuracy";
  r.summary.rows = {{.variant = "base", .n = 0}, {.variant = "other", .n = 0}};
  EXPECT_FALSE(has(basis_text(r), "no test part")) << basis_text(r);
  EXPECT_TRUE(has(basis_text(r), "the test set does not")) << basis_text(r);
  for (auto& v : r.study.variants) v.test_examples = 0;
  for (ResultRow& row : r.summary.rows) row.n = 3;
  EXPECT_TRUE(has(basis_text(r), "There is no test part: ")) << basis_text(r);
}

TEST(TasksVerdict, SaysWhenAClaimWasMadeAndThatItIsSmall) {
  StudyFolder r = study();
  Decision& d = r.summary.rows[1].decision;
  d.decided_at = 3;
  d.within = true;
  EXPECT_TRUE(
      has(text(r), "5 seeds; told after 3), which is less than the 2.00 points that matter"))
      << text(r);
}

TEST(TasksReport, HasATableAndAProfile) {
  const std::string page = html_report(study());
  for (const char* part : {"Over all tasks", "interquartile mean (%)", "78.00", "[76.00, 80.00]",
                           "+3.00", "0.75", "Performance profile", "equivalent",
                           "base&#39;s mean of 2.0000 over test loss", "difference to base"})
    EXPECT_TRUE(has(page, part)) << part;
  const std::vector<Figure> figures = study_figures(study());
  ASSERT_EQ(figures.size(), 1u);
  EXPECT_EQ(figures[0].name, "profile");
  EXPECT_TRUE(has(page, figures[0].svg));
}

// Between scores a share of runs stands still: the line has no slopes.
TEST(TasksReport, TheProfileGoesByRightAngles) {
  const std::string svg = study_figures(study())[0].svg;
  const size_t at = svg.find("stroke-width=\"2.2\""), d = svg.find(" d=\"M", at) + 5;
  ASSERT_NE(at, svg.npos);
  std::vector<std::pair<double, double>> points;
  for (size_t i = d; svg[i] != '"';) {
    const size_t comma = svg.find(',', i);
    points.emplace_back(std::stod(svg.substr(i)), std::stod(svg.substr(comma + 1)));
    i = std::min(svg.find('L', comma), svg.find('"', comma));
    if (svg[i] == 'L') ++i;
  }
  ASSERT_EQ(points.size(), 5u);
  for (size_t i = 1; i < points.size(); ++i)
    EXPECT_TRUE(points[i].first == points[i - 1].first || points[i].second == points[i - 1].second);
}

TEST(TasksReport, OfAStudyWithoutTasksHasNone) {
  StudyFolder r = study();
  r.study.tasks.clear();
  r.summary.aggregate = {};
  EXPECT_FALSE(has(html_report(r), "Over all tasks"));
  EXPECT_TRUE(study_figures(r).empty());
}
}  // namespace
}  // namespace cambium::tasks_report_test
