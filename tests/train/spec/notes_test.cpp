// What is legal and cannot do what it says is noted, at its place and with a cure.
#include "train/spec/notes.h"

#include "tests/support/expect_error.h"
#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"
#include "train/run/session.h"

namespace cambium::test::notes_test {
namespace {
class Notes : public testing::Test {
 protected:
  // 64 training examples, 16 for validation.
  std::vector<std::string> of(const std::string& train) {
    std::vector<std::string> out;
    for (const UserError& note : open_text(folder_, markov_spec(train)).notes) {
      out.emplace_back(note.what());
      EXPECT_EQ(note.mark.line, 6) << note.what();
      EXPECT_FALSE(note.help.empty()) << note.what();
    }
    return out;
  }

  void expect_one(const std::string& train, const std::string& note) {
    EXPECT_EQ(of(train), std::vector<std::string>{note}) << train;
  }

  void expect_none(const std::string& train) {
    EXPECT_EQ(of(train), std::vector<std::string>{}) << train;
  }

  TempFolder folder_;
};

TEST_F(Notes, SayNothingOfOrdinaryRuns) {
  expect_none("{}");
  expect_none("{batch: 8, steps: 30, eval_every: 10, log_every: 4, checkpoint_every: 7, clip: 1}");
  expect_none("{batch: 16, accumulate: 4, epochs: 20, patience: 3, ema: 0.99}");
  for (const Schedule* s : builtin_schedules())
    expect_none(
        str("{batch: 8, steps: 40, eval_every: 2, schedule: {", s->name, ": {warmup: 4}}}"));
}

TEST_F(Notes, OnAWarmUpThatFillsTheRun) {
  for (const Schedule* s : builtin_schedules()) {
    const auto train = [&](const char* warmup) {
      return str("{steps: 10, optimizer: {sgd: {lr: 1e-3}}, schedule: {", s->name,
                 ": {warmup: ", warmup, "}}}");
    };
    for (const char* warmup : {"10", "100%"})
      expect_one(train(warmup),
                 "the warm-up of 10 steps fills the run of 10: the rate reaches its peak in the "
                 "last step alone");
    const auto longer = of(train("20"));
    ASSERT_EQ(longer.size(), 1u) << s->name;
    EXPECT_NE(longer[0].find("never reaches lr = 0.001"), std::string::npos) << longer[0];
  }
}

TEST_F(Notes, OnSchedulesThatStandStill) {
  expect_one("{steps: 10, schedule: {step: {every: 10}}}",
             "schedule 'step' keeps one rate in this run of 10 steps");
  expect_one("{steps: 10, schedule: {wsd: {decay: 0}}}",
             "schedule 'wsd' keeps one rate in this run of 10 steps");
  expect_one("{steps: 10, schedule: {polynomial: {power: 0}}}",
             "schedule 'polynomial' keeps one rate in this run of 10 steps");
  expect_one("{steps: 10, eval_every: 2, schedule: {plateau: {patience: 4}}}",
             "schedule 'plateau' keeps one rate in this run of 10 steps and 5 evaluations");
  expect_one("{steps: 10, eval_every: 1, schedule: {plateau: {patience: 1, factor: 1}}}",
             "schedule 'plateau' keeps one rate in this run of 10 steps and 10 evaluations");
  expect_one("{steps: 9, schedule: {step: {every: 3, factor: 0}}}",
             "schedule 'step' has the rate 0 at 6 of 9 steps, which then change nothing");
}

TEST_F(Notes, OnIntervalsBeyondTheRun) {
  expect_one("{steps: 10, eval_every: 11}",
             "eval_every = 11 is more than the 10 steps of the run: validation data is looked at "
             "once, at the end");
  expect_one("{steps: 10, checkpoint_every: 11}",
             "checkpoint_every = 11 is more than the 10 steps of the run: the run is saved once, "
             "at the end");
  expect_one("{steps: 10, log_every: 11}",
             "log_every = 11 is more than the 10 steps of the run: the log gets one line, at the "
             "end");
  expect_one("{steps: 10, eval_every: 2, patience: 4}",
             "patience = 4 cannot end the run early: it takes a best evaluation and 4 more, and "
             "the run has 5");
}

TEST_F(Notes, OnMoreThanTheDataHolds) {
  expect_one("{steps: 2, batch: 65}",
             "batch = 65 is more than the 64 training examples: a step takes them all");
  expect_one("{steps: 2, batch: 16, accumulate: 5}",
             "accumulate = 5 batches of 16 are more than the 64 training examples: a step takes "
             "them all, in 4");
  const Experiment e = open_text(folder_, markov_spec("{epochs: 2, batch: 48, accumulate: 5}"));
  EXPECT_EQ(e.train.options.accumulate, 2);
  EXPECT_EQ(e.updates_per_epoch(), 1);
  EXPECT_EQ(e.total_steps(), 2);
}

TEST_F(Notes, OnOptionsWithoutEffect) {
  expect_one("{steps: 2, class_weights: [2, 2, 2, 2, 2, 2]}",
             "equal class_weights change nothing: the loss is divided by them");
  expect_one("{steps: 2, ema: 1}",
             "ema = 1 is never reached: step n keeps (1 + n) / (10 + n) of the average");
  expect_one("{steps: 2, optimizer: {sgd: {lr: 0}}}", "lr = 0 moves nothing");
  expect_one("{steps: 2, optimizer: {sgd: {nesterov: true}}}",
             "nesterov of 'sgd' does nothing: there is no momentum to look along");
}

// One option changed, the others as they are: the weights after seven steps differ, or a note says
// that it does nothing.
class EveryOptimizerOption : public testing::TestWithParam<const Optimizer*> {
 protected:
  std::vector<float> weights_after(const std::string& options, size_t* notes = nullptr) {
    const Experiment e =
        open_text(folder_, markov_spec(str("{batch: 8, steps: 7, eval_every: 7, optimizer: {",
                                           GetParam()->name, ": {", options, "}}}")));
    if (notes) *notes = e.notes.size();
    Session session(e, std::numeric_limits<int64_t>::max());
    session.start(0);
    for (int64_t step = 1; step <= 7; ++step) session.step(step);
    session.keep_as_best();
    std::vector<float> out;
    for (const auto& [name, t] : session.best())
      if (t->type().dtype == DType::kF32) out.insert(out.end(), t->f32().begin(), t->f32().end());
    return out;
  }

  TempFolder folder_;
  OneThread one_thread_;
};

std::vector<std::string> other_values(const FieldInfo& f) {
  if (f.type == "true/false") return {f.default_text == "true" ? "false" : "true"};
  if (!f.choices.empty()) {
    std::vector<std::string> out;
    for (const std::string& c : f.choices)
      if (c != f.default_text) out.push_back(c);
    return out;
  }
  if (f.type != "number" && f.type != "whole number") return {};
  const bool whole = f.type == "whole number";
  std::vector<std::string> out;  // not a least eps, which bounds what never comes so low
  if (f.min == 0 || f.min > 1e-9) out.push_back(whole ? str(int64_t(f.min)) : str(f.min));
  if (!std::isinf(f.max)) out.push_back(whole ? str(int64_t(f.max)) : str(f.max));
  out.push_back(whole ? "3" : "0.37");
  std::erase(out, f.default_text);
  return out;
}

TEST_P(EveryOptimizerOption, ChangesTheStepOrIsNoted) {
  const std::vector<float> usual = weights_after("");
  for (const FieldInfo& f : GetParam()->attrs.describe())
    for (const std::string& value : other_values(f)) {
      size_t notes = 0;
      const std::vector<float> now = weights_after(str(f.name, ": ", value), &notes);
      EXPECT_TRUE(now != usual || notes > 0) << f.name << ": " << value << " does nothing";
      for (const float w : now) ASSERT_TRUE(std::isfinite(w)) << f.name << ": " << value;
    }
}

INSTANTIATE_TEST_SUITE_P(Optimizers, EveryOptimizerOption,
                         testing::ValuesIn(builtin_optimizers().begin(),
                                           builtin_optimizers().end()),
                         [](const auto& info) { return std::string(info.param->name); });

std::string with_batch_norm(int batch) {
  return str(
      "data: {adding: {length: 4, train: 64, val: 8, test: 8}}\n"
      "model:\n  - pool: mean\n  - linear: 8\n  - norm: batch\n"
      "  - activation: relu\n  - linear: $outputs\n"
      "train: {batch: ",
      batch, ", steps: 2}\n");
}

TEST(BatchNormOfFewRows, IsRefusedOfOneAndNotedOfAFew) {
  const TempFolder folder;
  const UserError e = error_of([&] { open_text(folder, with_batch_norm(1)); });
  EXPECT_NE(std::string(e.what()).find("one row"), std::string::npos) << e.what();
  EXPECT_EQ(e.mark.line, 5);
  const Experiment few = open_text(folder, with_batch_norm(4));
  ASSERT_EQ(few.notes.size(), 1u);
  EXPECT_NE(std::string(few.notes[0].what()).find("over 4 rows"), std::string::npos);
  EXPECT_EQ(few.notes[0].mark.line, 5);
  EXPECT_TRUE(open_text(folder, with_batch_norm(8)).notes.empty());
}

TEST(MinLr, AboveThePeakIsRefused) {
  const TempFolder folder;
  for (const Schedule* s : builtin_schedules()) {
    if (!s->lowest) continue;
    const UserError e = error_of([&] {
      open_text(folder, markov_spec(str("{optimizer: {sgd: {lr: 0.1}}, schedule: {", s->name,
                                        ": {min_lr: 0.2}}}")));
    });
    EXPECT_STREQ(e.what(), "min_lr = 0.2 is above the peak, lr = 0.1");
    EXPECT_EQ(e.mark.line, 6);
  }
}

TEST(NotesOfARun, StandAtItsStart) {
  const TempFolder folder;
  Remember seen;
  run_training(open_text(folder, markov_spec("{batch: 8, steps: 2, eval_every: 5}")), {}, seen);
  ASSERT_EQ(seen.notes.size(), 1u);
  EXPECT_NE(seen.notes[0].find("spec.yaml:6:"), std::string::npos) << seen.notes[0];
  EXPECT_NE(seen.notes[0].find("; use eval_every"), std::string::npos) << seen.notes[0];
}

TEST(ModelNotes, TellWhatNoAnswerDependsOn) {
  const TempFolder folder;
  const auto notes = [&](const std::string& model) {
    std::vector<std::string> out;
    for (const UserError& note :
         open_text(folder, str("data: {bars_and_shapes: {train: 64, val: 16, test: 16}}\nmodel:\n"
                               "  - patch_embed: {patch: 8, dim: 4}\n",
                               model,
                               "  - pool: mean\n  - linear: $classes\n"
                               "train: {batch: 16, epochs: 1, log_every: 1}\n"))
             .notes)
      out.push_back(str(note.mark.line, ": ", note.what()));
    return out;
  };
  EXPECT_EQ(notes("  - residual: [{linear: 4}]\n"), std::vector<std::string>{});
  EXPECT_EQ(notes("  - tap: a\n  - linear: 9\n  - from: a\n"),
            std::vector<std::string>{"5: no answer depends on 45 parameters, which count and never "
                                     "learn; 'linear.weight' is the first"});
  const std::vector<std::string> blind = notes("  - latents: {count: 3, place: alone}\n");
  ASSERT_EQ(blind.size(), 2u);
  EXPECT_NE(blind[0].find("no answer depends on the data"), std::string::npos) << blind[0];
  EXPECT_NE(blind[1].find("'patch_embed"), std::string::npos) << blind[1];
}
}  // namespace
}  // namespace cambium::test::notes_test
