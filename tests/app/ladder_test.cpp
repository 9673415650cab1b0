// `cambium scale` and `cambium check` on a ladder: what is printed, and what is refused.
#include <thread>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/system/process.h"
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
  for (const char* file : {"ladder.json", "points.csv", "scale.json"})
    EXPECT_TRUE(file_exists(path("out/") + file)) << file;
  const Json json = load_json(path("out/scale.json"));
  EXPECT_EQ(json["ladder"]["done"], 12);
  const test::Ran again = ran({"scale", path("out/points.csv")});
  EXPECT_LE(again.code, kExitUser);
  EXPECT_TRUE(says(read_file(path("first")), "12 runs")) << read_file(path("first"));
}
}  // namespace
}  // namespace cambium::ladder_test
