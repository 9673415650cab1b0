// What train, check and show say of a spec with `init:` and `freeze:`.
#include <filesystem>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/text/json.h"
#include "tests/app/run_in_process.h"
#include "tests/support/data/test_data.h"

namespace cambium::transfer_words_test {
namespace {
std::string spec(const std::string& first, const std::string& head) {
  return str(
      first,
      "data: {markov_text: {symbols: 6, order: 1, context: 8, train: 64, val: 8, test: 8}}\n",
      "model:\n  - embed: 8\n  - residual: [{norm: rms}, {ffn: 2}]\n  - {linear: $classes", head,
      "}\ntrain: {batch: 8, steps: 4}\n");
}

class TransferWords : public testing::Test {
 protected:
  TransferWords() {
    replace_file(file_, spec("", ""));
    EXPECT_EQ(test::run_words({"train", file_, "--run", base_}).code, 0);
    replace_file(file_, spec(str("init: {from: ", base_,
                                 ", fresh: [head], unused: [linear]}\nfreeze: [embed, "
                                 "residual]\n"),
                             ", name: head"));
  }

  test::TempFolder folder_;
  std::string file_ = folder_.path("s.yaml"), base_ = folder_.path("base");
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

TEST_F(TransferWords, CheckSaysALineOfEach) {
  const test::Ran ran = test::run_words({"check", file_});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(has(ran.out, str("      init: 6 tensors taken from '", base_,
                               "', 2 fresh; 2 of the source unused\n")))
      << ran.out;
  EXPECT_TRUE(has(ran.out, "      frozen: 6 tensors, 336 of 390 parameters; 54 are trained\n"))
      << ran.out;
  const test::Ran missing = test::run_words({"check", file_, "--set", "init.from=nowhere"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_TRUE(has(missing.err, "there is no 'nowhere' to start from")) << missing.err;
}

TEST_F(TransferWords, ShowListsEveryTensor) {
  const test::Ran ran = test::run_words({"show", file_});
  EXPECT_TRUE(has(ran.out, "  taken    embed.table  [6,8]\n")) << ran.out;
  EXPECT_TRUE(has(ran.out, "  fresh    head.bias  [6]\n")) << ran.out;
  EXPECT_TRUE(has(ran.out, "  unused   linear.weight  [8,6]\n")) << ran.out;
  const Json json = parse_json(test::run_words({"show", file_, "--json"}).out, "json");
  EXPECT_EQ(json.at("init").at("tensors").size(), 10u);
  EXPECT_EQ(json.at("frozen").at("trained"), 54);
}

TEST_F(TransferWords, ShowSaysWhatLearnsWhenAndHowFast) {
  const std::string thaw = "unfreeze={residual: 50%}", slow = "train.layer_decay=0.5";
  const test::Ran ran = test::run_words({"show", file_, "--set", thaw, "--set", slow});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(has(ran.out, "after step 2: residual trains, 5 tensors, 288 parameters\n"))
      << ran.out;
  EXPECT_TRUE(has(ran.out,
                  "layer_decay 0.5: factors on the learning rate\n"
                  "   1  0.25      embed\n   2  0.5       residual\n   3  1         head\n"))
      << ran.out;
  const Json json = parse_json(
      test::run_words({"show", file_, "--set", thaw, "--set", slow, "--json"}).out, "json");
  EXPECT_EQ(json.at("unfreeze").at(0).at("after_step"), 2);
  EXPECT_EQ(json.at("unfreeze").at(0).at("tensors"), 5);
  EXPECT_EQ(json.at("layer_decay").at(0).at("lr_scale"), 0.25);
  const test::Ran check = test::run_words({"check", file_, "--set", thaw});
  EXPECT_TRUE(has(check.out, "      after step 2: residual trains, 5 tensors")) << check.out;
  const test::Ran late = test::run_words({"check", file_, "--set", "unfreeze={residual: 4}"});
  EXPECT_EQ(late.code, 1);
  EXPECT_TRUE(has(late.err, "'residual' would never learn")) << late.err;
}

TEST_F(TransferWords, ARunIsOpenedWithoutItsSource) {
  const std::string run = folder_.path("run");
  EXPECT_EQ(test::run_words({"train", file_, "--run", run}).code, 0);
  std::filesystem::remove_all(base_);
  const test::Ran shown = test::run_words({"show", run});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_TRUE(has(shown.out, "init: what the weights came from is gone or has changed since\n"));
  EXPECT_EQ(test::run_words({"eval", run}).code, 0);
  EXPECT_EQ(test::run_words({"train", file_, "--run", folder_.path("other")}).code, 1);
}
}  // namespace
}  // namespace cambium::transfer_words_test
