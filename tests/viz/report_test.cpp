#include "viz/report.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/viz/study_folder.h"
#include "tests/viz/toy_model.h"
#include "viz/graphviz.h"
#include "viz/verdict.h"

namespace cambium {
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
    read_results(folder);
  } catch (const UserError& e) {
    return e.what();
  }
  return "no error";
}

TEST(ReadResults, ReadsVariantsRunsAndSummary) {
  toy::StudyFolder f("read_study");
  f.write();
  const StudyResults r = read_results(f.path);
  EXPECT_EQ(r.name, "which mixer");
  EXPECT_EQ(r.metric, "val.accuracy");
  EXPECT_EQ(r.reported, "test.accuracy");
  ASSERT_EQ(r.runs.size(), 9u);
  EXPECT_EQ(r.runs[4].variant, "conv");
  EXPECT_EQ(r.runs[4].seed, 1);
  EXPECT_EQ(r.runs[0].log.size(), 408u);
  EXPECT_DOUBLE_EQ(r.row("conv")->seeds_needed, 14);
  EXPECT_TRUE(std::isnan(r.row("attention")->diff_mean));
}

TEST(ReadResults, SaysWhatIsMissingOrBroken) {
  toy::StudyFolder f("broken_study");
  EXPECT_TRUE(has(error_of(f.path), "holds no finished study: there is no study.json"));
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
  const StudyResults r = read_results(f.path);
  EXPECT_EQ(r.runs.size(), 7u);
  EXPECT_EQ(r.problems.size(), 2u);
  EXPECT_TRUE(has(html_report(r), "conv-s1/run.json"));
}

TEST(ReadResults, ATornLastLineOfALogIsLeftOut) {
  toy::StudyFolder f("torn_log");
  f.write();
  replace_file(f.path + "/runs/conv-s0/log.jsonl",
               "{\"step\":1,\"train.loss\":2}\n{\"step\":2,\"tr");
  const StudyResults r = read_results(f.path);
  EXPECT_EQ(r.runs[3].log.size(), 1u);
  EXPECT_TRUE(r.problems.empty());
}

TEST(Verdict, TellsBetterFromUndecided) {
  toy::StudyFolder f("verdict");
  f.write();
  StudyResults r = read_results(f.path);
  r.summary[2].diff_low = 0.011;
  r.summary[2].diff_high = 0.025;
  r.summary[2].diff_mean = 0.018;
  const std::string text = joined(verdict(r));
  EXPECT_TRUE(has(text, "hybrid beats attention by 1.80 \xC2\xB1 0.70 points of test accuracy"));
  EXPECT_TRUE(has(text, "conv is undecided against attention: +1.20 points"));
  EXPECT_TRUE(has(text, "about 14 seeds would tell"));
  EXPECT_TRUE(has(text, "same budget of 2.20 TFLOP; the largest departure from it is 0.2%"));
  r.maximise = false;
  EXPECT_TRUE(has(joined(verdict(r)), "hybrid falls behind attention"));
}

TEST(Verdict, NeedsTheCorrectedPToo) {
  toy::StudyFolder f("verdict_p");
  f.write();
  StudyResults r = read_results(f.path);
  r.summary[2].diff_low = 0.001;
  r.summary[2].p_value = 0.07;
  EXPECT_EQ(outcome_of(r, r.summary[2]), Outcome::kUndecided);
}

TEST(Verdict, OneSeedIsNoComparison) {
  toy::StudyFolder f("verdict_one");
  f.write();
  StudyResults r = read_results(f.path);
  r.summary[1].n = 1;
  r.summary[1].diff_low = r.summary[1].diff_high = NAN;
  EXPECT_TRUE(has(joined(verdict(r)), "conv cannot be compared with attention: only 1 seed"));
}

TEST(Report, HasEveryPartAndIsSmall) {
  toy::StudyFolder f("report");
  f.seeds = 5;
  f.lines = 4000;
  f.write();
  StudyResults r = read_results(f.path);
  if (run_process(std::vector<std::string>{"dot", "-V"}, "").found)
    for (VariantInfo& v : r.variants)
      v.picture = inline_picture(model_graph(toy::hybrid(), v.name, {.max_boxes = 24}));
  const std::string page = html_report(r);
  for (const char* part :
       {"Verdict", "Results", "Learning curves", "Budget and cost", "Models", "Failures",
        "Reproduce", "cambium compare configs/studies", "96 kB of state to generate a sequence"})
    EXPECT_TRUE(has(page, part)) << part;
  EXPECT_LT(page.size(), 1'500'000u);
  EXPECT_EQ(page, html_report(r));
  if (const char* keep = std::getenv("CAMBIUM_KEEP_REPORT")) replace_file(keep, page);
}

TEST(Report, IsSelfContainedAndForbidsScripts) {
  toy::StudyFolder f("contained");
  f.write();
  const std::string page = html_report(read_results(f.path));
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
  StudyResults r = read_results(f.path);
  r.name = r.spec = r.command = r.version = r.created = r.budget_kind = evil;
  r.base = r.variants[0].name = r.summary[0].variant = r.audit[0].variant = evil;
  r.variants[0].spec_yaml = r.variants[0].domains = r.variants[0].spec_hash = evil;
  r.metric = r.reported = "val." + evil;
  r.machine = {{evil, evil}};
  r.problems = {evil};
  for (RunRecord& run : r.runs) {
    run.variant = run.error = run.status = evil;
    for (Point& p : run.log) p.values["val." + evil] = 1;
  }
  const std::string page = html_report(r);
  for (const char* bad : {"<script", "<img", "\x1b"}) EXPECT_FALSE(has(page, bad)) << bad;
  EXPECT_TRUE(has(page, "&lt;/script&gt;&lt;script&gt;alert(1)"));
  EXPECT_TRUE(has(page, "&amp;lt;"));
}

TEST(ReadStudy, DrawsEachModelOrSaysWhyNot) {
  toy::StudyFolder f("pictures");
  f.spec =
      "data: {in_context_recall: {}}\n"
      "model: [{embed: 16}, {repeat: 3, body: [{ffn: {expand: 2}}]}, {linear: $classes}]\n";
  f.write();
  const StudyResults good = read_study(f.path);
  EXPECT_EQ(good.variants[0].picture_problem, "");
  EXPECT_TRUE(has(html_report(good),
                  "\xC3\x97"
                  "3"));
  f.spec = "data: {in_context_recall: {}}\nmodel: [{bogus: 16}]\n";
  f.write();
  const StudyResults bad = read_study(f.path);
  EXPECT_TRUE(bad.variants[0].picture.empty());
  EXPECT_TRUE(has(html_report(bad), "No picture of this model: unknown block"));
}

TEST(Report, FailedRunsAreNamedWithTheirReason) {
  toy::StudyFolder f("failed");
  f.write();
  StudyResults r = read_results(f.path);
  r.runs[1].status = "failed";
  r.runs[1].error = "NaN first in 'repeat.0.attention'";
  const std::string page = html_report(r);
  EXPECT_TRUE(has(page, "attention, seed 1: failed after 2000 steps: NaN first in"));
  EXPECT_TRUE(has(page, "1 run of 9 did not finish"));
}
}  // namespace
}  // namespace cambium
