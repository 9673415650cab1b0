// Tuning with real trainings, of the tiniest kind.
#include <algorithm>

#include "core/system/files.h"
#include "search/runs/compare.h"
#include "search/store/trial_store.h"
#include "search/study/tune_settings.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"
#include "train/record/run_record.h"
#include "train/run/trainer.h"

namespace cambium::tune_test {
namespace {
using test::error_of;

const char* const kModel = R"(vars: {dim: 4}
data: {markov_text: {symbols: 6, order: 1, context: 8, train: 64, val: 16, test: 16}}
model: [{embed: $dim}, {ffn: {expand: 2}}, {linear: $classes}]
train: {batch: 8, steps: 20, log_every: 5, optimizer: {adamw: {lr: 1e-2}}}
)";

const char* const kVariants = "base: model.yaml\nvariants: {plain: {}, wide: {vars.dim: 8}}\n";
const char* const kTune =
    "tune:\n  space: {train.optimizer.adamw.lr: {log: [1e-3, 1]}}\n  trials: 4\n";
const char* const kRest = "seeds: 2\nmetric: {val.loss: min}\nbudget: {steps: 18}\n";

class TuneStudy : public testing::Test {
 protected:
  TuneStudy() { replace_file(folder_.path("model.yaml"), kModel); }

  Study study(const std::string& text) {
    replace_file(folder_.path("study.yaml"), text);
    return load_study(folder_.path("study.yaml"));
  }

  Study tuned(const std::string& more = "") { return study(str(kVariants, kTune, more, kRest)); }

  CompareSettings here(const std::string& out = "out") {
    return {.folder = folder_.path(out), .program = ""};
  }

  std::string list(const std::string& out = "out") {
    return TrialStore::view(folder_.path(out)).dump();
  }

  std::string first_error(const std::string& text) {
    try {
      study(text);
    } catch (const UserErrors& e) {
      return test::text_of(e.all[0]);
    } catch (const UserError& e) {
      return test::text_of(e);
    }
    return "";
  }

  const test::TempFolder folder_;
  StudyProgress silent_;
};

TEST_F(TuneStudy, EveryVariantIsTunedAlikeAndJudgedByOtherSeeds) {
  const Comparison c = compare(tuned(), here(), silent_);
  ASSERT_TRUE(c.tuning);
  ASSERT_EQ(c.tuning->variants.size(), 2u);
  for (const TunedVariant& v : c.tuning->variants) {
    EXPECT_EQ(v.finished, 4);
    ASSERT_EQ(v.trials.size(), 4u);
    ASSERT_EQ(v.chosen.size(), 1u);
    for (const TunedTrial& t : v.trials) {
      ASSERT_EQ(t.values.size(), 1u);
      EXPECT_GE(t.values[0], v.trials[size_t(v.best)].values[0]);
    }
    const Spec judged = load_spec(folder_.path("out/runs/" + v.name + "-s1/spec.yaml"));
    const Yaml& lr = *judged.section("train")->find("optimizer")->find("adamw")->find("lr");
    EXPECT_EQ(lr.text, v.chosen[0].text);
  }
  EXPECT_TRUE(c.results.complete);
  int64_t tuning = 0, judging = 0;
  TrialStore store = TrialStore::view(folder_.path("out"));
  for (const Trial& t : store.trials()) {
    const bool tunes = t.origin.at("stage") == "tune";
    ++(tunes ? tuning : judging);
    EXPECT_EQ(t.seed == 9001, tunes);
    EXPECT_EQ(t.state, TrialState::kDone);
  }
  EXPECT_EQ(tuning, 8);
  EXPECT_EQ(judging, 4);
  const auto read = read_tuning(folder_.path("out"));
  ASSERT_TRUE(read);
  EXPECT_EQ(effort_text(*read), effort_text(*c.tuning));
  EXPECT_EQ(read->variants[1].best, c.tuning->variants[1].best);
  EXPECT_EQ(read->variants[1].trials[0].values, c.tuning->variants[1].trials[0].values);
}

TEST_F(TuneStudy, APointTooLargeForMemoryIsRefused) {
  const Comparison c =
      compare(study(str("base: model.yaml\nvariants: {plain: {}, wide: {vars.dim: 8}}\n"
                        "set: {model.1.ffn: {width: 8}}\n",
                        "tune: {space: {model.1.ffn.width: [8, 1000000000]}, method: ",
                        "grid, trials: 2}\n", kRest)),
              here(), silent_);
  ASSERT_TRUE(c.tuning);
  for (const TunedVariant& v : c.tuning->variants) {
    EXPECT_EQ(v.finished, 1);
    EXPECT_EQ(v.trials.at(1).state, "refused");
    EXPECT_NE(v.trials.at(1).reason.find("training needs "), std::string::npos)
        << v.trials.at(1).reason;
  }
}

TEST_F(TuneStudy, StoppedAnywhereItGoesOnToTheSameList) {
  compare(tuned(), here("whole"), silent_);
  for (int i = 0; i < 200; ++i) {
    int asked = 0;
    CompareSettings settings = here();
    settings.stop = [&] { return ++asked > 35; };
    if (!compare(tuned(), settings, silent_).stopped) break;
  }
  EXPECT_EQ(list(), list("whole"));
}

TEST_F(TuneStudy, RungsPauseInsideTheScheduleAndTheBestGoOn) {
  const std::string text =
      str(kVariants, "tune:\n  space: {train.optimizer.adamw.lr: {log: [1e-3, 1]}}\n  trials: 6\n",
          "  rungs: {keep: 1/3}\n", kRest);
  const Comparison c = compare(study(text), here(), silent_);
  for (const TunedVariant& v : c.tuning->variants) {
    EXPECT_EQ(v.trials.size(), 6u);
    EXPECT_GE(v.finished, 1);
    std::vector<int64_t> reached(3);
    for (const TunedTrial& t : v.trials) ++reached.at(t.values.size() - 1);
    EXPECT_GE(reached[0], 4);
    EXPECT_EQ(v.trials[size_t(v.best)].values.size(), 3u);
    // A run that paused twice is the run that never did.
    const std::string trial = str("out/tuning/", v.name, "-", v.best);
    Progress silent;
    run_training(open_experiment(load_spec(folder_.path(trial + "/spec.yaml"))),
                 {.folder = folder_.path("again" + v.name)}, silent);
    EXPECT_EQ(read_file(folder_.path("again" + v.name + "/log.jsonl")),
              read_file(folder_.path(trial + "/log.jsonl")));
  }
}

TEST_F(TuneStudy, ATrialThatFailsIsAResult) {
  const std::string text =
      str(kVariants,
          "tune:\n  space: {model.1.ffn.expand: [2, -1], train.batch: [8, 4]}\n  method: grid\n",
          "  trials: 4\n", kRest);
  const Comparison c = compare(study(text), here(), silent_);
  EXPECT_EQ(c.tuning->variants[0].failed, 2);
  EXPECT_EQ(c.tuning->variants[0].finished, 2);
  const std::string none = str(kVariants,
                               "tune:\n  space: {train.optimizer.adamw.lr: [1e30, 1e35]}\n"
                               "  trials: 2\n",
                               kRest);
  const auto error =
      error_of<UserErrors>([&] { compare(study(none), here("none"), silent_); }).all[0];
  EXPECT_NE(std::string(error.what()).find("none of the 2 trials of 'plain' gave a val.loss"),
            std::string::npos)
      << error.what();
}

TEST_F(TuneStudy, OtherTuningInTheSameFolderIsRefused) {
  compare(tuned(), here(), silent_);
  EXPECT_THROW(compare(study(str(kVariants,
                                 "tune:\n  space: {train.optimizer.adamw.lr: {log: [1e-3, 1]}}\n"
                                 "  trials: 5\n",
                                 kRest)),
                       here(), silent_),
               UserError);
  const Comparison more = compare(
      study(str(kVariants, kTune, "seeds: 3\nmetric: {val.loss: min}\nbudget: {steps: 18}\n")),
      here(), silent_);
  EXPECT_TRUE(more.results.complete);
  EXPECT_EQ(more.results.rows[0].n, 3);
}

TEST_F(TuneStudy, MistakesAreSaidWhereTheyStand) {
  const auto with = [&](const std::string& tune, const std::string& rest = kRest) {
    return first_error(str(kVariants, "tune: ", tune, "\n", rest));
  };
  EXPECT_NE(with("{space: {vars.dim: [4, 8]}}")
                .find("2:30: 'vars.dim' is tuned, and variant 'wide' sets it"),
            std::string::npos)
      << with("{space: {vars.dim: [4, 8]}}");
  EXPECT_NE(with("{trials: 4}").find("3:7: tune: does not say what it may choose"),
            std::string::npos);
  EXPECT_NE(with("{space: {train.steps: [4, 8]}}").find("'train.steps' changes nothing: budget"),
            std::string::npos);
  EXPECT_NE(with("{space: {train.batch: [4, 8]}, tirals: 4}").find("unknown key of tune 'tirals'"),
            std::string::npos);
  EXPECT_NE(with("{space: {train.batch: [4, 8]}, seed: 1}").find("tunes and judges"),
            std::string::npos);
  EXPECT_NE(with("{space: {train.batch: [4, 8]}, method: sobel}").find("unknown method 'sobel'"),
            std::string::npos);
  EXPECT_NE(with("{space: {train.lr: {log: [1, 0.1]}}}"), "");
  EXPECT_NE(with("{space: {train.batch: [4, 8]}}", "budget: {seconds: 3}\n").find("counted"),
            std::string::npos);
  EXPECT_NE(with("{space: {train.batch: [4, 8]}, rungs: {keep: 2}}"), "");
}

// What is said of the effort is what was done.
TEST_F(TuneStudy, AnExhaustedSpaceIsSaidWithTheEffort) {
  const std::string text =
      str(kVariants, "tune:\n  space: {train.batch: [4, 8]}\n  trials: 5\n", kRest);
  const Comparison c = compare(study(text), here(), silent_);
  EXPECT_EQ(effort_text(*c.tuning).find("every variant was tuned by 2 trials (5 were asked for, "),
            0u)
      << effort_text(*c.tuning);
}

// Before any trial is trained.
TEST_F(TuneStudy, APathThatNoVariantHasIsSaidAtOnce) {
  const std::string text = str(
      kVariants, "tune:\n  space: {train.optimizer.adamw.lrr: [1e-3, 1e-2]}\n  trials: 2\n", kRest);
  const auto error = error_of<UserErrors>([&] { compare(study(text), here(), silent_); }).all[0];
  EXPECT_NE(std::string(error.what()).find("lrr"), std::string::npos) << error.what();
  EXPECT_EQ(error.mark.line, 4);
  const std::string short_rungs =
      str(kVariants, "tune:\n  space: {train.batch: [8, 4]}\n  rungs: {levels: 4}\n", kRest);
  const auto none =
      error_of<UserErrors>([&] { compare(study(short_rungs), here(), silent_); }).all[0];
  EXPECT_NE(std::string(none.what()).find("no rung at 1/27"), std::string::npos) << none.what();
  EXPECT_FALSE(file_exists(folder_.path("out/study.db")));
}
}  // namespace
}  // namespace cambium::tune_test
