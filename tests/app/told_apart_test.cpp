// What commands say of a path that is something else than they take, and of runs that cannot be
// gone on with.
#include <filesystem>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/system/parallel.h"
#include "core/text/json.h"
#include "tests/app/run_in_process.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::told_apart_test {
namespace {
using test::Ran;
using test::run_words;

class ToldApart : public testing::Test {
 protected:
  ToldApart() {
    replace_file(path("s.yaml"), test::markov_spec("{batch: 8, steps: 4}"));
    replace_file(path("study.yaml"),
                 "base: s.yaml\nvariants: {a: {}}\nbudget: {steps: 2}\n"
                 "seeds: 1\nmetric: {val.loss: min}\n");
  }

  std::string path(const std::string& name) const { return folder_.path(name); }

  Ran train(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"train", path("s.yaml"), "--run", path("r"), "--progress", "none"});
    return run_words(more);
  }

  static void expect(const Ran& ran, int code, const std::string& text, const std::string& help) {
    EXPECT_EQ(ran.code, code) << ran.err;
    EXPECT_NE(ran.err.find(str(text, "\n")), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find(help), std::string::npos) << ran.err;
  }

  test::TempFolder folder_;
};

TEST_F(ToldApart, APathOfTheWrongKindNamesTheRightCommand) {
  ASSERT_EQ(train().code, 0);
  ASSERT_EQ(
      run_words({"compare", path("study.yaml"), "-o", path("out"), "--progress", "none"}).code, 0);
  expect(run_words({"compare", path("r")}), 1,
         str("'", path("r"), "' is the folder of a run, and this takes the file of a study"),
         str("`cambium eval ", path("r"), "`"));
  expect(run_words({"compare", path("out")}), 1,
         str("'", path("out"), "' is the folder of a study, and this takes its file"),
         str("`cambium report ", path("out"), "`"));
  expect(run_words({"eval", path("s.yaml")}), 1,
         str("'", path("s.yaml"), "' is a file, and this takes the folder of a run"),
         str("cambium train ", path("s.yaml"), " makes one"));
  expect(run_words({"eval", path("out")}), 1,
         str("'", path("out"), "' is the folder of a study, and this takes one of its runs"),
         str("name one, such as ", path("out/runs/a-s0")));
  expect(run_words({"train", path("r")}), 1,
         str("'", path("r"), "' is the folder of a run, and this takes a spec"), "--resume`");
}

TEST_F(ToldApart, AMissingRunIsNotResumedByStartingAnother) {
  expect(train({"--resume"}), 1, str("error: there is no run '", path("r"), "' to resume"),
         "leave out --resume to begin it");
  EXPECT_FALSE(file_exists(path("r")));
  make_folders(path("r"));
  expect(train({"--resume"}), 0,
         str("note    '", path("r"), "' holds no checkpoint: the run begins at step 1"), "");
  const Ran misspelt = run_words({"train", path("s.yaml"), "--run", path("rr"), "--resume"});
  expect(misspelt, 1, str("error: there is no run '", path("rr"), "' to resume"),
         str("did you mean '", path("r"), "'?"));
}

TEST_F(ToldApart, ARunOfAnotherSeedSaysSo) {
  ASSERT_EQ(train().code, 0);
  expect(train({"--resume", "--seed", "3"}), 1,
         str("'", path("r"),
             "' was trained from another spec; these differ: train.seed (was not set, is 3)"),
         "start in another folder");
}

TEST_F(ToldApart, ARunThatFailedSaysWhy) {
  const Ran ran = train({"--set", "train.optimizer.adamw.lr=1e30"});
  ASSERT_EQ(ran.code, 2) << ran.err;
  const Ran eval = run_words({"eval", path("r")});
  EXPECT_EQ(eval.code, 2);
  EXPECT_NE(eval.err.find(str("'", path("r"), "' failed before it saved any weights: step ")),
            std::string::npos)
      << eval.err;
  std::filesystem::remove_all(path("r"));
  ASSERT_EQ(train().code, 0);
  Json run = load_json(path("r/run.json"));
  run["status"] = "failed";
  run["error"] = "step 9: the loss is nan";
  replace_file(path("r/run.json"), to_text(run, 1));
  expect(run_words({"eval", path("r")}), 0,
         str("note    '", path("r"),
             "' failed: step 9: the loss is nan; these are its weights of step 4"),
         "");
}

TEST_F(ToldApart, WhatIsNoTextIsNotGenerated) {
  ASSERT_EQ(train().code, 0);
  const Ran ran = run_words({"generate", path("r")});
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.err.find("its tokens stand for no text\n  help: train a model on a text"),
            std::string::npos)
      << ran.err;
}

TEST_F(ToldApart, ATestOnValidationDataIsCalledThat) {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "aab";
  replace_file(path("voc.txt"), text);
  replace_file(path("s.yaml"), str("data: {text_chars: {path: ", path("voc.txt"),
                                   ", context: 12, floor_order: 0}}\n"
                                   "model: [{embed: 4}, {linear: $classes}]\n"
                                   "train: {batch: 4, steps: 3, eval_every: 3}\n"));
  const Ran ran = train({"--json"});
  const Json trained = parse_json(ran.out, "answer");
  EXPECT_TRUE(trained["test"].is_null());
  EXPECT_FALSE(trained["validation"].is_null());
  EXPECT_TRUE(load_json(path("r/run.json"))["test"]["metrics"].contains("val.loss"));
  const Ran eval = run_words({"eval", path("r")});
  EXPECT_TRUE(eval.out.starts_with("val  loss ")) << eval.out;
  EXPECT_NE(eval.out.find("; the data has no test part)"), std::string::npos) << eval.out;
  const Ran compared =
      run_words({"compare", path("study.yaml"), "-o", path("out"), "--progress", "none"});
  EXPECT_NE(compared.out.find("val.loss (nats)"), std::string::npos) << compared.out;
  EXPECT_NE(compared.out.find("There is no test part"), std::string::npos) << compared.out;
  EXPECT_EQ(compared.out.find("test.loss"), std::string::npos) << compared.out;
  EXPECT_NE(run_words({"explain", "metric"}).out.find("test part"), std::string::npos);
}

TEST_F(ToldApart, NumbersThatDoNotFitHaveTheirCure) {
  expect(train({"--seed", "99999999999999999999"}), 64,
         "error: '--seed': the whole number 99999999999999999999 does not fit 64 bits",
         "whole numbers go up to 9223372036854775807");
  const Ran exponent = train({"--set", "train.steps=1e30"});
  EXPECT_NE(exponent.err.find("whole numbers go up to 9007199254740992"), std::string::npos)
      << exponent.err;
}

TEST_F(ToldApart, AnEntryOfAListIsNotRemovedByNothing) {
  expect(run_words({"check", path("s.yaml"), "--set", "model.0="}), 1,
         "--set:1:1: error: 'model.0' is an entry of a list, and an empty value removes keys of "
         "maps alone",
         "set the whole list, model, or give the entry another value");
}

TEST_F(ToldApart, MoreThreadsThanCoresAreNoted) {
  const Ran ran = run_words({"check", path("s.yaml"), "--threads", "5000"});
  set_thread_count(1);
  EXPECT_EQ(ran.code, 0);
  EXPECT_NE(ran.err.find("note    --threads 5000 is more than this machine's "), std::string::npos);
  EXPECT_NE(ran.err.find("; 1024 are used\n"), std::string::npos) << ran.err;
  EXPECT_EQ(run_words({"check", path("s.yaml"), "--threads", "1"}).err, "");
}
}  // namespace
}  // namespace cambium::told_apart_test
