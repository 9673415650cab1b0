// Notes on what is legal and cannot do what it says, as `check` and `train` print them.
#include <gtest/gtest.h>

#include "core/text/json.h"
#include "tests/app/run_in_process.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::test::notes_test {
namespace {
class NotesShown : public testing::Test {
 protected:
  std::string spec(const std::string& train) {
    replace_file(folder_.path("s.yaml"), markov_spec(train));
    return folder_.path("s.yaml");
  }

  TempFolder folder_;
};

TEST_F(NotesShown, ByCheckWithThePlaceAndACure) {
  const std::string file = spec("{batch: 8, steps: 6, schedule: {cosine: {warmup: 6}}}");
  const Ran ran = run_words({"check", file});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.out.find("s.yaml:6:57: note: the warm-up of 6 steps fills the run of 6"),
            std::string::npos)
      << ran.out;
  EXPECT_NE(ran.out.find("  help: use a shorter warm-up"), std::string::npos) << ran.out;
  const Json notes = parse_json(run_words({"check", file, "--json"}).out, "o")["specs"][0]["notes"];
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0]["place"]["line"], 6);
}

TEST_F(NotesShown, ByCheckOncePerStudy) {
  spec("{batch: 8, steps: 6, eval_every: 7}");
  replace_file(folder_.path("study.yaml"),
               "base: s.yaml\nvariants: {a: {}, b: {train.clip: 1}}\nseeds: 1\n"
               "metric: {val.loss: min}\n");
  const Ran ran = run_words({"check", folder_.path("study.yaml")});
  EXPECT_EQ(ran.code, 0) << ran.err;
  const size_t first = ran.out.find("note: eval_every = 7");
  ASSERT_NE(first, std::string::npos) << ran.out;
  EXPECT_EQ(ran.out.find("note:", first + 1), std::string::npos) << ran.out;
}

TEST_F(NotesShown, AtTheStartOfARun) {
  const Ran ran = run_words({"train", spec("{batch: 8, steps: 6, eval_every: 7}"), "--run",
                             folder_.path("r"), "--progress", "none"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.err.find("s.yaml:6:41: eval_every = 7 is more than the 6 steps"), std::string::npos)
      << ran.err;
}

TEST_F(NotesShown, WhenAResumedRunIsOver) {
  const std::string file = spec("{batch: 8, steps: 6}");
  run_words({"train", file, "--run", folder_.path("r")});
  const Ran again =
      run_words({"train", file, "--run", folder_.path("r"), "--resume", "--progress", "plain"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_NE(again.err.find("steps   none left: the run is over at step 6 of 6\n"),
            std::string::npos)
      << again.err;
  EXPECT_EQ(again.err.find("7 to 6"), std::string::npos);
}
}  // namespace
}  // namespace cambium::test::notes_test
