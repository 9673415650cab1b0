// Averages of weights: what is evaluated, kept as the best and saved.
#include <cmath>

#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::averages_test {
namespace {
using test::markov_spec;
using test::open_text;
using test::Remember;
using test::TempFolder;

const char* const kTrain =
    "{batch: 8, steps: 20, eval_every: 5, seed: 3, ema: 0.9, optimizer: {adamw: {lr: 2e-2}}}";

TEST(Ema, IsTheWeightedMeanOfAllSteps) {
  const TempFolder folder;
  const test::OneThread one_thread;
  const std::string name = "linear.weight";
  double expected = 0;
  for (int steps = 1; steps <= 4; ++steps) {
    const Experiment e = open_text(folder, markov_spec(kTrain), {str("train.steps=", steps)});
    Remember progress;
    const std::string run = folder.path(str("run", steps));
    run_training(e, {.folder = run}, progress);
    const auto tensors = load_checkpoint(run).tensors;
    const double decay = steps == 1 ? 0 : std::min(0.9, (1.0 + steps) / (10.0 + steps));
    expected = decay * expected + (1 - decay) * double(tensors.at(name).f32()[0]);
    EXPECT_NEAR(tensors.at("average." + name).f32()[0], expected, 1e-6) << steps;
  }
}

TEST(Ema, IsWhatIsEvaluatedAndKeptAsTheBest) {
  const TempFolder folder;
  const test::OneThread one_thread;
  const Experiment e = open_text(folder, markov_spec(kTrain));
  Remember progress;
  const RunResult r = run_training(e, {.folder = folder.path("run")}, progress);
  ASSERT_EQ(r.state.best->step, 20) << "the last evaluation was not the best";
  const auto tensors = load_checkpoint(folder.path("run")).tensors;
  for (bool best : {false, true}) {
    const auto weights = load_weights(folder.path("run"), best).tensors;
    const Tensor &average = tensors.at("average.linear.weight"), &w = weights.at("linear.weight");
    EXPECT_EQ(std::memcmp(w.data(), average.data(), size_t(w.bytes())), 0) << best;
  }
  const Tensor& raw = tensors.at("linear.weight");
  EXPECT_NE(
      std::memcmp(raw.data(), tensors.at("average.linear.weight").data(), size_t(raw.bytes())), 0);
}

TEST(Ema, ChangesNoStepOfTraining) {
  const TempFolder folder;
  const test::OneThread one_thread;
  Remember with, without;
  run_training(open_text(folder, markov_spec(kTrain)), {}, with);
  run_training(open_text(folder, markov_spec(kTrain), {"train.ema=0"}), {}, without);
  EXPECT_EQ(with.losses, without.losses);
  EXPECT_NE(with.evaluations[1].metrics.loss, without.evaluations[1].metrics.loss);
}

TEST(Ema, ResumesBitForBit) {
  const TempFolder folder;
  const test::OneThread one_thread;
  for (const char* more : {"train.accumulate=1", "train.accumulate=2"}) {
    const Experiment e = open_text(folder, markov_spec(kTrain), {more});
    Remember progress;
    const std::string a = folder.path(str("a", more)), b = folder.path(str("b", more));
    const RunResult whole = run_training(e, {.folder = a}, progress);
    const auto stop = [left = 7]() mutable { return --left <= 0; };
    run_training(e, {.folder = b, .stop = stop}, progress);
    const RunResult parts = run_training(e, {.folder = b, .resume = true}, progress);
    EXPECT_EQ(whole.test, parts.test);
    EXPECT_EQ(read_file(a + "/log.jsonl"), read_file(b + "/log.jsonl"));
    EXPECT_EQ(read_file(a + "/checkpoints/step-20.safetensors"),
              read_file(b + "/checkpoints/step-20.safetensors"));
  }
}

TEST(ScheduleFree, EvaluatesTheAverage) {
  const TempFolder folder;
  const test::OneThread one_thread;
  const std::string text = markov_spec(
      "{batch: 8, steps: 20, seed: 3, eval_every: 5, optimizer: {schedule_free_adamw:"
      " {lr: 2e-2}}}");
  const Experiment e = open_text(folder, text);
  Remember progress;
  const RunResult r = run_training(e, {.folder = folder.path("run")}, progress);
  const auto tensors = load_checkpoint(folder.path("run")).tensors;
  const auto weights = load_weights(folder.path("run"), false).tensors;
  const Tensor &average = tensors.at("average.linear.weight"), &w = weights.at("linear.weight");
  EXPECT_EQ(std::memcmp(w.data(), average.data(), size_t(w.bytes())), 0);
  for (size_t i = 0; i < w.f32().size(); ++i)  // y = (1 - beta1) z + beta1 x
    EXPECT_NEAR(tensors.at("linear.weight").f32()[i],
                0.1 * double(tensors.at("schedule_free.z.linear.weight").f32()[i]) +
                    0.9 * double(average.f32()[i]),
                1e-6);
  EXPECT_LT(r.test->loss, std::log(6.0));
}
}  // namespace
}  // namespace cambium::averages_test
