// The program when things go wrong around it: kills, other processes, limits of memory and disk,
// damaged files.
#include <csignal>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/text/json.h"
#include "places.h"
#include "tests/app/run_in_process.h"
#include "tests/support/kills.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::robust_test {
namespace {
const std::string kProgram = CAMBIUM_BINARY_DIR "/cambium";

class Robust : public ::testing::Test {
 protected:
  Robust() {
    replace_file(path("s.yaml"), test::markov_spec("{batch: 8, steps: 6, log_every: 1}"));
  }

  std::string path(const std::string& name) const { return folder_.path(name); }

  std::string output() const { return read_file(path("out")); }

  Process start(const std::vector<std::string>& args) const {
    return start_process(kProgram, args, path("out"));
  }

  int run(const std::vector<std::string>& args) const {
    Process child = start(args);
    child.wait();
    return child.exit_code();
  }

  // Under a limit in bytes: `flag` of ulimit.
  int run_under(const std::string& flag, int64_t bytes,
                const std::vector<std::string>& args) const {
    std::vector<std::string> words = {
        "-c", str("ulimit -c 0; ulimit ", flag, " ", bytes / 1024, "; exec \"$0\" \"$@\""),
        kProgram};
    words.insert(words.end(), args.begin(), args.end());
    Process child = start_process("/bin/bash", words, path("out"));
    child.wait();
    return child.exit_code();
  }

  static void wait_for(const std::string& file) {
    for (int i = 0; i < 6000 && (!file_exists(file) || read_file(file).empty()); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }

  void expect_said(const std::string& text) const {
    EXPECT_NE(output().find(text), std::string::npos) << output();
  }

  test::TempFolder folder_;
};

TEST_F(Robust, ASecondTrainerOfARunIsRefusedWithTheFirstOnesProcess) {
  const std::vector<std::string> train = {"train",    path("s.yaml"), "--run",
                                          path("r"),  "--set",        "train.steps=1000000",
                                          "--resume", "--threads",    "1"};
  make_folders(path("r"));
  Process first = start_process(kProgram, train, path("first"));
  wait_for(path("r/log.jsonl"));
  EXPECT_EQ(run(train), 1);
  expect_said(str("error: '", path("r"), "' is in use by process "));
  expect_said("cambium train");
  expect_said("help: wait until it ends or stop it");
}

// The study is told to stop by no signal at all: it is killed, and so are its trainers.
TEST_F(Robust, TrainersDieWithTheirStudy) {
  replace_file(path("study.yaml"),
               "base: s.yaml\nvariants: {base: {}, wide: {model.0.embed: 12}}\n"
               "budget: {steps: 1000000}\nseeds: 1\nmetric: {val.loss: min}\n");
  {
    const Process study =
        start({"compare", path("study.yaml"), "-o", path("study"), "--jobs", "2"});
    wait_for(path("study/runs/base-s0/log.jsonl"));
    EXPECT_FALSE(kills::processes_with(path("study/runs/")).empty());
  }
  for (int i = 0; i < 200 && !kills::processes_with(path("study/runs/")).empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(kills::processes_with(path("study/runs/")).empty());
}

TEST_F(Robust, DamagedWeightsAreTold) {
  ASSERT_EQ(run({"train", path("s.yaml"), "--run", path("r"), "--set", "train.checkpoint_every=3",
                 "--set", "train.eval_every=3"}),
            0)
      << output();
  std::ofstream(path("r/checkpoints/step-6.safetensors"), std::ios::app) << "x";
  const test::Ran text = test::run_words({"eval", path("r"), "--last"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_NE(text.out.find("weights of step 3: the file of the last ones is damaged"),
            std::string::npos)
      << text.out;
  const Json json = parse_json(test::run_words({"eval", path("r"), "--last", "--json"}).out, "out");
  EXPECT_EQ(json["step"], 3);
  EXPECT_EQ(json["fell_back"], true);
  // The best weights have a file of their own.
  const Json best = parse_json(test::run_words({"eval", path("r"), "--json"}).out, "out");
  EXPECT_EQ(best["fell_back"], false);
}

// Patterns with ? and * are plain words in a list of their own lines, and no words inside brackets.
TEST_F(Robust, ARunsOwnSpecIsReadBack) {
  replace_file(path("p.yaml"),
               test::markov_spec("\n  optimizer:\n    muon:\n      lr: 1e-3\n      adamw:\n"
                                 "        - embed?\n        - pos*\n  batch: 8\n  steps: 2"));
  ASSERT_EQ(run({"train", path("p.yaml"), "--run", path("r")}), 0) << output();
  const test::Ran ran = test::run_words({"eval", path("r")});
  EXPECT_EQ(ran.code, 0) << ran.err;
}

// The first cause, not that of the last word about it.
TEST_F(Robust, AFullDiskNamesTheCheckpointAndMarksTheRun) {
  const int code =
      run_under("-f", 4096, {"train", path("s.yaml"), "--run", path("r"), "--progress", "none"});
  EXPECT_EQ(code, 2);
  expect_said(".safetensors': File too large");
  expect_said("help: raise the limit on file sizes");
  const Json run = load_json(path("r/run.json"));
  EXPECT_EQ(run["status"], "failed");
  EXPECT_EQ(run["cause"], "disk");
}

// A disk without room is no result: when there is room again, the list is that of a search that
// never ran out of it.
TEST_F(Robust, AFullDiskEndsASearchAndNoTrial) {
  replace_file(path("s.yaml"),
               "data: {markov_text: {symbols: 6, order: 1, context: 8, train: 64, val: 16}}\n"
               "model: [{embed: 8}, {ffn: {width: $width}}, {linear: $classes}]\n"
               "vars: {width: 64}\ntrain: {batch: 8, steps: 2}\n");
  replace_file(
      path("search.yaml"),
      "base: s.yaml\nspace: {vars.width: [16, 40000, 8, 32]}\nobjectives: {val.loss: min}\n"
      "search: {method: grid, trials: 4, lag: 1}\n");
  const auto search = [&](const std::string& to, const std::string& jobs) {
    return std::vector<std::string>{"search", path("search.yaml"), "-o", path(to), "--jobs", jobs};
  };
  ASSERT_EQ(run(search("roomy", "1")), 0) << output();
  for (const char* jobs : {"1", "2"}) {
    std::filesystem::remove_all(path("full"));
    EXPECT_EQ(run_under("-f", 2 << 20, search("full", jobs)), 2) << output();
    expect_said("error: 'runs/trial-1' could not go on: cannot write ");
    expect_said("help: mend that; the same command then goes on where this one ended");
    EXPECT_EQ(run(search("full", jobs)), 0) << output();
    EXPECT_EQ(read_file(path("full/trials.csv")), read_file(path("roomy/trials.csv")));
  }
}

TEST_F(Robust, ASignalEndsACommandThatBuilds) {
  replace_file(path("deep.yaml"),
               "data: {markov_text: {symbols: 6, order: 1, context: 12, train: 64}}\n"
               "model:\n  - embed: 8\n  - repeat: 1000\n"
               "    body: [{residual: [{norm: layer}, {linear: 8}]}, {residual: [{linear: 8}]}]\n"
               "  - linear: $classes\ntrain: {steps: 2}\n");
  Process check = start({"check", path("deep.yaml")});
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  const auto begin = std::chrono::steady_clock::now();
  check.interrupt();
  check.wait();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  EXPECT_EQ(check.exit_code(), 130) << output();
}

TEST_F(Robust, NamesOfVariantsAreFolders) {
  for (const char* name : {"\"a\\nb\"", "\"\\e[31m\"", "../a", "-rf", "\"a:b\"", "\" a\""}) {
    replace_file(path("study.yaml"), str("base: s.yaml\nvariants: {", name, ": {}}\n"));
    const test::Ran ran = test::run_words({"check", path("study.yaml")});
    EXPECT_EQ(ran.code, 1);
    EXPECT_NE(ran.err.find("cannot name a variant"), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("help: it becomes the name of a folder"), std::string::npos);
    EXPECT_EQ(ran.err.find('\x1b'), std::string::npos);
  }
  replace_file(path("study.yaml"),
               "base: s.yaml\nvariants: {base: {}, \"h\xc3\xbc"
               "bsch v1.2 (a=3)\": {}}\n");
  EXPECT_EQ(test::run_words({"check", path("study.yaml")}).code, 0);
}

TEST_F(Robust, NothingOfAUsersTextReachesTheTerminalUnescaped) {
  std::ostringstream out, err;
  {
    Terminal t(out, err, {.live = true});
    t.print("a\x1b[31mb\tc\n");
    t.note("a\x1b[31mb");
    t.status("a\x1b[31mb");
  }
  EXPECT_EQ(out.str(), "a\\x1b[31mb\tc\n");
  EXPECT_EQ(err.str().find("\x1b[31m"), std::string::npos) << err.str();
}

TEST_F(Robust, ALogThatDoesNotParseIsAnErrorOfTheReport) {
  replace_file(path("study.yaml"), "base: s.yaml\nvariants: {base: {}}\nseeds: 1\n");
  ASSERT_EQ(run({"compare", path("study.yaml"), "-o", path("study")}), 0) << output();
  const std::string log = path("study/runs/base-s0/log.jsonl");
  std::string text = read_file(log);
  text.insert(text.find('\n') + 1, std::string(8, '\0') + "\n");
  replace_file(log, text);
  const test::Ran ran = test::run_words({"report", path("study")});
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.err.find(log + ":2:1: error: this line of the log is no JSON"), std::string::npos)
      << ran.err;
}

// Whatever the limit, a message of memory or a finished run: no crash, no blame on ourselves.
TEST_F(Robust, SlowEveryLimitOnAddressesEndsInAMessage) {
#if __SANITIZE_ADDRESS__ || __SANITIZE_THREAD__
  GTEST_SKIP() << "sanitizers reserve more addresses than any limit here";
#endif
  int finished = 0, refused = 0;
  for (int64_t megabytes = 60; megabytes <= 260; megabytes += 8) {
    std::filesystem::remove_all(path("r"));
    const int code = run_under("-v", megabytes << 20,
                               {"train", path("s.yaml"), "--run", path("r"), "--threads", "2"});
    ++(code == 0 ? finished : refused);
    if (code == 0) continue;
    const std::string said = output();
    const bool loader = code == 127 && said.find("shared object") != std::string::npos;
    EXPECT_TRUE(code == 2 || loader) << megabytes << " MB: " << code << "\n" << said;
    EXPECT_TRUE(loader || said.find("help: ") != std::string::npos) << said;
  }
  EXPECT_GT(finished, 0);
  EXPECT_GT(refused, 0);
}

TEST_F(Robust, SlowKilledRunsAndStudiesLeaveTheSameBytes) {
  replace_file(path("long.yaml"),
               test::markov_spec("{batch: 8, steps: 4000, eval_every: 200, log_every: 5, "
                                 "checkpoint_every: 40, ema: 0.9}"));
  replace_file(path("study.yaml"),
               "base: long.yaml\nvariants: {base: {}, wide: {model.0.embed: 12}}\n"
               "budget: {steps: 2000}\nseeds: 2\nmetric: {val.loss: min}\n");
  const auto train = [&](const std::string& to) {
    make_folders(to);  // what is to be resumed must be there
    return std::vector<std::string>{"train",    path("long.yaml"), "--run", to,
                                    "--resume", "--threads",       "1"};
  };
  const auto compare = [&](const std::string& to) {
    return std::vector<std::string>{"compare", path("study.yaml"), "-o", to, "--jobs", "2"};
  };
  ASSERT_EQ(run(train(path("run_whole"))), 0) << output();
  ASSERT_EQ(run(compare(path("study_whole"))), 0) << output();
  const kills::Outcome a = kills::kill_and_compare(kProgram, train(path("run")), path("run"),
                                                   path("run_whole"), 12, 200, 3, false);
  const kills::Outcome b = kills::kill_and_compare(kProgram, compare(path("study")), path("study"),
                                                   path("study_whole"), 10, 600, 4, true);
  for (const kills::Outcome& o : {a, b}) {
    EXPECT_TRUE(o.done && o.equal) << o.difference;
    EXPECT_EQ(o.orphans, 0);
    EXPECT_EQ(o.zero_bytes, 0);
    EXPECT_GE(o.kills, 2) << "the work was too short to be killed in the middle";
  }
}
}  // namespace
}  // namespace cambium::robust_test
