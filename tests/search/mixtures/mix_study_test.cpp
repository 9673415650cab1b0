// Studies of mixtures of the tiniest kind: planned, trained, stopped and gone on with, refused.
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "core/text/json.h"
#include "search/mixtures/study/mix_answer.h"
#include "tests/support/data/two_sources.h"
#include "tests/support/expect_error.h"
#include "tests/support/one_thread.h"
#include "train/record/run_record.h"

namespace cambium::mix_study_test {
namespace {
class MixStudy : public ::testing::Test {
 protected:
  MixStudy() {
    replace_file(path("model.yaml"),
                 str("data: {corpus: {path: ", test::two_sources(folder_, 120),
                     ", context: 16, shuffle: 8}}\n"
                     "model: [{embed: 8}, {linear: $classes}]\n"
                     "train: {batch: 8, steps: 10, optimizer: {adamw: {lr: 1e-2}}}\n"));
  }

  std::string path(const std::string& name) const { return folder_.path(name); }

  MixPlan plan(const std::string& mix, const std::string& more = "") const {
    replace_file(path("study.yaml"), str("base: model.yaml\n"
                                         "variants: {small: {}, wide: {model.0.embed: 12}}\n"
                                         "budget: {steps: 12}\nmix: {",
                                         mix, "}\n", more));
    return plan_mixtures(load_study(path("study.yaml")));
  }

  MixSettings here(const std::string& out) const {
    return {.folder = path(out), .command = "cambium mix study.yaml", .program = ""};
  }

  // Both halves, as the command does it.
  MixRecord train(const MixPlan& p, const std::string& out) const {
    EXPECT_FALSE(train_mixtures(p, drawn_runs(p), "mixtures", here(out), {}));
    const auto checks = check_runs(p, answer_mixtures(p, path(out)));
    if (!checks.empty()) {
      EXPECT_FALSE(train_mixtures(p, checks, "check", here(out), {}));
    }
    return answer_mixtures(p, path(out));
  }

  std::string refusal(const std::string& mix, const std::string& more = "") const {
    try {
      plan(mix, more);
    } catch (const UserErrors& e) {
      return e.all.front().what();
    } catch (const UserError& e) {
      return e.what();
    }
    return "none";
  }

  const test::TempFolder folder_;
  const test::OneThread one_;
};

TEST_F(MixStudy, PlansEveryMixtureForEveryVariant) {
  const MixPlan p = plan("runs: 6, strength: [1, 8]");
  ASSERT_EQ(p.sources.size(), 2u);
  EXPECT_NEAR(p.sources[0].natural + p.sources[1].natural, 1, 1e-12);
  EXPECT_EQ(p.uniform(), (std::vector<double>{0.5, 0.5}));
  const auto runs = drawn_runs(p);
  EXPECT_EQ(runs.size(), 12u);
  const Spec spec = mix_spec(p, runs[0]);
  const Yaml* mixture = spec.root.find("data")->find("corpus")->find("mixture");
  ASSERT_TRUE(mixture);
  EXPECT_EQ(std::stod(mixture->entries[0].value.text), runs[0].shares[0]);
  const double read = p.passes(p.plan.at("small"), 0, 0.5);
  EXPECT_DOUBLE_EQ(read, 12 * 8 * 16 * 0.5 / double(p.sources[0].symbols));
}

TEST_F(MixStudy, EndsWithABestMixtureOfEachAndACheck) {
  const MixPlan p = plan("runs: 8, strength: [1, 8], forms: [linear, log_shares], check: 2");
  const MixRecord r = train(p, "out");
  EXPECT_EQ(r.runs.size(), 16u);
  EXPECT_EQ(r.waiting, 0);
  EXPECT_TRUE(r.failed.empty());
  ASSERT_EQ(r.variants.size(), 2u);
  for (const VariantMixture& v : r.variants) {
    EXPECT_EQ(v.trouble, "");
    EXPECT_NEAR(std::accumulate(v.best.begin(), v.best.end(), 0.0), 1, 1e-9);
    ASSERT_EQ(v.best_interval.size(), 2u);
    ASSERT_EQ(v.forms.size(), 2u);
  }
  ASSERT_EQ(r.pairs.size(), 1u);
  EXPECT_EQ(r.pairs[0].mixtures, 8);
  // The same loss as its run says, and seeds that no drawn run had.
  const RunRecord first = *read_run_record(path("out/" + r.runs[0].folder));
  EXPECT_EQ(r.runs[0].target, *first.final->find("val.loss"));
  ASSERT_GE(r.checks.size(), 6u);
  for (const CheckedMixture& c : r.checks) {
    ASSERT_EQ(c.losses.size(), 2u);
    EXPECT_EQ(c.losses[0].first, 1);
  }
  EXPECT_GE(r.check_pairs.size(), 4u);
  const MixRecord again = mix_record_from(to_json(r), "mixtures.json");
  EXPECT_EQ(to_json(again), to_json(r));
  EXPECT_NE(mix_csv(r).find("run,variant,seed,digits,letters,target\n"), std::string::npos)
      << mix_csv(r);
}

TEST_F(MixStudy, StoppedItGoesOnToTheSameRecord) {
  const MixPlan p = plan("runs: 6, strength: [1, 8], forms: linear, check: 1");
  const MixRecord whole = train(p, "whole");
  MixSettings stopping = here("out");
  int asked = 0;
  stopping.stop = [&] { return ++asked > 30; };
  EXPECT_TRUE(train_mixtures(p, drawn_runs(p), "mixtures", stopping, {}));
  const MixRecord open = answer_mixtures(p, path("out"));
  EXPECT_GT(open.waiting, 0);
  EXPECT_TRUE(check_runs(p, open).empty());
  EXPECT_EQ(to_json(train(p, "out")), to_json(whole));
}

TEST_F(MixStudy, MoreMixturesGoOnInTheSameFolderAndOtherModelsDoNot) {
  const MixPlan few = plan("runs: 6, forms: linear, check: 0");
  const MixRecord before = train(few, "out");
  const MixPlan more = plan("runs: 7, forms: linear, check: 0");
  const MixRecord after = train(more, "out");
  ASSERT_EQ(after.runs.size(), 14u);
  for (size_t i = 0; i < before.runs.size(); ++i)
    EXPECT_EQ(after.runs[i].target, before.runs[i].target);
  const MixPlan other = plan("runs: 6, forms: linear, check: 0", "set: {train.batch: 4}\n");
  EXPECT_THROW(train_mixtures(other, drawn_runs(other), "mixtures", here("out"), {}), UserError);
}

TEST_F(MixStudy, TakesALossOfOneSourceAndMeansOfSeveral) {
  const MixPlan p = plan(
      "runs: 6, forms: linear, check: 0, target: "
      "{val.loss.source.digits: 3, val.loss.source.letters: 1}");
  const MixRecord r = train(p, "out");
  EXPECT_EQ(r.target, "0.75 val.loss.source.digits + 0.25 val.loss.source.letters");
  const RunRecord first = *read_run_record(path("out/" + r.runs[0].folder));
  EXPECT_NEAR(r.runs[0].target,
              0.75 * *first.final->find("val.loss.source.digits") +
                  0.25 * *first.final->find("val.loss.source.letters"),
              1e-12);
}

TEST_F(MixStudy, MostEpochsBoundsWhatIsDrawnAndTheEqualMixture) {
  const MixPlan free = plan("runs: 6");
  const size_t digits = free.sources[0].name == "digits" ? 0 : 1;
  const double limit = free.passes(free.plan.at("small"), digits, 0.3);
  const MixPlan p = plan(str("runs: 6, strength: [2, 8], most_epochs: ", limit));
  for (const auto& w : p.mixtures) EXPECT_LE(w[digits], 0.3 + 1e-9);
  EXPECT_NEAR(p.uniform()[digits], 0.3, 1e-3);
}

TEST_F(MixStudy, RefusesWhatItCannotDo) {
  EXPECT_EQ(refusal("runs: 3"), "'runs' is a whole number from 6 to 100000, got 3");
  EXPECT_EQ(refusal("runs: 6, target: val.loss.source.diggits"),
            "target: the data has no metric 'val.loss.source.diggits'");
  EXPECT_EQ(refusal("runs: 6, target: val.accuracy"),
            "target: 'val.accuracy' is better when it is high");
  EXPECT_EQ(refusal("runs: 6, around: {digit: 1}"), "around: the corpus has no source 'digit'");
  EXPECT_EQ(refusal("runs: 6, forms: linaer"),
            "there is no form 'linaer' of how a loss depends on a mixture");
  EXPECT_EQ(refusal("runs: 6, strength: [5, 1]"),
            "strength: takes two rising numbers from 0.001 to 1e6, got 5 and 1");
  EXPECT_EQ(refusal("run: 6"), "unknown key of mix 'run'");
  EXPECT_EQ(refusal("runs: 6", "metric: val.loss\n"),
            "a study with mix: has no 'metric': mix: {target: val.loss} says what is to be low");
  EXPECT_EQ(refusal("runs: 6, most_epochs: 0.001"),
            "most_epochs: all sources read 0.001 times are less than a run reads");
  EXPECT_EQ(refusal("runs: 6", "set: {data: {markov_text: {symbols: 6, order: 1, context: 12}}}\n"),
            "the base trains on no corpus");
}
}  // namespace
}  // namespace cambium::mix_study_test
