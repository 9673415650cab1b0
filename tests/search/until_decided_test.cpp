// Studies that are trained until they are decided, and on several tasks, end to end.
#include <algorithm>
#include <filesystem>

#include "core/system/files.h"
#include "search/results/study_folder.h"
#include "search/runs/compare.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::until_decided_test {
namespace {
const char* const kModel = R"(vars: {dim: 8}
data: {markov_text: {symbols: 6, order: 1, context: 8, train: 64, val: 16, test: 16}}
model: [{embed: $dim}, {ffn: {expand: 2}}, {linear: $classes}]
train: {batch: 8, epochs: 1, optimizer: {adamw: {lr: 1e-2}}}
)";

struct Watch : StudyProgress {
  std::vector<int64_t> seeds = {};
  int64_t ended = 0;

  void on_more_seeds(int64_t, int64_t next) override { seeds.push_back(next); }

  void on_run_end(const RunView&) override { ++ended; }
};

class UntilDecided : public ::testing::Test {
 protected:
  UntilDecided() { replace_file(folder_.path("model.yaml"), kModel); }

  Comparison run(const std::string& study) {
    replace_file(folder_.path("study.yaml"), "base: model.yaml\nmetric: val.loss\n" + study);
    watch_ = {};
    return compare(load_study(folder_.path("study.yaml")),
                   {.folder = folder_.path("out"), .program = ""}, watch_);
  }

  StudyFolder read() { return read_study_folder(folder_.path("out")); }

  const test::TempFolder folder_;
  Watch watch_;
};

TEST_F(UntilDecided, EndsWhereADifferenceIsClear) {
  const Comparison c =
      run("variants: {learns: {}, stands: {train.optimizer.adamw.lr: 1e-9}}\n"
          "seeds: {until: decided, at_most: 8}\n");
  EXPECT_TRUE(watch_.seeds.empty());
  EXPECT_EQ(c.runs.size(), 6u);
  EXPECT_EQ(c.results.rows[1].decision.claim, Claim::kWorse);
  EXPECT_EQ(c.results.rows[1].decision.decided_at, 3);
  EXPECT_EQ(c.results.look, 1);
  const StudyFolder r = read();
  EXPECT_EQ(r.study.seeds.size(), 3u);
  EXPECT_EQ(r.study.frozen.planned, (std::vector<int64_t>{3, 5, 8}));
  EXPECT_EQ(r.study.frozen.looks.back().size(), 8u);
  EXPECT_EQ(r.planned_runs(), 6);
}

TEST_F(UntilDecided, GoesOnWhileNothingIsTold) {
  // The same but for the draw of its weights, which follows their names.
  const std::string study =
      "variants: {a: {}, b: {model.1: {ffn: {expand: 2}, name: other}}}\nseeds: ";
  const Comparison c = run(study + "{until: decided, at_most: 5}\n");
  EXPECT_EQ(watch_.seeds, (std::vector<int64_t>{5}));
  EXPECT_EQ(c.runs.size(), 10u);
  EXPECT_EQ(c.results.rows[1].n, 5);
  EXPECT_EQ(read().study.seeds.size(), 5u);
  // Once more trains nothing, and is no further look.
  const Comparison again = run(study + "{until: decided, at_most: 5}\n");
  EXPECT_EQ(watch_.ended, 0);
  EXPECT_EQ(again.results.look, 1);
  EXPECT_EQ(to_text(summary_json(again.results)), to_text(summary_json(c.results)));
  // More seeds than were planned are one.
  const Comparison more = run(study + "{until: decided, at_most: 6}\n");
  EXPECT_EQ(more.results.look, 2);
  EXPECT_EQ(more.results.alpha, alpha_of_look(0.05, 2));
  EXPECT_EQ(watch_.ended, 2);
}

TEST_F(UntilDecided, EndsAtEquivalence) {
  const Comparison c =
      run("variants: {a: {}, b: {model.1: {ffn: {expand: 2}, name: other}}}\n"
          "seeds: {until: decided, at_most: 8}\nleast_effect: 0.5\n");
  EXPECT_EQ(watch_.seeds, (std::vector<int64_t>{5}));
  EXPECT_EQ(c.results.rows[1].decision.claim, Claim::kEquivalent);
  EXPECT_EQ(c.results.rows[1].decision.decided_at, 5);
}

TEST_F(UntilDecided, SeedsOfAnotherPlanAreAFurtherLook) {
  const std::string study =
      "variants: {a: {}, b: {model.1: {ffn: {expand: 2}, name: other}}}\nseeds: ";
  run(study + "5\n");
  EXPECT_EQ(run(study + "{until: decided, at_most: 5}\n").results.look, 2);
}

// Four seeds: three could fall into two groups by luck more often than a third of alpha.
TEST_F(UntilDecided, EveryVariantIsTrainedOnEveryTask) {
  const std::string study =
      "variants: {learns: {}, stands: {train.optimizer.adamw.lr: 1e-9}}\nseeds: 4\n"
      "tasks:\n"
      "  - {name: six, vars.dim: 8}\n"
      "  - name: four\n"
      "    data: {markov_text: {symbols: 4, order: 1, context: 8, train: 64, val: 16, test: 16}}\n"
      "    metric: val.accuracy\n";
  const Comparison c = run(study);
  EXPECT_EQ(c.runs.size(), 16u);
  for (const char* name : {"learns@six-s0", "stands@four-s2"})
    EXPECT_TRUE(std::filesystem::exists(folder_.path(str("out/runs/", name, "/run.json")))) << name;
  const StudyFolder r = read();
  ASSERT_EQ(r.summary.aggregate.rows.size(), 2u);
  EXPECT_EQ(r.summary.aggregate.tasks[0].metric, "test.loss");
  EXPECT_EQ(r.summary.aggregate.tasks[1].metric, "test.accuracy");
  EXPECT_LT(r.summary.aggregate.rows[1].iqm, r.summary.aggregate.rows[0].iqm);
  EXPECT_EQ(r.summary.rows[1].decision.claim, Claim::kWorse);
  // Another task is another question.
  const auto e = test::error_of([&] { run(study + "  - {name: third, vars.dim: 4}\n"); });
  EXPECT_NE(std::string(e.what()).find("was begun with tasks six by val.loss"), std::string::npos)
      << e.what();
}
}  // namespace
}  // namespace cambium::until_decided_test
