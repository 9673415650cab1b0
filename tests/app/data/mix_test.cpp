// `cambium mix`: a study as a user runs it, in processes and killed; tables of others' runs; and
// what is refused.
#include <thread>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/system/process.h"
#include "core/text/json.h"
#include "places.h"
#include "tests/app/run_in_process.h"
#include "tests/support/data/two_sources.h"

namespace cambium::mix_test {
namespace {
class MixCommand : public ::testing::Test {
 protected:
  MixCommand() {
    replace_file(path("model.yaml"),
                 str("data: {corpus: {path: ", test::two_sources(folder_, 120),
                     ", context: 16, shuffle: 8}}\n"
                     "model: [{embed: 8}, {linear: $classes}]\n"
                     "train: {batch: 8, steps: 10, optimizer: {adamw: {lr: 1e-2}}}\n"));
    replace_file(path("study.yaml"),
                 "base: model.yaml\n"
                 "variants: {small: {}, wide: {model.0.embed: 12}}\n"
                 "budget: {steps: 12}\n"
                 "mix: {runs: 6, strength: [1, 8], forms: linear, check: 1}\n");
  }

  std::string path(const std::string& name) const { return folder_.path(name); }

  test::Ran ran(std::vector<std::string> words) { return test::run_words(words); }

  const test::TempFolder folder_;
};

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

TEST_F(MixCommand, CheckPrintsThePlan) {
  const test::Ran checked = ran({"check", path("study.yaml")});
  EXPECT_EQ(checked.code, 0) << checked.err;
  EXPECT_TRUE(says(checked.out,
                   "6 mixtures x 2 variants x 1 seed, then a check of 4 runs of each "
                   "variant at most: "))
      << checked.out;
  EXPECT_TRUE(says(checked.out, "read at that share")) << checked.out;
  const Json json = parse_json(ran({"check", path("study.yaml"), "--json"}).out, "out");
  EXPECT_EQ(json["specs"][0]["kind"], "mixtures");
  EXPECT_EQ(json["specs"][0]["mixtures"].size(), 6u);
}

std::string without_command(std::string path) {
  Json json = load_json(path);
  json.erase("command");
  return to_text(json);
}

// Killed on the way, it goes on, and ends as one that nothing disturbed.
TEST_F(MixCommand, KilledItGoesOnAndEndsWithTheSameAnswer) {
  const std::string program = CAMBIUM_BINARY_DIR "/cambium";
  const auto words = [&](const std::string& out) {
    return std::vector<std::string>{"mix", path("study.yaml"), "-o",  path(out), "--jobs",
                                    "2",   "--progress",       "none"};
  };
  const auto wait = [](Process& p) {
    while (!p.ended()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  };
  Process whole = start_process(program, words("whole"), path("said"));
  wait(whole);
  ASSERT_EQ(whole.exit_code(), 0) << read_file(path("said"));
  Process killed = start_process(program, words("out"), path("said2"));
  for (int i = 0; i < 2000 && !killed.ended(); ++i) {
    const std::string first = path("out/runs");
    if (file_exists(first) && std::distance(std::filesystem::directory_iterator(first), {}) >= 3)
      break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  killed.kill();
  wait(killed);
  Process again = start_process(program, words("out"), path("said3"));
  wait(again);
  ASSERT_EQ(again.exit_code(), 0) << read_file(path("said3"));
  EXPECT_EQ(without_command(path("out/mixtures.json")),
            without_command(path("whole/mixtures.json")));
  const std::string said = read_file(path("said3"));
  EXPECT_TRUE(says(said, "what is to be low: val.loss\n")) << said;
  EXPECT_TRUE(says(said, "best of small")) << said;
  for (const char* file : {"report.html", "runs.csv", "pictures/best.svg", "pictures/ranks-1.svg"})
    EXPECT_TRUE(file_exists(path(str("out/", file)))) << file;
  const std::string before = read_file(path("out/report.html"));
  EXPECT_EQ(ran({"report", path("out")}).code, 0);
  EXPECT_EQ(read_file(path("out/report.html")), before);
  EXPECT_EQ(ran({"compare", path("study.yaml"), "-o", path("out")}).code, kExitUser);
}

TEST_F(MixCommand, SlowTakesPublishedTables) {
  const std::string folder = test::data_path("mixtures/regmix/");
  if (test::skip_without(folder)) return;
  const Json json = parse_json(
      ran({"mix", folder + "train_mixture_1m.csv", "--losses", folder + "train_pile_loss_1m.csv",
           "--target", "metric/the_pile_pile_cc_val_loss", "--test-shares",
           folder + "test_mixture_1m.csv", "--test-losses", folder + "test_pile_loss_1m.csv",
           "--json"})
          .out,
      "out");
  for (const Json& form : json["forms"])
    EXPECT_GE(form["test_spearman"], form["name"] == "linear" ? 0.90 : 0.96) << form["name"];
  // What RegMix found too: much of Pile-CC for Pile-CC.
  EXPECT_GT(json["best"]["train_the_pile_pile_cc"]["share"], 0.5);
}

TEST_F(MixCommand, WhatIsWrongIsSaid) {
  replace_file(path("s.csv"), "run,a,b\n1,0.5,0.5\n2,0.9,0.2\n");
  replace_file(path("l.csv"), "run,x,y\n1,2.5,1\n3,2,1\n");
  const auto err = [&](std::vector<std::string> words) {
    const test::Ran r = ran(std::move(words));
    EXPECT_NE(r.code, 0);
    return r.err;
  };
  EXPECT_TRUE(says(err({"mix", path("s.csv")}), "name the table of losses with --losses"));
  EXPECT_TRUE(says(err({"mix", path("s.csv"), "--losses", path("l.csv")}),
                   "has several columns of losses"));
  const std::string wrong = err({"mix", path("s.csv"), "--losses", path("l.csv"), "--target", "x"});
  EXPECT_TRUE(says(wrong, "s.csv:3:1: error: run '2' has no losses in ")) << wrong;
  EXPECT_TRUE(says(wrong, "l.csv:3:1: error: run '3' has no mixture in ")) << wrong;
  replace_file(path("l.csv"), "run,x\n1,2.5\n2,1\n");
  EXPECT_TRUE(says(err({"mix", path("s.csv"), "--losses", path("l.csv")}),
                   "the shares of run '2' add up to 1.1"));
  EXPECT_TRUE(says(err({"mix", path("model.yaml")}), "and this takes a study"));
  EXPECT_TRUE(says(err({"compare", path("study.yaml")}), "tries mixtures, and this compares"));
  EXPECT_TRUE(says(err({"mix", path("study.yaml"), "--target", "x"}), "are of tables"));
}
}  // namespace
}  // namespace cambium::mix_test
