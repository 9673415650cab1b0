// The memory that is foretold and the memory that is used, of every config that trains here.
#include <filesystem>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/system/files.h"
#include "core/text/json.h"
#include "ops/support/bf16.h"
#include "places.h"
#include "tests/support/data/config_data.h"

namespace cambium::memory_test {
namespace {
int run_quietly(std::vector<std::string> args, const std::string& out) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    std::vector<char*> words;
    for (std::string& a : args) words.push_back(a.data());
    words.push_back(nullptr);
    const int to = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::dup2(to, 1);
    ::dup2(to, 2);
    ::execv(words[0], words.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Trains two steps; where VmHWM ends and what had been foretold, in bytes.
struct Memory {
  double used = 0, foretold = 0;
};

Memory train(const std::string& spec, const std::vector<std::string>& set, const std::string& run) {
  std::vector<std::string> args = {CAMBIUM_BINARY_DIR "/cambium", "train", spec, "--run", run};
  args.insert(args.end(), {"--progress", "none", "--threads", "2"});
  for (const std::string& s : set) args.insert(args.end(), {"--set", s});
  const std::string out = run + ".out";
  EXPECT_EQ(run_quietly(args, out), 0) << read_file(out);
  const Json j = load_json(run + "/run.json");
  return {j["peak_rss_bytes"], j["predicted_bytes"]};
}

std::vector<std::string> model_files() {
  std::vector<std::string> files;
  for (const auto& f : std::filesystem::directory_iterator(CAMBIUM_SOURCE_DIR "/configs/models"))
    if (f.path().extension() == ".yaml") files.push_back(f.path().string());
  std::ranges::sort(files);
  return files;
}

class SlowPredictedMemory : public testing::TestWithParam<std::string> {};

// Never too little; at most 2 % too much, or 2.5 MiB of a process below 125 MiB: which pages of
// code a model first uses in a step, and what the heap still has, differ by more than 2 % of the
// small.
constexpr double kTooMuch = 0.02, kOfTheSmall = 2.5 * 1024 * 1024;

// Before AVX-512 oneDNN takes tiles of its own for each product: nothing for small ones, up to 4 MB
// a thread over the configs (lstm_lm), where 0.6 are foretold.
struct Tiles {
  double most = has_bf16_products() ? 0 : 8.0e6, foretold = has_bf16_products() ? 0 : 1.2e6;
};

void expect_foretold(const Memory& m) {
  const Tiles tiles;
  EXPECT_GE(m.foretold + tiles.most, m.used);
  EXPECT_LE(m.foretold, m.used + std::max(kTooMuch * m.used, kOfTheSmall) + tiles.foretold);
}

// Noise is as good to measure on when less of it is asked: the largest models take minutes over 64.
void ask_less_noise(const Spec& spec, std::vector<std::string>& set) {
  for (const std::string kind : {"random_images", "random_tokens"})
    for (const char* part : {".val=8", ".test=8"})
      if (spec.section("data")->find(kind)) set.push_back(str("data.", kind, part));
}

TEST_P(SlowPredictedMemory, IsWhatTrainingTakes) {
  const Spec spec = load_spec(GetParam());
  auto set = test::data_overrides(spec);
  if (!set) return;
  set->insert(set->end(), {"train.steps=2", "train.eval_every=2", "train.eval_batches=1",
                           "train.accumulate=1"});
  ask_less_noise(spec, *set);
  const test::TempFolder folder;
  expect_foretold(train(GetParam(), *set, folder.path("run")));
}

INSTANTIATE_TEST_SUITE_P(Models, SlowPredictedMemory, testing::ValuesIn(model_files()),
                         [](const testing::TestParamInfo<std::string>& info) {
                           return std::filesystem::path(info.param).stem().string();
                         });

TEST(PredictedMemory, CountsTheEdgesThatAnAdapterMakes) {
  const test::TempFolder folder;
  replace_file(
      folder.path("s.yaml"),
      "data: {random_tokens: {vocab: 16, context: 128, classes: 2, train: 128, val: 64, "
      "test: 64}}\n"
      "model: [{embed: 4}, {tokens_to_graph: full}, gcn, {pool: mean}, {linear: $classes}]\n"
      "train: {steps: 2, batch: 64, eval_batches: 1}\n");
  expect_foretold(train(folder.path("s.yaml"), {}, folder.path("run")));
}
}  // namespace
}  // namespace cambium::memory_test
