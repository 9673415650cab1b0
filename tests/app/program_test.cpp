// The program as a process: exit codes, signals, and a whole study.
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include "core/system/files.h"
#include "core/text/json.h"
#include "places.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::program_test {
namespace {
class Program : public ::testing::Test {
 protected:
  Program() {
    replace_file(path("s.yaml"), test::markov_spec("{batch: 8, steps: 6, log_every: 1}"));
  }

  std::string path(const std::string& name) const { return folder_.path(name); }

  pid_t start(std::vector<std::string> args, const std::string& output = "") {
    args.insert(args.begin(), CAMBIUM_BINARY_DIR "/cambium");
    std::vector<char*> argv;
    for (std::string& a : args) argv.push_back(a.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const std::string out = output.empty() ? path("out") : output, err = path("err");
    posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    pid_t pid = -1;
    EXPECT_EQ(::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
  }

  static int code_of(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  int run(std::vector<std::string> args, const std::string& output = "") {
    return code_of(start(std::move(args), output));
  }

  std::string err() const { return read_file(path("err")); }

  // Waits until a file has grown, for at most a minute.
  static void wait_for(const std::string& file) {
    for (int i = 0; i < 6000 && (!file_exists(file) || read_file(file).empty()); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }

  test::TempFolder folder_;
};

TEST_F(Program, ExitCodesSayWhoIsToBlame) {
  EXPECT_EQ(run({"check", path("s.yaml")}), 0);
  EXPECT_EQ(run({"check", path("t.yaml")}), 1);
  EXPECT_EQ(run({"graph", path("s.yaml"), "-o", "/nowhere/x.dot"}), 2);
  EXPECT_EQ(run({"check", path("s.yaml"), "--sett", "a=1"}), 64);
  EXPECT_EQ(run({"chekc", path("s.yaml")}), 64);
  EXPECT_EQ(run({"check"}), 64);
}

TEST_F(Program, AnAnswerThatCannotBeWrittenExitsWith2) {
  EXPECT_EQ(run({"blocks"}, "/dev/full"), 2);
  EXPECT_NE(err().find("the answer cannot be written"), std::string::npos) << err();
}

TEST_F(Program, ModelsAndStudiesAreToldApart) {
  replace_file(path("study.yaml"), "base: s.yaml\nvariants: {a: {}}\n");
  EXPECT_EQ(run({"train", path("study.yaml")}), 1);
  EXPECT_NE(err().find("cambium compare " + path("study.yaml")), std::string::npos) << err();
  EXPECT_EQ(run({"compare", path("s.yaml")}), 1);
  EXPECT_NE(err().find("cambium train " + path("s.yaml")), std::string::npos) << err();
}

TEST_F(Program, ShowAndGraphTakeARun) {
  ASSERT_EQ(run({"train", path("s.yaml"), "--run", path("r")}), 0) << err();
  EXPECT_EQ(run({"show", path("r")}), 0) << err();
  EXPECT_EQ(run({"graph", path("r")}), 0) << err();
  EXPECT_EQ(run({"show", path("")}), 1);
  EXPECT_NE(err().find("holds no run"), std::string::npos) << err();
}

// An instruction set without bf16, which oneDNN can be told to keep to on any machine.
TEST_F(Program, Bf16WithoutItsInstructionsExitsWith2) {
  ::setenv("ONEDNN_MAX_CPU_ISA", "AVX2", 1);
  const int code = run({"train", path("s.yaml"), "--run", path("r"), "--set", "precision=bf16"});
  ::unsetenv("ONEDNN_MAX_CPU_ISA");
  EXPECT_EQ(code, 2);
  EXPECT_NE(err().find("this machine has no bf16 products"), std::string::npos) << err();
  EXPECT_NE(err().find("help: use precision: f32"), std::string::npos) << err();
}

TEST_F(Program, ANanNamesItsPlaceAndExitsWith2) {
  EXPECT_EQ(run({"train", path("s.yaml"), "--run", path("r"), "--set", "train.steps=40", "--set",
                 "train.optimizer={sgd: {lr: 1e30}}"}),
            2);
  EXPECT_NE(err().find(path("s.yaml:")), std::string::npos) << err();
}

// Threads that spin while others work take fifty times as long as one.
TEST_F(Program, ThreadsSleepWhereOthersAreAtWork) {
  const char* const before = std::getenv("OMP_WAIT_POLICY");
  const std::string policy = before ? before : "";
  ::unsetenv("OMP_WAIT_POLICY");
  ::setenv("OMP_DISPLAY_ENV", "verbose", 1);
  std::atomic<bool> enough = false;
  std::vector<std::thread> others;
  for (unsigned i = 0; i < 2 * std::thread::hardware_concurrency(); ++i)
    others.emplace_back([&] {
      while (!enough) std::this_thread::yield();
    });
  make_folders(path("r"));
  const auto spins = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words = {"train", path("s.yaml"), "--run", path("r"), "--resume"};
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_EQ(run(words), 0) << err();
    const std::string said = err(), name = "GOMP_SPINCOUNT = '";
    return std::stod("0" + said.substr(said.rfind(name) + name.size()));
  };
  EXPECT_EQ(spins({}), 0);
  EXPECT_GT(spins({"--threads", "1"}), 0) << "it waits for nobody";
  ::setenv("OMP_WAIT_POLICY", "active", 1);
  EXPECT_GT(spins({}), 0) << "as the user says";
  enough = true;
  for (std::thread& t : others) t.join();
  ::unsetenv("OMP_DISPLAY_ENV");
  ::unsetenv("OMP_WAIT_POLICY");
  if (before) ::setenv("OMP_WAIT_POLICY", policy.c_str(), 1);
}

TEST_F(Program, TheFirstSignalSavesAndResumeGoesOn) {
  const std::vector<std::string> train = {"train",   path("s.yaml"), "--run",
                                          path("r"), "--set",        "train.steps=1000000"};
  const pid_t pid = start(train);
  wait_for(path("r/log.jsonl"));
  ::kill(pid, SIGINT);
  EXPECT_EQ(code_of(pid), 130) << err();
  EXPECT_TRUE(file_exists(path("r/checkpoints/index.json")));
  std::vector<std::string> again = train;
  again.push_back("--resume");
  const pid_t second = start(again);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  ::kill(second, SIGTERM);
  EXPECT_EQ(code_of(second), 130) << err();
}

TEST_F(Program, ComparesAStudyAndReportsIt) {
  replace_file(path("study.yaml"),
               "base: s.yaml\nvariants: {base: {}, wide: {model.0.embed: 12}}\n"
               "budget: {steps: 6}\nseeds: 2\nmetric: {val.loss: min}\n");
  ASSERT_EQ(run({"compare", path("study.yaml"), "-o", path("study"), "--json"}), 0) << err();
  const Json summary = load_json(path("out"));
  ASSERT_EQ(summary["rows"].size(), 2u);
  EXPECT_EQ(summary["rows"][0]["n"].get<int>(), 2);
  EXPECT_EQ(summary["rows"][1]["claim"], "cannot tell");
  EXPECT_TRUE(summary["verdict"][0].get<std::string>().starts_with(
      "Cannot tell wide from base: 2 seeds finished in both, and a claim takes 3."))
      << summary["verdict"][0];
  const std::string page = read_file(path("study/report.html"));
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(run({"report", path("study"), "-o", path("again.html")}), 0);
  EXPECT_EQ(read_file(path("again.html")), page);
  ASSERT_EQ(run({"compare", path("study.yaml"), "-o", path("study"), "--set", "seeds=1"}), 1);
  EXPECT_NE(err().find("1 finished seed (1) that the study now leaves out"), std::string::npos);
  EXPECT_EQ(run({"report", path("stduy")}), 1);
  EXPECT_NE(err().find("did you mean '" + path("study") + "'?"), std::string::npos) << err();
}

// Trials without results: what was chosen is shown, and less is said to be less.
TEST_F(Program, ATunedFolderHasAPageAndOneThatHasOnlyBegunSaysSo) {
  replace_file(
      path("t.yaml"),
      "base: s.yaml\ntune: {space: {train.batch: [4, 8]}, trials: 2}\nbudget: {steps: 4}\n");
  ASSERT_EQ(run({"tune", path("t.yaml"), "-o", path("t")}), 0) << err();
  const std::string page = read_file(path("t/report.html"));
  EXPECT_NE(page.find("train.batch"), std::string::npos);
  EXPECT_EQ(run({"report", path("t"), "-o", path("again.html")}), 0) << err();
  EXPECT_EQ(read_file(path("again.html")), page);
  std::filesystem::remove(path("t/tuning.json"));
  EXPECT_EQ(run({"report", path("t")}), 1);
  EXPECT_NE(err().find("' holds the study 't', which has no results yet: 2 of its 2 trials so far"),
            std::string::npos)
      << err();
}

TEST_F(Program, GenerateBeginsWithASymbolTheModelKnows) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "abcdefgh";
  replace_file(path("abc.txt"), text);
  replace_file(
      path("text.yaml"),
      str("data: {text_chars: {path: ", path("abc.txt"), ", context: 8, floor_order: 0}}\n",
          "model: [{embed: 8}, {linear: $classes}]\n", "train: {batch: 4, steps: 2}\n"));
  ASSERT_EQ(run({"train", path("text.yaml"), "--run", path("r")}), 0) << err();
  ASSERT_EQ(run({"generate", path("r"), "--count", "5"}), 0) << err();
  EXPECT_TRUE(read_file(path("out")).starts_with("a")) << read_file(path("out"));
}
}  // namespace
}  // namespace cambium::program_test
