// Training on targets that are values.
#include <cmath>

#include "core/text/json.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_experiment.h"
#include "train/run/run_log.h"

namespace cambium::regression_test {
namespace {
using test::open_text;
using test::Remember;
using test::TempFolder;

// Two numbers, both marked: the target is their sum, which a linear model answers exactly.
std::string sums(const std::string& train, const std::string& more = "") {
  return "data: {adding: {length: 2, marked: 2, noise: 0.05, train: 512, val: 128, test: 128}}\n"
         "model:\n"
         "  - flatten\n" +
         more +
         "  - linear: $outputs\n"
         "train: " +
         train + "\n";
}

const char* const kTrain =
    "{batch: 32, steps: 200, eval_every: 50, checkpoint_every: 30, optimizer: {adamw: {lr: 0.05, "
    "weight_decay: 0}}}";

TEST(Regression, ReachesTheNoise) {
  const TempFolder folder;
  const Experiment e = open_text(folder, sums(kTrain));
  Remember seen;
  const RunResult r = run_training(e, {.folder = folder.path("run")}, seen);
  ASSERT_TRUE(r.test && r.test->kind == TargetKind::kValues);
  const double floor = e.data->reference_losses()[0].loss;
  EXPECT_NEAR(r.test->loss, floor, 0.4 * floor);
  EXPECT_NEAR(r.test->mae, e.data->reference_losses()[1].loss, 0.02);
  EXPECT_GT(r.test->r2, 0.97);
  EXPECT_EQ(r.test->scored, 128);
}

TEST(Regression, NamesItsMetricsInLogsAndCheckpoints) {
  const TempFolder folder;
  Remember seen;
  const RunResult r =
      run_training(open_text(folder, sums(kTrain)), {.folder = folder.path("run")}, seen);
  const Json run = load_json(folder.path("run/run.json"));
  EXPECT_EQ(run["test"]["metrics"]["test.r2"], r.test->r2);
  EXPECT_EQ(run["best"]["metrics"]["val.mae"], r.state.best->metrics.mae);
  EXPECT_FALSE(run["test"]["metrics"].contains("test.accuracy"));
  bool logged = false;
  for (const Json& line : read_log(folder.path("run/log.jsonl")))
    logged = logged || (line.contains("val.r2") && line.contains("val.mae"));
  EXPECT_TRUE(logged);
  EXPECT_EQ(load_checkpoint(folder.path("run")).state.best->metrics, r.state.best->metrics);
}

TEST(Regression, ResumesBitForBit) {
  const TempFolder folder;
  const Experiment e = open_text(folder, sums(kTrain), {"train.loss=huber"});
  Remember whole, parts;
  run_training(e, {.folder = folder.path("a")}, whole);
  for (int session = 0; session < 3; ++session)
    run_training(e,
                 {.folder = folder.path("b"),
                  .resume = true,
                  .stop = [left = 77]() mutable { return --left <= 0; }},
                 parts);
  EXPECT_EQ(parts.losses, whole.losses);
  EXPECT_EQ(read_file(folder.path("a/log.jsonl")), read_file(folder.path("b/log.jsonl")));
}

TEST(Regression, KeepsTheBestByTheMetricItIsTold) {
  for (const char* best : {"val.loss", "val.mae", "val.r2"}) {
    const TempFolder folder;
    const Experiment e =
        open_text(folder, sums(kTrain), {str("train.best=", best), "train.eval_every=5"});
    Remember seen;
    const RunResult r = run_training(e, {}, seen);
    const std::string_view name = metric_of(best);
    for (const EvaluationReport& x : seen.evaluations) {
      if (higher_is_better(name))
        EXPECT_LE(x.metrics.at(name), r.state.best->metrics.at(name));
      else
        EXPECT_GE(x.metrics.at(name), r.state.best->metrics.at(name));
    }
  }
}

TEST(Regression, StopsWhenR2IsGoodEnough) {
  const TempFolder folder;
  const Experiment e = open_text(folder, sums(kTrain), {"train.stop_at=0.5", "train.eval_every=5"});
  Remember seen;
  const RunResult r = run_training(e, {}, seen);
  EXPECT_LT(r.state.step, 200);
  EXPECT_GE(r.state.evaluated.r2, 0.5);
}

// The losses differ in size, and every one of them is learnt.
TEST(Regression, EveryLossLearns) {
  for (const char* loss : {"mse", "mae", "{huber: {delta: 0.1}}"}) {
    const TempFolder folder;
    Remember seen;
    const RunResult r =
        run_training(open_text(folder, sums(kTrain), {str("train.loss=", loss)}), {}, seen);
    EXPECT_GT(r.test->r2, 0.95) << loss;
    EXPECT_LT(r.test->loss, 0.3 * seen.losses[0]) << loss;
  }
}

TEST(Regression, PredictsForEveryNode) {
  const TempFolder folder;
  const Experiment e = open_text(
      folder,
      "data: {subgraph_counts: {count: wedges, level: node, nodes: 8, train: 300, val: 50, test: "
      "50}}\n"
      "model: [{gin: 16}, {linear: {width: 16, activation: relu}}, {linear: $outputs}]\n"
      "train: {batch: 30, steps: 300, optimizer: {adamw: {lr: 0.01}}}\n");
  Remember seen;
  const RunResult r = run_training(e, {}, seen);
  EXPECT_EQ(r.test->scored, 50 * 8);
  EXPECT_GT(r.test->r2, 0.9);
}

TEST(ValueSums, AreThoseOfTheFormulas) {
  ValueSums sums;
  sums.add(std::vector<float>{1, 9, 2, 5}, std::vector<float>{2, 8, NAN, 6}, 2);
  sums.add(std::vector<float>{5, 3}, std::vector<float>{4, NAN}, 2);
  // Columns: (2, 4) around 3, and (8, 6) around 7.
  EXPECT_DOUBLE_EQ(sums.mae(), 4.0 / 4);
  EXPECT_DOUBLE_EQ(sums.r2(), 1 - 4.0 / 4);
  EXPECT_EQ(ValueSums().r2(), 0);
}

TEST(Metrics, AreNamedByTheirTargets) {
  const Metrics classes{.loss = 0.5, .accuracy = 0.25},
      values{.loss = 2, .kind = TargetKind::kValues, .r2 = -1};
  EXPECT_EQ(to_text(classes), "loss 0.5000, accuracy 25.00 %");
  EXPECT_EQ(to_text(values), "loss 2.0000, MAE 0.0000, R2 -1.0000");
  EXPECT_EQ(values.at("r2"), -1);
  EXPECT_THROW(values.at("accuracy"), UserError);
  EXPECT_THROW(classes.at("mae"), UserError);
}

std::vector<std::string> errors_of(const std::string& text) {
  const TempFolder folder;
  std::vector<std::string> out;
  for (const UserError& e : test::error_of<UserErrors>([&] { open_text(folder, text); }).all)
    out.push_back(test::text_of(e) + "; " + e.help);
  return out;
}

TEST(Regression, RefusesWhatIsOfClasses) {
  const auto errors =
      errors_of(sums("{loss: cross_entropy, label_smoothing: 0.1, best: "
                     "val.accuracy, accuracy: macro, class_weights: [1]}"));
  EXPECT_EQ(
      errors,
      (std::vector<std::string>{
          "5:15: loss 'cross_entropy' is of classes, the data's targets are values; use loss: "
          "huber, mae or mse, or leave it out",
          "5:47: 'label_smoothing' is of class targets, the data's targets are values; leave "
          "label_smoothing out",
          "5:104: 'class_weights' is of class targets, the data's targets are values; leave "
          "class_weights out",
          "5:82: 'accuracy' is of class targets, the data's targets are values; leave "
          "accuracy out",
          "5:58: there is no val.accuracy: the data's targets are values; use val.loss, "
          "val.mae or val.r2"}));
}
}  // namespace
}  // namespace cambium::regression_test
