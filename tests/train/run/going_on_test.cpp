// A run that is taken further than it was to go becomes the longer run, or says why it does not.
#include "train/run/going_on.h"

#include <cstring>

#include "core/text/json.h"
#include "tests/support/expect_error.h"
#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::test::going_on_test {
namespace {
class GoingOn : public testing::Test {
 protected:
  std::vector<std::string> train(const std::string& run, const std::string& options) {
    const Experiment e = open_text(folder_, markov_spec("{batch: 8, " + options + "}"));
    Remember seen;
    run_training(e, {.folder = folder_.path(run), .resume = has_checkpoint(folder_.path(run))},
                 seen);
    return seen.notes;
  }

  void expect_same(const std::string& a, const std::string& b) {
    const Checkpoint x = load_checkpoint(folder_.path(a)), y = load_checkpoint(folder_.path(b));
    EXPECT_EQ(x.state.step, y.state.step);
    ASSERT_EQ(x.tensors.size(), y.tensors.size());
    for (const auto& [name, t] : x.tensors) {
      const Tensor& other = y.tensors.at(name);
      EXPECT_EQ(std::memcmp(t.data(), other.data(), size_t(t.bytes())), 0) << name;
    }
    EXPECT_EQ(read_file(folder_.path(a + "/log.jsonl")), read_file(folder_.path(b + "/log.jsonl")));
    EXPECT_EQ(read_file(folder_.path(a + "/spec.yaml")), read_file(folder_.path(b + "/spec.yaml")));
  }

  TempFolder folder_;
  OneThread one_thread_;
};

TEST_F(GoingOn, FurtherIsTheLongerRunBitForBit) {
  for (const char* more : {"optimizer: {adamw: {lr: 1e-2}}, schedule: constant",
                           "optimizer: {sgd: {momentum: 0.9}}, "
                           "schedule: {inverse_sqrt: {warmup: 3}}, ema: 0.9"}) {
    const std::string often = str(", eval_every: 5, log_every: 5, ", more);
    EXPECT_EQ(train("short", "steps: 10" + often), std::vector<std::string>{});
    EXPECT_EQ(train("short", "steps: 25" + often), std::vector<std::string>{});
    train("long", "steps: 25" + often);
    expect_same("short", "long");
    std::filesystem::remove_all(folder_.path("short"));
    std::filesystem::remove_all(folder_.path("long"));
  }
}

TEST_F(GoingOn, EpochsCanBeMoreToo) {
  train("short", "epochs: 1, log_every: 4, schedule: constant");
  train("short", "epochs: 3, log_every: 4, schedule: constant");
  train("long", "epochs: 3, log_every: 4, schedule: constant");
  expect_same("short", "long");
}

TEST_F(GoingOn, RatesThatKnewTheEndAreToldOf) {
  const std::string often = ", eval_every: 5, log_every: 5, schedule: {cosine: {warmup: 2}}";
  train("run", "steps: 10" + often);
  const auto notes = train("run", "steps: 20" + often);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0],
            "the run was to have 10 steps and is taken to 20: the rates of a run of that length "
            "differ from step 3 on, so this does not become one; schedules that know no end "
            "(constant, inverse_sqrt, step) can be taken further");
  EXPECT_EQ(load_json(folder_.path("run/run.json")).at("other_length"), notes[0]);
}

TEST_F(GoingOn, PassesLeftOutBetweenSessionsAreToldOf) {
  train("run", "steps: 4, schedule: constant");
  Experiment e = open_text(folder_, markov_spec("{batch: 8, steps: 8, schedule: constant}"));
  e.passes.off = {"form_chains"};
  Remember seen;
  run_training(e, {.folder = folder_.path("run"), .resume = true}, seen);
  ASSERT_FALSE(seen.notes.empty());
  EXPECT_NE(seen.notes.back().find(", without form_chains: results will not be equal bit for bit"),
            std::string::npos)
      << seen.notes.back();
}

TEST_F(GoingOn, AnEndThatIsNotLookedAtIsToldOf) {
  train("run", "steps: 7, eval_every: 5, log_every: 5, schedule: constant");
  const auto notes = train("run", "steps: 15, eval_every: 5, log_every: 5, schedule: constant");
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("ended at step 7"), std::string::npos) << notes[0];
}

TEST_F(GoingOn, FewerStepsThanThereAreAreRefused) {
  train("run", "steps: 10, schedule: constant");
  const UserError e = error_of([&] { train("run", "steps: 6, schedule: constant"); });
  EXPECT_NE(std::string(e.what()).find("has 10 steps behind it, more than the 6"),
            std::string::npos)
      << e.what();
}
}  // namespace
}  // namespace cambium::test::going_on_test
