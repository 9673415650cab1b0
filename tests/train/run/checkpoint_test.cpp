#include "train/run/checkpoint.h"

#include <fstream>

#include "core/system/files.h"
#include "core/text/json.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::checkpoint_test {
namespace {
using test::error_of;
using test::TempFolder;

// A run's tensors at some step: w holds the step's number.
struct Weights {
  Tensor w{DType::kF32, {3}};
  NamedTensors named{{"w", &w}};

  explicit Weights(float value) {
    for (float& x : w.f32()) x = value;
  }
};

RunState state_at(int64_t step) {
  RunState s{.step = step, .examples = 8 * step, .loss_sum = 0.1, .loss_count = 3};
  s.best = BestEvaluation{step / 2, {1.0 / 3, 0.25, 100}};
  s.evaluated = {0.7, 0.5, 100};
  s.machine = "here";
  s.spec_hash = 0xfedcba9876543210u;
  return s;
}

void save(const std::string& run, int64_t step) {
  const int64_t best_step = step / 2;
  const Weights now{float(step)}, best{float(best_step)};
  save_checkpoint(run, state_at(step), now.named, best.named);
}

void damage(const std::string& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-1, std::ios::end);
  file.put('\x5a');
}

size_t files_in(const std::string& folder) {
  return size_t(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(Checkpoint, ComesBackBitForBit) {
  const TempFolder run;
  EXPECT_FALSE(has_checkpoint(run.path()));
  save(run.path(), 10);
  const Checkpoint c = load_checkpoint(run.path());
  EXPECT_EQ(to_json(c.state), to_json(state_at(10)));
  EXPECT_EQ(c.state.loss_sum, 0.1);
  EXPECT_EQ(c.tensors.at("w").f32()[2], 10);
  EXPECT_EQ(c.best.at("w").f32()[0], 5);
  EXPECT_FALSE(c.fell_back);
}

TEST(Checkpoint, KeepsTheLastTwo) {
  const TempFolder run;
  for (int64_t step : {10, 20, 30}) save(run.path(), step);
  EXPECT_EQ(load_checkpoint(run.path()).state.step, 30);
  EXPECT_EQ(files_in(run.path("checkpoints")), 7u);  // two of (state, tensors, best), one index
}

TEST(Checkpoint, FallsBackWhenTheNewestIsDamaged) {
  for (const char* file : {"step-20.safetensors", "step-20.json", "best-10.safetensors"}) {
    const TempFolder run;
    save(run.path(), 10);
    save(run.path(), 20);
    damage(run.path(str("checkpoints/", file)));
    const Checkpoint c = load_checkpoint(run.path());
    EXPECT_TRUE(c.fell_back) << file;
    EXPECT_EQ(c.state.step, 10) << file;
    EXPECT_EQ(c.tensors.at("w").f32()[0], 10) << file;
  }
}

TEST(Checkpoint, ReplacesADamagedOneOfTheSameStep) {
  const TempFolder run;
  save(run.path(), 10);
  save(run.path(), 20);
  damage(run.path("checkpoints/step-20.safetensors"));
  save(run.path(), 20);
  const Checkpoint c = load_checkpoint(run.path());
  EXPECT_FALSE(c.fell_back);
  EXPECT_EQ(c.state.step, 20);
}

TEST(Checkpoint, IsRefusedWhenEveryCopyIsDamaged) {
  const TempFolder run;
  save(run.path(), 10);
  damage(run.path("checkpoints/step-10.safetensors"));
  const auto e = error_of<RuntimeError>([&] { load_checkpoint(run.path()); });
  EXPECT_NE(std::string(e.what()).find("step-10.safetensors' is damaged"), std::string::npos);
}

TEST(Checkpoint, IsRefusedWhenItsFileIsMissing) {
  const TempFolder run;
  save(run.path(), 10);
  std::filesystem::remove(run.path("checkpoints/step-10.safetensors"));
  const auto e = error_of<RuntimeError>([&] { load_checkpoint(run.path()); });
  EXPECT_NE(std::string(e.what()).find("is missing"), std::string::npos);
}

TEST(Checkpoint, IgnoresFilesThatNoIndexNames) {
  const TempFolder run;
  save(run.path(), 10);
  replace_file(run.path("checkpoints/step-99.safetensors"), "half a file of a killed run");
  EXPECT_EQ(load_checkpoint(run.path()).state.step, 10);
  save(run.path(), 20);
  EXPECT_FALSE(file_exists(run.path("checkpoints/step-99.safetensors")));
}

TEST(Checkpoint, RefusesAnIndexThatLeavesTheFolder) {
  const TempFolder run;
  save(run.path(), 10);
  std::string index = read_file(run.path("checkpoints/index.json"));
  const std::string name = "step-10.safetensors";
  index.replace(index.find(name), name.size(), "../../secret");
  replace_file(run.path("checkpoints/index.json"), index);
  const auto e = error_of<RuntimeError>([&] { load_checkpoint(run.path()); });
  EXPECT_NE(std::string(e.what()).find("../../secret"), std::string::npos);
}

TEST(Checkpoint, GivesWeightsAlone) {
  const TempFolder run;
  save(run.path(), 10);
  EXPECT_EQ(load_weights(run.path(), false).tensors.at("w").f32()[0], 10);
  EXPECT_EQ(load_weights(run.path(), true).tensors.at("w").f32()[0], 5);
}

TEST(Checkpoint, OfARunWithoutOneIsAnError) {
  const TempFolder run;
  const auto e = error_of<RuntimeError>([&] { load_checkpoint(run.path()); });
  EXPECT_NE(std::string(e.what()).find("holds no checkpoint"), std::string::npos);
}

TEST(RunState, WithAKeyMissingIsRefused) {
  Json j = to_json(state_at(3));
  j.erase("examples");
  const auto e = error_of([&] { run_state_from(j); });
  EXPECT_NE(std::string(e.what()).find("examples"), std::string::npos);
}
}  // namespace
}  // namespace cambium::checkpoint_test
