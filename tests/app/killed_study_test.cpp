// Kill -9 at any instant of a study, of trainers and of the process that leads them: the list of
// its trials becomes, byte for byte, that of a study that nobody disturbed.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>

#include "core/rng.h"
#include "core/system/clock.h"
#include "core/system/files.h"
#include "core/system/process.h"
#include "places.h"
#include "search/store/trial_store.h"
#include "tests/support/data/test_data.h"

namespace cambium::killed_study_test {
namespace {
const char* const kModel = R"(vars: {dim: 16}
data: {markov_text: {symbols: 6, order: 1, context: 16, train: 256, val: 64, test: 64}}
model: [{embed: $dim}, {repeat: 2, pattern: F, F: {residual: [{norm: rms}, {ffn: {expand: 2}}]}}, {linear: $classes}]
train: {batch: 8, steps: 20, log_every: 50, checkpoint_every: 100, optimizer: {adamw: {lr: 1e-2}}}
)";

struct Case {
  const char *command, *study;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.command;
}

const Case kCases[] = {{"compare", R"(base: model.yaml
variants: {plain: {}, wide: {model.1.pattern: FF}}
tune:
  space: {train.optimizer.adamw.lr: {log: [1e-4, 1e-1]}, vars.dim: [8, 16, 32]}
  method: tpe
  trials: 9
  rungs: {keep: 1/3}
budget: {steps: 15000}
seeds: 2
metric: {val.loss: min}
)"},
                       {"search", R"(base: model.yaml
space: {vars.dim: [8, 16, 24, 32], train.optimizer.adamw.lr: {log: [1e-4, 1e-1]}}
objectives: {val.loss: min, flops: min}
budget: {steps: 40000}
search: {method: {nsga2: {population: 4}}, trials: 12, lag: 4, rungs: {keep: 1/3}}
)"}};

std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Processes that train below the folder.
std::vector<pid_t> trainers_in(const std::string& folder) {
  std::vector<pid_t> out;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != pid.npos) continue;
    const std::string words = text_of_file(entry.path() / "cmdline");
    const size_t train = words.find(std::string("\0train\0", 7));
    if (train != words.npos && words.find(folder, train) != words.npos)
      out.push_back(std::stoi(pid));
  }
  return out;
}

class SlowKilledStudy : public testing::TestWithParam<Case> {
 protected:
  SlowKilledStudy() {
    replace_file(folder_.path("model.yaml"), kModel);
    replace_file(folder_.path("study.yaml"), GetParam().study);
  }

  Process start(const std::string& out) {
    return start_process(CAMBIUM_BINARY_DIR "/cambium",
                         {GetParam().command, folder_.path("study.yaml"), "-o", folder_.path(out),
                          "--jobs", "2", "--progress", "none"},
                         folder_.path(out + ".txt"));
  }

  std::string list(const std::string& out) { return TrialStore::view(folder_.path(out)).dump(); }

  const test::TempFolder folder_;
};

TEST_P(SlowKilledStudy, HasTheListOfAnUndisturbedOne) {
  const Stopwatch watch;
  Process whole = start("whole");
  whole.wait();
  // On a slow machine a trainer that is always killed before it could save would be given up.
  const double slow = std::max(1.0, watch.seconds() / 8);
  ASSERT_EQ(whole.exit_code(), 0) << text_of_file(folder_.path("whole.txt"));
  const std::string killed = folder_.path("killed");
  Random random(3);
  int parents = 0, trainers = 0;
  for (int64_t tries = 0; parents + trainers < 20 && tries < 200; ++tries) {
    Process study = start("killed");
    while (parents + trainers < 20) {
      std::this_thread::sleep_for(
          std::chrono::milliseconds(int64_t(slow * (60 + random.below(400)))));
      if (study.ended()) break;
      const std::vector<pid_t> training = trainers_in(killed);
      if (random.below(2) == 0 || training.empty()) break;
      trainers += ::kill(training[random.below(uint32_t(training.size()))], SIGKILL) == 0;
    }
    if (study.ended()) break;  // it was too fast for twenty
    study.kill();
    ++parents;
  }
  EXPECT_GE(parents, 3);
  EXPECT_GE(trainers, 2);
  Process last = start("killed");
  last.wait();
  EXPECT_EQ(last.exit_code(), 0) << text_of_file(folder_.path("killed.txt"));
  EXPECT_EQ(list("killed"), list("whole"));
}

INSTANTIATE_TEST_SUITE_P(Commands, SlowKilledStudy, testing::ValuesIn(kCases),
                         [](const auto& i) { return i.param.command; });
}  // namespace
}  // namespace cambium::killed_study_test
