// `cambium scale` and `cambium check` on a ladder: what is printed, and what is refused; the data's
// own loss beside the floor of its law.
#include <cmath>
#include <thread>

#include <gtest/gtest.h>

#include "app/scale/own_loss_view.h"
#include "core/rng.h"
#include "core/system/files.h"
#include "core/system/process.h"
#include "core/text/fmt.h"
#include "core/text/json.h"
#include "places.h"
#include "tests/app/run_in_process.h"
#include "tests/support/data/test_data.h"

namespace cambium::ladder_test {
namespace {
class LadderCommand : public ::testing::Test {
 protected:
  LadderCommand() {
    replace_file(path("model.yaml"),
                 "vars: {dim: 8}\n"
                 "data: {markov_text: {symbols: 6, order: 1, context: 16, train: 512, val: 32}}\n"
                 "model: [{embed: $dim}, {ffn: {expand: 2}}, {linear: $classes}]\n"
                 "train: {batch: 8, steps: 10, optimizer: {adamw: {lr: 1e-2}}}\n");
    replace_file(path("ladder.yaml"),
                 "base: model.yaml\n"
                 "scale: {free: vars.dim, params: [200, 2k], sizes: 3, tokens_per_param: [4, 16], "
                 "hold_out: largest}\n"
                 "seeds: 2\n");
  }

  std::string path(const std::string& name) const { return folder_.path(name); }

  test::Ran ran(std::vector<std::string> words) { return test::run_words(words); }

  const test::TempFolder folder_;
};

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

TEST_F(LadderCommand, CheckPrintsThePlan) {
  const test::Ran checked = ran({"check", path("ladder.yaml")});
  EXPECT_EQ(checked.code, 0) << checked.err;
  EXPECT_TRUE(says(checked.out,
                   "1 variant x 3 sizes x 2 lengths x 2 seeds, 12 runs; law "
                   "chinchilla, largest size held out\n"))
      << checked.out;
  EXPECT_TRUE(says(checked.out, "the training data has 8.19k tokens; runs see them up to "))
      << checked.out;
  EXPECT_TRUE(says(checked.out, "; steps take about ")) << checked.out;
  const Json json = parse_json(ran({"check", path("ladder.yaml"), "--json"}).out, "out");
  EXPECT_EQ(json["specs"][0]["kind"], "ladder");
  EXPECT_EQ(json["specs"][0]["points"].size(), 6u);
}

// Before anything is trained.
TEST_F(LadderCommand, TooFewRunsForTheLawAreWarnedOf) {
  const std::string few =
      "warning: these runs give no law: law 'chinchilla' has 5 parameters and "
      "needs 6 different configurations, got 4 without the largest size; ";
  const test::Ran checked = ran({"check", path("ladder.yaml")});
  EXPECT_TRUE(says(checked.out, few)) << checked.out;
  EXPECT_FALSE(says(ran({"check", path("ladder.yaml"), "--set", "scale.sizes=4", "--set",
                         "scale.tokens_per_param=[4,8,16]"})
                        .out,
                    "give no law"));
}

// The page and the pictures that the help promises.
TEST_F(LadderCommand, WritesItsPageAndPictures) {
  const std::vector<std::string> words = {"scale",      path("ladder.yaml"),
                                          "-o",         path("out"),
                                          "--progress", "none",
                                          "--set",      "scale.hold_out=none",
                                          "--set",      "scale.law=tokens",
                                          "--set",      "seeds=1",
                                          "--set",      "scale.tokens_per_param=[4,64]"};
  Process process = start_process(CAMBIUM_BINARY_DIR "/cambium", words, path("said"));
  while (!process.ended()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const std::string said = read_file(path("said"));
  EXPECT_EQ(process.exit_code(), 0) << said;
  EXPECT_TRUE(says(said, " and report.html\n")) << said;
  EXPECT_TRUE(file_exists(path("out/report.html")));
  EXPECT_TRUE(file_exists(path("out/residuals.csv"))) << said;
  EXPECT_TRUE(file_exists(path("out/pictures/law.svg"))) << said;
}

TEST_F(LadderCommand, ManyPassesAreWarnedOf) {
  const test::Ran checked =
      ran({"check", path("ladder.yaml"), "--set", "scale.tokens_per_param=[4,60]"});
  EXPECT_TRUE(says(checked.out, "warning: above four passes ")) << checked.out;
}

TEST_F(LadderCommand, WhatDoesNotFitIsRefused) {
  const test::Ran law = ran({"scale", path("ladder.yaml"), "--law", "params"});
  EXPECT_EQ(law.code, kExitUsage);
  EXPECT_TRUE(says(law.err, "--law is of files of points")) << law.err;
  EXPECT_EQ(ran({"compare", path("ladder.yaml")}).code, kExitUser);
  EXPECT_EQ(ran({"scale", path("model.yaml")}).code, kExitUser);
  replace_file(path("study.yaml"), "base: model.yaml\nvariants: {a: {}}\n");
  const test::Ran study = ran({"scale", path("study.yaml")});
  EXPECT_TRUE(says(study.err, "has no scale:")) << study.err;
  replace_file(path("p.csv"), "params,tokens,loss\n1,2,3\n");
  EXPECT_EQ(ran({"scale", path("p.csv"), "--set", "seeds=1"}).code, kExitUsage);
  EXPECT_EQ(ran({"scale", path("p.csv"), "--jobs", "2"}).code, kExitUsage);
}

// Two processes share the folder; the second ends with the same answer.
TEST_F(LadderCommand, TrainsInProcessesAndWritesItsFiles) {
  const std::vector<std::string> words = {
      "scale", path("ladder.yaml"), "-o", path("out"), "--jobs", "2", "--progress", "plain"};
  const std::string program = CAMBIUM_BINARY_DIR "/cambium";
  Process first = start_process(program, words, path("first"));
  Process second = start_process(program, words, path("second"));
  while (!first.ended() || !second.ended())
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(first.exit_code(), 0) << read_file(path("first"));
  EXPECT_EQ(second.exit_code(), 0) << read_file(path("second"));
  for (const char* file : {"ladder.json", "points.csv", "scale.json", "report.html"})
    EXPECT_TRUE(file_exists(path("out/") + file)) << file;
  const Json json = load_json(path("out/scale.json"));
  EXPECT_EQ(json["ladder"]["done"], 12);
  const test::Ran again = ran({"scale", path("out/points.csv")});
  EXPECT_LE(again.code, kExitUser);
  EXPECT_TRUE(says(read_file(path("first")), "12 runs")) << read_file(path("first"));
}

// Twelve configurations of two runs that follow a law whose floor is 1.2, up to one in a thousand.
LadderAnswer answer_of_a_law() {
  std::string text = "params,tokens,loss,seed\n";
  Random random(1);
  for (double n : {1e3, 2e3, 4e3, 8e3})
    for (double d : {1e5, 4e5, 16e5})
      for (int seed : {0, 1}) {
        const double stray = 1e-3 * random.normal();
        text +=
            fmt::format("{},{},{},{}\n", n, d,
                        (1.2 + 90 / std::pow(n, 0.9) + 900 / std::pow(d, 0.8)) * (1 + stray), seed);
      }
  LadderAnswer a;
  a.laws = scale_points(parse_points(text, "points.csv", {}), {.law = "chinchilla"});
  return a;
}

std::string told(double loss) {
  LadderPlan plan;
  plan.own_loss = ReferenceLoss{.name = "the chain", .loss = loss};
  return own_loss_text(plan, answer_of_a_law());
}

TEST(OwnLoss, IsToldBesideTheFloor) {
  EXPECT_TRUE(told(1.2).starts_with(
      "\nthe data's own loss (the chain) is 1.2000: inside the interval of E, 1."))
      << told(1.2);
  EXPECT_NE(told(1.1).find("is 1.1000: below the interval of E"), std::string::npos) << told(1.1);
  EXPECT_NE(told(1.3).find("is 1.3000: above the interval of E"), std::string::npos) << told(1.3);
}

TEST(OwnLoss, IsInTheAnswerOnlyWhereTheDataKnowsIt) {
  LadderPlan plan;
  EXPECT_EQ(own_loss_text(plan, answer_of_a_law()), "");
  EXPECT_TRUE(own_loss_json(plan, answer_of_a_law()).is_null());
  plan.own_loss = ReferenceLoss{.name = "the chain", .loss = 1.2};
  EXPECT_EQ(own_loss_text(plan, {}), "");
  const Json json = own_loss_json(plan, answer_of_a_law());
  EXPECT_EQ(json["loss"], 1.2);
  EXPECT_TRUE(json["floors"][0]["inside"]);
  EXPECT_NEAR(json["floors"][0]["floor"], 1.2, 0.02);
}
}  // namespace
}  // namespace cambium::ladder_test
