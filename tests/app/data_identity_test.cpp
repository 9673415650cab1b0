// What commands say when the data is not what a run was trained on.
#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/text/json.h"
#include "tests/app/run_in_process.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::data_identity_test {
namespace {
using test::Ran;
using test::run_words;

std::string repeated(std::string_view unit) {
  std::string all;
  for (int i = 0; i < 400; ++i) all += unit;
  return all;
}

class OtherData : public testing::Test {
 protected:
  OtherData() {
    write("aab");
    replace_file(path("s.yaml"), str("data: {text_chars: {path: ", path("voc.txt"),
                                     ", context: 12, floor_order: 0}}\n"
                                     "model: [{embed: 4}, {linear: $classes}]\n"
                                     "train: {batch: 4, steps: 3, eval_every: 3}\n"));
    EXPECT_EQ(run_words({"train", path("s.yaml"), "--run", path("r"), "--progress", "none"}).code,
              0);
  }

  std::string path(const std::string& name) const { return folder_.path(name); }

  void write(std::string_view unit) { replace_file(path("voc.txt"), repeated(unit)); }

  Ran eval(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"eval", path("r")});
    return run_words(more);
  }

  Ran generate(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"generate", path("r"), "--prompt", "a", "--count", "3"});
    return run_words(more);
  }

  test::TempFolder folder_;
};

TEST_F(OtherData, OfOtherLettersIsRefusedByEveryCommand) {
  write("xxa");
  for (const Ran& ran : {eval(), generate(), eval({"--other-data"}), generate({"--other-data"}),
                         run_words({"train", path("s.yaml"), "--run", path("r"), "--resume"})}) {
    EXPECT_EQ(ran.code, 1);
    EXPECT_NE(ran.err.find("was trained on; these differ: "), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("vocabulary (was "), std::string::npos) << ran.err;
  }
}

TEST_F(OtherData, OfTheSameLettersIsTakenWhenItIsAskedFor) {
  write("aba");
  EXPECT_EQ(eval().code, 1);
  EXPECT_NE(eval().err.find("--other-data takes data that differs"), std::string::npos);
  EXPECT_NE(eval().err.find(str("; it is read from '", path("voc.txt"), "'")), std::string::npos);
  const Ran other = eval({"--other-data"});
  EXPECT_EQ(other.code, 0);
  EXPECT_NE(other.out.find("; other data than it was trained on)"), std::string::npos) << other.out;
  EXPECT_EQ(generate().code, 1);
  const Ran text = generate({"--other-data"});
  EXPECT_EQ(text.code, 0);
  EXPECT_NE(text.err.find(str("note    this is other data than '", path("r"), "' was trained on")),
            std::string::npos)
      << text.err;
  EXPECT_NE(eval({"--other-data", "--json"}).out.find("\"other_data\": true"), std::string::npos);
  write("aab");
  EXPECT_EQ(eval({"--other-data"}).out.find("other data"), std::string::npos);  // it is its own
}

TEST_F(OtherData, AtAnotherPathIsTakenWhenItIsAskedFor) {
  replace_file(path("other.txt"), repeated("abaa"));
  const std::string set = "data.text_chars.path=" + path("other.txt");
  const Ran refused = eval({"--set", set});
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find(str("; it is read from '", path("other.txt"), "', was read from '",
                                 path("voc.txt"), "'")),
            std::string::npos)
      << refused.err;
  EXPECT_EQ(eval({"--set", set, "--other-data"}).code, 0);
}

TEST_F(OtherData, OfARunThatSaysNothingIsNoted) {
  Json run = load_json(path("r/run.json"));
  run.erase("data");
  replace_file(path("r/run.json"), to_text(run, 1));
  const Ran ran = eval();
  EXPECT_EQ(ran.code, 0);
  EXPECT_NE(ran.err.find("does not say what data it was trained on"), std::string::npos) << ran.err;
}
}  // namespace
}  // namespace cambium::data_identity_test
