// A run knows what it was trained on.
#include <gtest/gtest.h>

#include "core/text/json.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_experiment.h"
#include "train/run/run_folder.h"

namespace cambium::identity_test {
namespace {
std::string text_of(std::string_view unit) {
  std::string all;
  for (int i = 0; i < 400; ++i) all += unit;
  return all;
}

// Trains on a text, which is then another.
class ChangedText : public testing::Test {
 protected:
  Experiment open() const {
    return test::open_text(folder_, str("data: {text_chars: {path: ", folder_.path("voc.txt"),
                                        ", context: 12, floor_order: 0}}\n"
                                        "model: [{embed: 4}, {linear: $classes}]\n"
                                        "train: {batch: 4, steps: 3, eval_every: 3}\n"));
  }

  void train(bool resume) {
    const Experiment e = open();
    run_training(e, {.folder = folder_.path("run"), .resume = resume}, progress_);
  }

  void SetUp() override {
    replace_file(folder_.path("voc.txt"), text_of("aab"));
    train(false);
  }

  test::TempFolder folder_;
  test::Remember progress_;
};

TEST_F(ChangedText, IsRecordedInTheRunAndItsCheckpoint) {
  const Identity id = identity_of(*open().data);
  EXPECT_EQ(load_checkpoint(folder_.path("run")).state.data, id);
  EXPECT_EQ(identity_from(load_json(folder_.path("run/run.json"))["data"]), id);
}

TEST_F(ChangedText, IsNotGoneOnWith) {
  replace_file(folder_.path("voc.txt"), text_of("xxa"));
  const UserError e = test::error_of([&] { train(true); });
  EXPECT_TRUE(std::string_view(e.what()).starts_with(str(
      "the data is not what '", folder_.path("run"), "' was trained on; these differ: content")))
      << e.what();
  EXPECT_EQ(e.help, "put the data back as it was, or train in another folder");
}

TEST_F(ChangedText, ThatIsBackAsItWasIsGoneOnWith) {
  replace_file(folder_.path("voc.txt"), text_of("xxa"));
  replace_file(folder_.path("voc.txt"), text_of("aab"));
  EXPECT_NO_THROW(train(true));
  EXPECT_TRUE(progress_.notes.empty());
}

TEST_F(ChangedText, OfARunThatSaysNothingIsNoted) {
  const std::string state = folder_.path("run/checkpoints/step-3.json");
  RunState old = run_state_from(load_json(state));
  old.data = {};
  Json without = to_json(old);
  without.erase("data");
  EXPECT_TRUE(run_state_from(without).data.empty());
}
}  // namespace
}  // namespace cambium::identity_test
