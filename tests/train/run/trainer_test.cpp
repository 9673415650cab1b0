#include "train/run/trainer.h"

#include <cmath>

#include "core/text/json.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::trainer_test {
namespace {
using test::error_of;
using test::markov_spec;
using test::open_text;
using test::Remember;
using test::TempFolder;

const char* const kTrain =
    "{batch: 8, steps: 30, eval_every: 10, log_every: 4, checkpoint_every: 7, seed: 3,"
    " clip: 1, optimizer: {adamw: {lr: 1e-2}}, schedule: {cosine: {warmup: 10%}}}";

// Stops the run after `steps` of this session, as Ctrl-C would.
std::function<bool()> stop_after(int steps) {
  return [left = steps]() mutable { return --left <= 0; };
}

std::string log_of(const std::string& run) {
  return read_file(run + "/log.jsonl");
}

TEST(Trainer, LearnsAndReports) {
  const TempFolder folder;
  const Experiment e = open_text(folder, markov_spec(kTrain), {"train.steps=120"});
  Remember seen;
  const RunResult r = run_training(e, {.folder = folder.path("run")}, seen);
  EXPECT_TRUE(r.done);
  ASSERT_EQ(seen.losses.size(), 120u);
  EXPECT_LT(seen.losses.back(), 0.9 * seen.losses.front());
  EXPECT_EQ(seen.evaluations.size(), 12u);
  EXPECT_GT(r.test->accuracy, 1.0 / 6);
  const double entropy = e.data->reference_losses()[0].loss;
  EXPECT_GT(r.test->loss, entropy - 0.05);
  const Json run = load_json(folder.path("run/run.json"));
  EXPECT_EQ(run["status"], "done");
  EXPECT_EQ(run["steps"], 120);
  EXPECT_EQ(run["test"]["metrics"]["test.loss"], r.test->loss);
  EXPECT_EQ(run["samples"], 120 * 8);
}

TEST(Trainer, ResumesMidEpochBitForBit) {
  const TempFolder folder;
  const Experiment e = open_text(folder, markov_spec(kTrain));
  Remember whole, parts;
  const RunResult a = run_training(e, {.folder = folder.path("a")}, whole);
  for (int session = 0; session < 3; ++session)
    run_training(e, {.folder = folder.path("b"), .resume = true, .stop = stop_after(11)}, parts);
  const RunResult b = run_training(e, {.folder = folder.path("b"), .resume = true}, parts);
  EXPECT_EQ(parts.losses, whole.losses);
  EXPECT_EQ(log_of(folder.path("a")), log_of(folder.path("b")));
  EXPECT_EQ(a.test, b.test);
  EXPECT_EQ(read_file(folder.path("a/checkpoints/step-30.safetensors")),
            read_file(folder.path("b/checkpoints/step-30.safetensors")));
  EXPECT_TRUE(parts.notes.empty());
}

// A killed run leaves a log that is ahead of its checkpoint; resuming cuts it and writes it again.
TEST(Trainer, ResumesAfterAKillBitForBit) {
  const TempFolder folder;
  const Experiment e = open_text(folder, markov_spec(kTrain));
  Remember progress;
  run_training(e, {.folder = folder.path("a")}, progress);
  const auto kill = [](int at) {
    return [left = at]() mutable -> bool {
      if (--left <= 0) throw std::runtime_error("killed");
      return false;
    };
  };
  for (int at : {9, 5, 17})
    EXPECT_THROW(
        run_training(e, {.folder = folder.path("b"), .resume = true, .stop = kill(at)}, progress),
        std::runtime_error);
  run_training(e, {.folder = folder.path("b"), .resume = true}, progress);
  EXPECT_EQ(log_of(folder.path("a")), log_of(folder.path("b")));
}

TEST(Trainer, FallsBackToTheCheckpointBeforeADamagedOne) {
  const TempFolder folder;
  const Experiment e = open_text(folder, markov_spec(kTrain));
  Remember progress;
  run_training(e, {.folder = folder.path("a")}, progress);
  run_training(e, {.folder = folder.path("b"), .stop = stop_after(16)}, progress);
  replace_file(folder.path("b/checkpoints/step-16.safetensors"), "damaged");
  run_training(e, {.folder = folder.path("b"), .resume = true}, progress);
  ASSERT_EQ(progress.notes.size(), 1u);
  EXPECT_NE(progress.notes[0].find("going on from step 14"), std::string::npos);
  EXPECT_EQ(log_of(folder.path("a")), log_of(folder.path("b")));
}

TEST(Trainer, StopsAndSaysSo) {
  const TempFolder folder;
  const Experiment e = open_text(folder, markov_spec(kTrain));
  Remember progress;
  const RunResult r =
      run_training(e, {.folder = folder.path("run"), .stop = stop_after(5)}, progress);
  EXPECT_FALSE(r.done);
  EXPECT_FALSE(r.test);
  EXPECT_EQ(progress.checkpoints, std::vector<int64_t>{5});
  EXPECT_EQ(load_json(folder.path("run/run.json"))["status"], "stopped");
}

TEST(Trainer, RefusesAFolderThatHoldsARun) {
  const TempFolder folder;
  const Experiment e = open_text(folder, markov_spec(kTrain));
  Remember progress;
  run_training(e, {.folder = folder.path("run"), .stop = stop_after(1)}, progress);
  const auto again = error_of([&] { run_training(e, {.folder = folder.path("run")}, progress); });
  EXPECT_NE(std::string(again.what()).find("holds a run already"), std::string::npos);
  const Experiment other = open_text(folder, markov_spec(kTrain), {"train.clip=2"});
  const auto changed = error_of(
      [&] { run_training(other, {.folder = folder.path("run"), .resume = true}, progress); });
  EXPECT_NE(std::string(changed.what())
                .find("was trained from another spec; these differ: train.clip (was 1, is 2)"),
            std::string::npos)
      << changed.what();
  replace_file(folder.path("run/spec.yaml"), "a: [");  // edited by hand
  const auto unknown = error_of(
      [&] { run_training(other, {.folder = folder.path("run"), .resume = true}, progress); });
  EXPECT_TRUE(std::string(unknown.what()).ends_with("was trained from another spec"));
}

TEST(Trainer, LetsLoggingChangeBetweenSessions) {
  const TempFolder folder;
  const Experiment e = open_text(folder, markov_spec(kTrain));
  Remember progress;
  run_training(e, {.folder = folder.path("run"), .stop = stop_after(1)}, progress);
  const Experiment other = open_text(folder, markov_spec(kTrain), {"train.log_every=1"});
  EXPECT_TRUE(run_training(other, {.folder = folder.path("run"), .resume = true}, progress).done);
}

TEST(Trainer, AccumulatedBatchesEqualOneLargeBatch) {
  const TempFolder folder;
  // No dropout: its masks follow the batch.
  std::string text = markov_spec("{batch: 16, steps: 4, optimizer: {sgd: {lr: 0.5}}, clip: 0.1}");
  text.replace(text.find(", dropout: 0.1"), 14, "");
  Remember one, four;
  const RunResult a = run_training(open_text(folder, text), {}, one);
  const RunResult b =
      run_training(open_text(folder, text, {"train.batch=4", "train.accumulate=4"}), {}, four);
  EXPECT_EQ(a.state.examples, b.state.examples);
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(one.losses[i], four.losses[i], 2e-6) << i;
}

TEST(Trainer, StopsEarlyWithoutImprovement) {
  const TempFolder folder;
  const Experiment e =
      open_text(folder, markov_spec("{batch: 8, steps: 1000, eval_every: 1, patience: 3,"
                                    " optimizer: {sgd: {lr: 0}}}"));
  Remember progress;
  const RunResult r = run_training(e, {}, progress);
  EXPECT_TRUE(r.done);
  EXPECT_EQ(r.state.step, 4);  // the first is the best, three more bring nothing
  EXPECT_EQ(r.state.best->step, 1);
}

TEST(Trainer, TestsTheBestWeights) {
  const TempFolder folder;
  // The rate explodes after good early steps, so the last weights are the worst.
  const Experiment e = open_text(
      folder, markov_spec("{batch: 8, steps: 12, eval_every: 4, optimizer: {sgd: {lr: 0.2}}}"));
  Remember progress;
  const RunResult r = run_training(e, {.folder = folder.path("run")}, progress);
  const auto weights = load_weights(folder.path("run"), true).tensors;
  EXPECT_TRUE(weights.contains("linear.weight"));
  EXPECT_EQ(r.state.best->metrics.loss,
            std::ranges::min(progress.evaluations, {}, [](const EvaluationReport& x) {
              return x.metrics.loss;
            }).metrics.loss);
}

TEST(Trainer, NamesTheFirstNodeThatIsNotFinite) {
  const TempFolder folder;
  const Experiment e =
      open_text(folder, markov_spec("{batch: 8, steps: 50, optimizer: {sgd: {lr: 1e30}}}"));
  Remember progress;
  const auto error =
      error_of<RuntimeError>([&] { run_training(e, {.folder = folder.path("run")}, progress); });
  EXPECT_NE(std::string(error.what()).find("step 2"), std::string::npos) << error.what();
  EXPECT_TRUE(error.mark.known()) << error.what();
  EXPECT_NE(error.help.find("learning rate"), std::string::npos);
  EXPECT_EQ(load_json(folder.path("run/run.json"))["status"], "failed");
}

TEST(Trainer, RefusesWhatDoesNotFitInMemory) {
  const TempFolder folder;
  const Experiment e = open_text(folder, markov_spec(kTrain), {"train.batch=1024"});
  Remember progress;
  const auto error = error_of<RuntimeError>([&] {
    run_training(e, {.folder = folder.path("run"), .available_bytes = 3'000'000}, progress);
  });
  EXPECT_NE(std::string(error.what()).find("2.9 MiB are available"), std::string::npos)
      << error.what();
  EXPECT_NE(error.help.find("use train.batch: "), std::string::npos) << error.help;
  EXPECT_FALSE(file_exists(folder.path("run/log.jsonl")));
}
}  // namespace
}  // namespace cambium::trainer_test
