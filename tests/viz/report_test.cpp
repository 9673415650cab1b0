#include "viz/report/report.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>

#include <gtest/gtest.h>

#include "tests/viz/study_folder.h"
#include "tests/viz/toy_model.h"
#include "viz/model/graphviz.h"
#include "viz/report/verdict.h"

namespace cambium::report_test {
namespace {
bool has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

std::string joined(const std::vector<std::string>& sentences) {
  std::string out;
  for (const std::string& s : sentences) out += s + "\n";
  return out;
}

std::string error_of(const std::string& folder) {
  try {
    read_study_folder(folder);
  } catch (const UserError& e) {
    return e.what();
  }
  return "no error";
}

TEST(ReadResults, ReadsVariantsRunsAndSummary) {
  toy::StudyFolder f("read_study");
  f.write();
  const StudyFolder r = read_study_folder(f.path);
  EXPECT_EQ(r.study.name, "which mixer");
  EXPECT_EQ(r.study.metric, "val.accuracy");
  EXPECT_EQ(r.summary.metric, "test.accuracy");
  ASSERT_EQ(r.runs.size(), 9u);
  EXPECT_EQ(r.runs[4].variant, "conv");
  EXPECT_EQ(r.runs[4].seed, 1);
  EXPECT_EQ(r.runs[0].log.size(), 408u);
  EXPECT_EQ(r.summary.row("hybrid")->decision.claim, Claim::kBetter);
  EXPECT_EQ(r.summary.row("conv")->decision.hindrance, Hindrance::kNoise);
  EXPECT_FALSE(r.summary.row("attention")->decision.difference);
}

TEST(ReadResults, SaysWhatIsMissingOrBroken) {
  toy::StudyFolder f("broken_study");
  EXPECT_TRUE(has(error_of(f.path), "holds no study: there is no study.json"));
  f.write();
  replace_file(f.path + "/summary.json", R"({"rows": [{"mean": 1}]})");
  EXPECT_TRUE(has(error_of(f.path), "rows[0]: 'variant' is missing"));
  replace_file(f.path + "/summary.json", R"({"rows": [{"variant": "a", "mean": "x"}]})");
  EXPECT_TRUE(has(error_of(f.path), "'mean' is not a number"));
  replace_file(f.path + "/study.json", "{");
  EXPECT_TRUE(has(error_of(f.path), "is not valid JSON"));
}

TEST(ReadResults, ABrokenRunIsListedNotHidden) {
  toy::StudyFolder f("broken_run");
  f.write();
  replace_file(f.path + "/runs/conv-s1/run.json", "{");
  std::filesystem::remove(f.path + "/runs/hybrid-s0/run.json");
  const StudyFolder r = read_study_folder(f.path);
  EXPECT_EQ(r.runs.size(), 7u);
  EXPECT_EQ(r.problems.size(), 2u);
  EXPECT_TRUE(has(html_report(r), "conv-s1/run.json"));
}

TEST(ReadResults, ATornLastLineOfALogIsLeftOut) {
  toy::StudyFolder f("torn_log");
  f.write();
  replace_file(f.path + "/runs/conv-s0/log.jsonl",
               "{\"step\":1,\"train.loss\":2}\n{\"step\":2,\"tr");
  const StudyFolder r = read_study_folder(f.path);
  EXPECT_EQ(r.runs[3].log.size(), 1u);
  EXPECT_TRUE(r.problems.empty());
}

TEST(ReadResults, JudgesAnOlderFolderAnew) {
  toy::StudyFolder f("old_study");
  f.write();
  f.make_old();
  const StudyFolder r = read_study_folder(f.path);
  // Its runs differ by 1.2 points a variant and 0.2 points a seed: the rule of today decides.
  EXPECT_EQ(r.summary.row("hybrid")->decision.claim, Claim::kBetter);
  EXPECT_EQ(r.summary.row("hybrid")->decision.pairs, 3);
  EXPECT_FALSE(r.summary.row("hybrid")->bootstrap);
  EXPECT_TRUE(r.summary.budget.common);
  EXPECT_EQ(r.summary.audit[1].runs, 3);
  EXPECT_TRUE(has(html_report(r), "same budget of 2.20 TFLOP"));
}

StudyFolder small_study() {
  toy::StudyFolder folder("verdict");
  folder.lines = 8;
  folder.write();
  return read_study_folder(folder.path);
}

struct VerdictOf : ::testing::Test {
  StudyFolder r;

  VerdictOf() {
    static const StudyFolder read = small_study();
    r = read;
  }

  std::string text() const { return joined(verdict(r)); }
};

TEST_F(VerdictOf, ClaimsAndWhatCannotBeTold) {
  EXPECT_TRUE(
      has(text(),
          "hybrid beats attention by 2.40 points of test accuracy, 2.10 to 2.80 by seed (p = "
          "0.012, 3 seeds)"))
      << text();
  EXPECT_TRUE(has(text(), "Cannot tell conv from attention: +1.20 points (+0.90 to +1.60)"));
  EXPECT_TRUE(has(text(), "only above 2.00 to 5.00 points"));
  EXPECT_TRUE(has(text(), "least_effect"));
  r.summary.least_effect = 0.01;
  r.summary.rows[1].outlook->seeds_low = 9;
  r.summary.rows[1].outlook->seeds_high = 40;
  EXPECT_TRUE(has(text(), "9 to 40 seeds would show a difference of 1.00 points"));
}

TEST_F(VerdictOf, IntervalsAreShownFromFiveSeedsOn) {
  EXPECT_TRUE(has(basis_text(r), "Of fewer than 5 seeds the lowest and the highest outcome"));
  EXPECT_FALSE(has(basis_text(r), "Intervals (95%, t)"));
  EXPECT_TRUE(has(html_report(r), "Every seed, their mean and their range"));
  for (ResultRow& row : r.summary.rows) row.n = row.decision.pairs = 5;
  EXPECT_TRUE(
      has(text(), "hybrid beats attention by 2.40 \xC2\xB1 0.70 points of test accuracy ("));
  EXPECT_TRUE(
      has(basis_text(r), "Intervals (95%, t) are over seeds and hold if outcomes are normal"));
  EXPECT_FALSE(has(basis_text(r), "Of fewer than"));
  EXPECT_TRUE(has(html_report(r), "95% interval if normal"));
}

TEST_F(VerdictOf, NamesWhatTheVariantsDifferIn) {
  EXPECT_TRUE(has(text(), "differ in model.1.pattern (attention A, conv C, hybrid AC)"));
  EXPECT_TRUE(has(html_report(r), "What the models differ in"));
}

TEST_F(VerdictOf, EveryHindranceHasItsWords) {
  std::set<std::string> seen;
  r.summary.test_examples = 19;
  for (int h = int(Hindrance::kRunsToGo); h <= int(Hindrance::kIdentical); ++h) {
    r.summary.rows[1].decision.hindrance = Hindrance(h);
    r.summary.rows[1].decision.examples_apart = 1;
    const std::string sentence = verdict(r)[1];
    EXPECT_TRUE(sentence.starts_with("Cannot tell conv from attention: ")) << sentence;
    EXPECT_FALSE(has(sentence, "not judged")) << h;
    EXPECT_TRUE(seen.insert(sentence).second) << sentence;
  }
  EXPECT_TRUE(has(*std::ranges::find_if(
                      seen, [](const std::string& s) { return has(s, "1.0 of 19 test examples"); }),
                  "A larger test set would tell"));
}

TEST_F(VerdictOf, OneReasonIsSaidOnce) {
  for (size_t v : {1, 2}) {
    r.summary.rows[v].decision = {.hindrance = Hindrance::kFewSeeds, .pairs = 2};
    r.summary.rows[v].outlook.reset();
  }
  EXPECT_EQ(
      verdict(r)[0],
      "Cannot tell conv and hybrid from attention: 2 seeds finished in both, and a claim takes "
      "3. More seeds may tell.");
}

TEST_F(VerdictOf, TheSameBudgetOnlyWhenItWas) {
  EXPECT_TRUE(has(text(),
                  "Every run had the same budget of 2.20 TFLOP; the largest departure from "
                  "it is +0.20%"));
  r.runs[0].status = "failed";
  EXPECT_TRUE(has(text(), "Every finished run had the same budget"));
  EXPECT_FALSE(has(text(), "100"));
  r.summary.budget.common = false;
  r.summary.audit[1].steps = 200;
  EXPECT_TRUE(has(text(),
                  "No common budget: attention took 40 steps, 5.12k examples, 2.20 TFLOP; "
                  "conv took 200 steps"))
      << text();
  EXPECT_TRUE(has(html_report(r), "no common budget"));
}

TEST_F(VerdictOf, SecondsAreABudgetHoweverLongTheStepsTook) {
  r.study.budget_kind = "seconds";
  r.study.budget = 0.5;
  r.summary.budget.departure = -0.4;
  EXPECT_TRUE(has(text(),
                  "Every run had the same budget of 0.5 seconds, planned as steps from times "
                  "measured beforehand; what the steps took departs from it by up to "))
      << text();
  EXPECT_TRUE(has(text(), "40.00%."));
}

TEST_F(VerdictOf, ABudgetBelowOneStepWasExceeded) {
  r.summary.budget.common = false;
  r.summary.budget.too_small = true;
  r.study.budget = 1;
  for (BudgetLine& a : r.summary.audit) a.steps = 1;
  r.summary.audit[0].least = r.summary.audit[2].least = 100;
  r.summary.audit[1].least = 1;
  EXPECT_TRUE(has(text(), "attention took 1 step, "));
  EXPECT_TRUE(has(text(),
                  " a run; the budget of 1 FLOP was exceeded: a single step of attention and "
                  "hybrid takes more."))
      << text();
}

TEST_F(VerdictOf, AllWhoSeeTheirAnswersAreNamedAndNoSeedsAreAdvised) {
  for (ResultRow& row : r.summary.rows) {
    row.sees_answers = str("attention '", row.variant, "' hears later tokens");
    if (row.variant == r.study.baseline) continue;
    row.decision.claim = Claim::kCannotTell;
    row.decision.hindrance = Hindrance::kSeesAnswers;
  }
  EXPECT_TRUE(has(text(),
                  "Cannot tell conv from attention: attention and conv see their answers "
                  "(attention 'attention' hears later tokens; and attention 'conv' hears later "
                  "tokens), so that their numbers are no achievement."))
      << text();
  EXPECT_FALSE(has(text(), "least_effect"));
  r.summary.rows[0].sees_answers.clear();
  EXPECT_TRUE(has(text(), "Cannot tell conv from attention: conv sees its answers (")) << text();
}

TEST_F(VerdictOf, TimesHaveIntervalsOrAreTooNoisyToSay) {
  EXPECT_TRUE(has(text(), "conv 1.40\xC3\x97 (1.30 to 1.50\xC3\x97)"));
  EXPECT_TRUE(has(text(), "too noisy to say of hybrid (0.90 to 2.60"));
  r.summary.rows[1].time_ratio->interval.reset();
  EXPECT_TRUE(has(text(), "too few runs to say of conv"));
}

TEST_F(VerdictOf, FailuresStandInTheSentence) {
  r.summary.rows[2].decision.failed = 1;
  EXPECT_TRUE(has(text(), "3 seeds; 1 of 3 runs of hybrid failed, 0 of attention)"));
}

TEST_F(VerdictOf, TheFootSaysWhatIntervalsCover) {
  EXPECT_TRUE(has(basis_text(r), "The seeds vary, the test set of 10000 examples does not"));
  EXPECT_TRUE(has(basis_text(r), "Holm's correction for 2 comparisons"));
  r.summary.look = 2;
  EXPECT_TRUE(has(basis_text(r), "this is look 2"));
  r.study.frozen.vary = {"vars.fold"};
  EXPECT_TRUE(has(basis_text(r),
                  "The seeds vary vars.fold too; data of other content is taken as independent"));
  r.summary.overlap = 0.125;
  EXPECT_TRUE(has(basis_text(r),
                  "The seeds vary vars.fold too, and each cuts the same data anew: since the parts "
                  "overlap, a mean of n seeds is given (1/n + 0.125) times the variance of one"))
      << basis_text(r);
}

TEST(ReadResults, ABootstrapOfFewSeedsIsNotShown) {
  toy::StudyFolder f("no_bootstrap");
  f.write();
  StudyFolder r = read_study_folder(f.path);
  for (ResultRow& row : r.summary.rows) row.bootstrap.reset();
  EXPECT_FALSE(has(html_report(r), "bootstrap"));
}

TEST(Report, HasEveryPartAndIsSmall) {
  toy::StudyFolder f("report");
  f.seeds = 5;
  f.lines = 4000;
  f.write();
  StudyFolder r = read_study_folder(f.path);
  std::vector<InlinePicture> pictures;
  if (run_process(std::vector<std::string>{"dot", "-V"}, "").found)
    for (const DescribedVariant& v : r.study.variants)
      pictures.push_back(
          {inline_picture(model_picture(toy::hybrid(), v.name, {.max_boxes = 24})), ""});
  const std::string page = html_report(r, pictures);
  for (const char* part :
       {"Verdict", "Results", "Learning curves", "Budget and cost", "Models", "Failures",
        "Reproduce", "cambium compare configs/studies", "96 kB of state to generate a sequence"})
    EXPECT_TRUE(has(page, part)) << part;
  EXPECT_LT(page.size(), 1'500'000u);
  EXPECT_EQ(page, html_report(r, pictures));
  if (const char* keep = std::getenv("CAMBIUM_KEEP_REPORT")) replace_file(keep, page);
}

TEST(Report, IsSelfContainedAndForbidsScripts) {
  toy::StudyFolder f("contained");
  f.write();
  const std::string page = html_report(read_study_folder(f.path));
  EXPECT_TRUE(has(page, "default-src 'none'"));
  for (const char* bad :
       {"<script", "<link", "<img", "<iframe", "src=", "href=", "url(", "@import"})
    EXPECT_FALSE(has(page, bad)) << bad;
  // The one address is SVG's name, which nothing fetches.
  std::string rest = page;
  for (size_t at; (at = rest.find("http://www.w3.org/2000/svg")) != rest.npos;) rest.erase(at, 26);
  EXPECT_FALSE(has(rest, "://"));
}

TEST(Report, HostileTextStaysText) {
  const std::string evil =
      "</script><script>alert(1)</script>\"'><img src=x onerror=y>\x1b[31m\n&lt;";
  toy::StudyFolder f("hostile");
  f.write();
  StudyFolder r = read_study_folder(f.path);
  r.study.name = r.study.spec = r.study.command = r.study.version = r.study.created =
      r.study.budget_kind = evil;
  r.study.baseline = r.study.variants[0].name = r.summary.rows[0].variant =
      r.summary.audit[0].variant = evil;
  r.study.variants[0].spec_yaml = r.study.variants[0].domains = r.study.variants[0].spec_hash =
      evil;
  r.study.metric = r.summary.metric = "val." + evil;
  r.study.machine = {{evil, evil}};
  r.problems = {evil};
  for (RunOfStudy& run : r.runs) {
    run.variant = run.error = run.status = evil;
    for (LogPoint& p : run.log) p.values.emplace_back("val." + evil, 1);
  }
  const std::string page = html_report(r);
  for (const char* bad : {"<script", "<img", "\x1b"}) EXPECT_FALSE(has(page, bad)) << bad;
  EXPECT_TRUE(has(page, "&lt;/script&gt;&lt;script&gt;alert(1)"));
  EXPECT_TRUE(has(page, "&amp;lt;"));
}

TEST(ModelPictures, DrawsEachModelOrSaysWhyNot) {
  toy::StudyFolder f("pictures");
  f.spec =
      "data: {in_context_recall: {}}\n"
      "model: [{embed: 16}, {repeat: 3, body: [{ffn: {expand: 2}}]}, {linear: $classes}]\n";
  f.write();
  const StudyFolder good = read_study_folder(f.path);
  const std::vector<InlinePicture> drawn = model_pictures(good);
  EXPECT_EQ(drawn[0].problem, "");
  EXPECT_TRUE(has(html_report(good, drawn),
                  "\xC3\x97"
                  "3"));
  f.spec = "data: {in_context_recall: {}}\nmodel: [{bogus: 16}]\n";
  f.write();
  const StudyFolder bad = read_study_folder(f.path);
  const std::vector<InlinePicture> missing = model_pictures(bad);
  EXPECT_TRUE(missing[0].svg.empty());
  EXPECT_TRUE(has(html_report(bad, missing), "No picture of this model: unknown block"));
}

TEST(Report, FailedRunsAreNamedWithTheirReason) {
  toy::StudyFolder f("failed");
  f.write();
  StudyFolder r = read_study_folder(f.path);
  r.runs[1].status = "failed";
  r.runs[1].error = "NaN first in 'repeat.0.attention'";
  const std::string page = html_report(r);
  EXPECT_TRUE(has(page, "attention, seed 1: failed after 2000 steps: NaN first in"));
  EXPECT_TRUE(has(page, "1 run of 9 failed; see failures."));
}

// As after Ctrl-C: there is no error to look for.
TEST(Report, RunsThatWaitAreNoFailures) {
  toy::StudyFolder f("waiting");
  f.write();
  StudyFolder r = read_study_folder(f.path);
  r.runs[1].status = "stopped";
  r.runs[2].status = "waiting";
  std::string page = html_report(r);
  EXPECT_TRUE(has(page, "2 runs of 9 have not ended; the same command goes on."));
  EXPECT_TRUE(has(page, "<p>None.</p><p class=\"soft\">2 runs have not ended"));
  EXPECT_FALSE(has(page, "class=\"failure\""));
  EXPECT_FALSE(has(page, "see failures"));
  r.runs[0].status = "failed";
  page = html_report(r);
  EXPECT_TRUE(has(page, "1 run of 9 failed; see failures. 2 runs of 9 have not ended"));
}

// `compare` has not ended, or was killed: there is no summary.
TEST(Report, OfAStudyWithoutASummarySaysHowFarItIs) {
  toy::StudyFolder f("no_summary");
  f.write();
  std::filesystem::remove(f.path + "/summary.json");
  const auto set = [&](const std::string& run, const char* status) {
    Json json = load_json(f.path + "/runs/" + run + "/run.json");
    json = {{"variant", json["variant"]}, {"seed", json["seed"]}, {"status", status}};
    replace_file(f.path + "/runs/" + run + "/run.json", to_text(json));
  };
  set("conv-s2", "running");
  set("hybrid-s1", "waiting");
  set("hybrid-s2", "stopped");
  const StudyFolder r = read_study_folder(f.path);
  EXPECT_TRUE(r.summary.rows.empty()) << "an older program's study.json holds too little";
  const std::string page = html_report(r);
  EXPECT_TRUE(
      has(page, "not finished: 6 of 9 runs are done, 1 was training, 1 was stopped, 1 waits"));
  EXPECT_TRUE(has(page, "Learning curves"));
  EXPECT_TRUE(has(page, "p below 0.0375"));
}
}  // namespace
}  // namespace cambium::report_test
