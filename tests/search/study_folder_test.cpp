// The files of a study: what is written is read back, of studies in every state.
#include "search/results/study_folder.h"

#include <filesystem>
#include <fstream>

#include "core/system/files.h"
#include "search/runs/compare.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"
#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"
#include "train/run/run_folder.h"

namespace cambium::study_folder_test {
namespace {
RunRecord whole_record() {
  RunRecord r{.variant = "a", .seed = 3, .status = "done", .error = "none", .sees_answers = "why"};
  r.other_length = "longer";
  r.no_pass = {"form_chains"};
  r.parameters = 1;
  r.steps = 2;
  r.planned_steps = 3;
  r.samples = 4;
  r.flops = 5.5;
  r.flops_per_step = 6.25;
  r.seconds = 7.125;
  r.train_seconds = 8;
  r.step_ms = 9;
  r.step_ms_low = 8.5;
  r.step_ms_high = 9.5;
  r.peak_bytes = 10;
  r.predicted_bytes = 11;
  r.machine = "this one";
  r.data.parts = {{"content", "60a1"}};
  r.best = RunScores{2, 100, {{"val.loss", 0.5}, {"val.accuracy", 1.0 / 3}}};
  r.final = RunScores{-1, -1, {{"val.loss", 0.6}}};
  r.test = RunScores{-1, 50, {{"test.loss", 0.7}}};
  return r;
}

TEST(RunRecord, IsReadAsItWasWritten) {
  const RunRecord r = whole_record();
  EXPECT_EQ(run_record_from(parse_json(to_text(to_json(r)), "run"), "run"), r);
}

TEST(RunRecord, OfAWaitingRunKnowsNoMore) {
  const test::TempFolder folder;
  EXPECT_FALSE(read_run_record(folder.path()));
  write_waiting(folder.path(), "a", 2);
  const RunRecord r = *read_run_record(folder.path());
  EXPECT_EQ(r.variant, "a");
  EXPECT_EQ(r.seed, 2);
  EXPECT_EQ(r.status, "waiting");
  EXPECT_EQ(r.steps, -1);
  EXPECT_FALSE(r.best);
  replace_file(folder.path("run.json"), R"({"status": "done", "steps": "two"})");
  const auto e = test::error_of([&] { read_run_record(folder.path()); });
  EXPECT_NE(std::string(e.what()).find("run.json: 'steps' is not a number"), std::string::npos);
  EXPECT_FALSE(find_run_record(folder.path()));
  replace_file(folder.path("run.json"), R"({"steps": 1e30})");
  test::error_of([&] { read_run_record(folder.path()); });
}

class StudyFiles : public ::testing::Test {
 protected:
  StudyFiles() {
    replace_file(folder_.path("model.yaml"),
                 test::markov_spec("{batch: 8, steps: 10, eval_every: 5, log_every: 5}"));
    replace_file(folder_.path("study.yaml"),
                 "base: model.yaml\nvariants: {small: {}, wide: {model.0.embed: 12}}\nseeds: 3\n"
                 "budget: {steps: 10}\nmetric: {val.loss: min}\nleast_effect: 0.1\n"
                 "published: {wide: 1.5}\n");
  }

  Comparison run(std::vector<std::string> set = {}, std::function<bool()> stop = {}) {
    StudyProgress silent;
    return compare(
        load_study(folder_.path("study.yaml"), set),
        {.folder = out_, .command = "cambium compare", .stop = std::move(stop), .program = ""},
        silent);
  }

  std::string run_file(const std::string& run, const std::string& file) const {
    return out_ + "/runs/" + run + "/" + file;
  }

  // As if its trainer had been killed, or still worked.
  void make_running(const std::string& run) const {
    Json json = load_json(run_file(run, "run.json"));
    json["status"] = "running";
    for (const char* key : {"best", "test"}) json.erase(key);
    replace_file(run_file(run, "run.json"), to_text(json));
    std::ofstream(run_file(run, "log.jsonl"), std::ios::app) << "{\"step\": 11, \"tr";
  }

  const test::TempFolder folder_;
  const test::OneThread one_thread_;
  const std::string out_ = folder_.path("out");
};

TEST_F(StudyFiles, AreReadAsTheyWereWritten) {
  const Comparison c = run();
  const StudyFolder s = read_study_folder(out_);
  EXPECT_EQ(to_text(summary_json(s.summary)), to_text(summary_json(c.results)));
  EXPECT_EQ(s.summary.audit, c.results.audit);
  EXPECT_EQ(s.summary.row("wide")->decision.pairs, 3);
  const Frozen frozen = frozen_of(c.plan.study);
  Description d = describe(c.plan, frozen, &c.results, "cambium compare");
  d.created = s.study.created;
  EXPECT_EQ(s.study, d);
  EXPECT_EQ(s.runs.size(), 6u);
  EXPECT_EQ(unfinished_text(s), "");
  // What the description holds is all that rows are worked out from.
  const std::optional<StudyPlan> plan = plan_of(s.study);
  ASSERT_TRUE(plan);
  EXPECT_EQ(to_text(summary_json(collect_results(*plan, out_))), to_text(summary_json(c.results)));
}

TEST_F(StudyFiles, OfARunningStudyGiveTheRowsOfItsFinishedRuns) {
  const Comparison c = run();
  std::filesystem::remove(out_ + "/summary.json");
  make_running("wide-s2");
  std::filesystem::remove_all(out_ + "/runs/wide-s1");
  make_folders(out_ + "/runs/wide-s1");
  write_waiting(out_ + "/runs/wide-s1", "wide", 1);
  const StudyFolder s = read_study_folder(out_);
  EXPECT_EQ(unfinished_text(s), "not finished: 4 of 6 runs are done, 1 was training, 1 waits");
  EXPECT_FALSE(s.summary.complete);
  EXPECT_EQ(s.summary.row("small")->mean, c.results.rows[0].mean);
  EXPECT_EQ(s.summary.row("wide")->n, 1);
  EXPECT_EQ(s.summary.row("wide")->decision.hindrance, Hindrance::kRunsToGo);
  EXPECT_EQ(s.runs.back().log.back().step, 10) << "the torn line is left out";
  EXPECT_TRUE(s.problems.empty());
}

TEST_F(StudyFiles, OfAnInterruptedStudySayWhatIsThere) {
  int asked = 0;
  const Comparison c = run({}, [&] { return ++asked > 25; });
  EXPECT_TRUE(c.stopped);
  const StudyFolder s = read_study_folder(out_);
  EXPECT_EQ(to_text(summary_json(s.summary)), to_text(summary_json(c.results)));
  EXPECT_NE(unfinished_text(s).find("was stopped, "), std::string::npos) << unfinished_text(s);
  EXPECT_FALSE(s.summary.complete);
}

TEST_F(StudyFiles, OfAStudyThatGoesOnAreNewerThanItsSummary) {
  run({"seeds=2"});
  const std::string before = read_file(out_ + "/summary.json");
  const Comparison c = run();
  replace_file(out_ + "/summary.json", before);
  const StudyFolder s = read_study_folder(out_);
  EXPECT_EQ(s.summary.row("wide")->n, 3);
  EXPECT_EQ(s.summary.look, 2);
  EXPECT_EQ(to_text(summary_json(s.summary)), to_text(summary_json(c.results)));
}

TEST_F(StudyFiles, OfARunThatIsGoneClaimNothing) {
  run();
  std::filesystem::remove_all(out_ + "/runs/wide-s1");
  const StudyFolder s = read_study_folder(out_);
  EXPECT_EQ(s.summary.row("wide")->n, 2);
  EXPECT_EQ(unfinished_text(s), "not finished: 5 of 6 runs are done, 1 waits");
}

TEST_F(StudyFiles, RunsThatItPlansNoMoreCountNowhere) {
  run();
  std::filesystem::copy(out_ + "/runs/wide-s1", out_ + "/runs/wide-s7");
  std::filesystem::remove_all(out_ + "/runs/wide-s1");
  std::string other = read_file(run_file("wide-s7", "run.json"));
  other.replace(other.find("\"seed\": 1"), 9, "\"seed\": 7");
  replace_file(run_file("wide-s7", "run.json"), other);
  EXPECT_EQ(unfinished_text(read_study_folder(out_)),
            "not finished: 5 of 6 runs are done, 1 waits");
}

TEST_F(StudyFiles, ADamagedRunIsToldOfAndNothingIsClaimed) {
  run();
  replace_file(run_file("wide-s2", "run.json"), "{");
  const StudyFolder s = read_study_folder(out_);
  EXPECT_TRUE(s.summary.rows.empty()) << "the summary of before rests on what cannot be read";
  EXPECT_EQ(unfinished_text(s), "not finished: 5 of 6 runs are done, 1 cannot be read");
  std::filesystem::remove(out_ + "/summary.json");
  EXPECT_TRUE(read_study_folder(out_).summary.rows.empty());
  ASSERT_EQ(s.problems.size(), 1u);
  EXPECT_NE(s.problems[0].find("wide-s2/run.json"), std::string::npos) << s.problems[0];
  EXPECT_EQ(s.runs.size(), 5u);
  replace_file(out_ + "/study.json", R"({"name": "x", "variants": [{"name": 1, "steps": "y"}]})");
  const auto e = test::error_of([&] { read_study_folder(out_); });
  EXPECT_NE(std::string(e.what()).find("variants[0]: 'steps' is not a number"), std::string::npos)
      << e.what();
}
}  // namespace
}  // namespace cambium::study_folder_test
