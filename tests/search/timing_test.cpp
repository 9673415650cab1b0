#include "search/runs/timing.h"

#include <algorithm>

#include "core/system/files.h"
#include "core/text/fmt.h"
#include "core/text/json.h"
#include "search/results/audit.h"
#include "search/runs/compare.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::timing_test {
namespace {
using test::TempFolder;

std::vector<RunTime> alike(const std::vector<double>& ms) {
  std::vector<RunTime> out;
  for (const double t : ms) out.push_back({t, true});
  return out;
}

TEST(TimeRatio, IsClearBeyondTheNoiseAlone) {
  const auto slower = time_ratio(alike({2.0, 2.1, 1.9, 2.0}), alike({1.0, 1.0, 1.0, 1.0}));
  EXPECT_NEAR(slower->ratio, 2, 0.02);
  EXPECT_TRUE(slower->is_clear());
  EXPECT_GT(slower->interval->low, 1.8);
  const auto noisy = time_ratio(alike({1.0, 1.9, 1.0, 1.4}), alike({1.0, 1.0, 1.4, 1.0}));
  EXPECT_LT(noisy->interval->low, 1);
  EXPECT_FALSE(noisy->is_clear());
}

TEST(TimeRatio, HasNoIntervalOfTwoPairs) {
  const auto two = time_ratio(alike({2, 2}), alike({1, 1}));
  EXPECT_EQ(two->pairs, 2);
  EXPECT_FALSE(two->interval);
  EXPECT_FALSE(two->is_clear());
}

// One run of a pair had no neighbours: no network is twice as fast for that.
TEST(TimeRatio, LeavesOutWhatWasNotMeasuredAlike) {
  std::vector<RunTime> a = alike({2, 2, 2, 2}), b = alike({2, 1, 2, 2});
  b[1].alike = false;
  const auto ratio = time_ratio(a, b);
  EXPECT_EQ(ratio->pairs, 3);
  EXPECT_EQ(ratio->ratio, 1);
  for (RunTime& t : b) t.alike = false;
  EXPECT_FALSE(time_ratio(a, b));
}

class RunTimes : public ::testing::Test {
 protected:
  RunTimes() {
    replace_file(folder_.path("run.json"), "{\"step_ms_median\": 7}");
    std::string lines;
    for (int step = 10; step <= 100; step += 10)
      lines += str("{\"step\":", step, ",\"step_ms\":",
                   step == 10   ? 99
                   : step <= 60 ? 4
                                : 2,
                   "}\n");
    replace_file(folder_.path("timing.jsonl"), lines);
  }

  const TempFolder folder_;
};

TEST_F(RunTimes, AreThoseWithAllNeighbours) {
  EXPECT_FALSE(run_time(folder_.path()).alike);  // nobody says who was there
  EXPECT_EQ(run_time(folder_.path()).ms, 7);
  write_company(folder_.path(), {.jobs = 2, .from = 0, .until = 60});
  EXPECT_TRUE(run_time(folder_.path()).alike);
  EXPECT_EQ(run_time(folder_.path()).ms, 4);
  write_company(folder_.path(), {.jobs = 2, .from = 60});
  EXPECT_EQ(run_time(folder_.path()).ms, 2);
  write_company(folder_.path(), {.jobs = 2, .from = 0, .until = 30});
  EXPECT_FALSE(run_time(folder_.path()).alike) << "two blocks behind the warm-up are too few";
}

TEST(StepTime, IsMeasuredWithItsQuartiles) {
  const TempFolder folder;
  const Experiment e = test::open_text(folder, test::markov_spec("{batch: 8, steps: 4}"));
  const StepTime t = measured_step_time(e, 0.02);
  EXPECT_GT(t.low, 0);
  EXPECT_LE(t.low, t.median);
  EXPECT_LE(t.median, t.high);
  EXPECT_EQ(step_time_of({5, 1, 4, 2, 3}).median, 3);
  EXPECT_EQ(step_time_of({5, 1, 4, 2, 3}).low, 2);
  EXPECT_EQ(step_time_of({}).high, 0);
}

class TimedStudy : public ::testing::Test {
 protected:
  TimedStudy() {
    replace_file(folder_.path("model.yaml"),
                 test::markov_spec("{batch: 8, steps: 4, log_every: 5}"));
  }

  Study study(const std::string& seconds, int seeds) {
    replace_file(folder_.path("study.yaml"),
                 str("base: model.yaml\nvariants: {a: {}, b: {}}\nmetric: {val.loss: min}\nseeds: ",
                     seeds, "\nbudget: {seconds: ", seconds, "}\nevaluations: 2\n"));
    return load_study(folder_.path("study.yaml"));
  }

  Comparison run(const Study& s, const std::string& program, const std::string& out) {
    StudyProgress silent;
    CompareSettings settings{.folder = folder_.path(out), .jobs = 2, .program = program};
    return compare(s, settings, silent);
  }

  const TempFolder folder_;
};

// The budget is that of some twenty steps as long as they take now: on a busy machine one step may
// take what a calm one does in a hundred.
TEST_F(TimedStudy, CountsTheSecondsOfStepsAndSetsEvaluationApart) {
  const Experiment e = test::open_text(folder_, test::markov_spec("{batch: 8, steps: 4}"));
  const double seconds = std::max(0.05, 20 * measured_step_time(e, 0.02).high / 1e3);
  const Comparison c = run(study(fmt::format("{:.3f}", seconds), 2), "", "here");
  for (const BudgetLine& line : c.results.audit) {
    EXPECT_NEAR(line.planned, seconds, 0.0006);
    EXPECT_GT(line.spent, 0);
    EXPECT_EQ(line.spent, line.seconds);
    EXPECT_LE(line.least, line.spent);
    EXPECT_GE(line.most, line.spent);
    EXPECT_GT(line.evaluation_seconds, 0);
    EXPECT_GE(line.evaluations, std::min<double>(2, double(c.plan.at(line.variant).steps)));
    EXPECT_GT(line.evaluation_share(), 0);
    EXPECT_GT(line.products, 0);
    EXPECT_LT(line.products, line.flops);
  }
  EXPECT_GT(c.plan.at("a").step_time->median, 0);
  const Json described = load_json(folder_.path("here/study.json"));
  EXPECT_GT(described["variants"][1]["planned_step_ms"]["high"], 0);
}
}  // namespace
}  // namespace cambium::timing_test
