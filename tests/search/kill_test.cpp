// Kill -9 at any instant during training: no unreadable checkpoint, an equal loss curve.
#include <chrono>
#include <cstdlib>
#include <thread>

#include <signal.h>

#include "core/rng.h"
#include "core/system/parallel.h"
#include "core/system/process.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::kill_test {
namespace {
const char* const kFolderVariable = "CAMBIUM_KILL_TEST_FOLDER";

// One thread: on a busy machine, waiting threads would make tiny steps slow.
Experiment endless(const std::string& folder) {
  set_thread_count(1);
  return open_experiment(load_spec(folder + "/spec.yaml"));
}

// Not a test of its own: what the process that gets killed does.
TEST(SlowKilledRun, DISABLED_Trains) {
  const char* folder = std::getenv(kFolderVariable);
  ASSERT_NE(folder, nullptr);
  Progress silent;
  run_training(endless(folder), {.folder = std::string(folder) + "/killed", .resume = true},
               silent);
}

TEST(SlowKilledRun, GoesOnToTheSameBytes) {
  const test::TempFolder folder;
  test::open_text(folder,
                  test::markov_spec("{batch: 8, steps: 24000, eval_every: 600, log_every: 5,"
                                    " checkpoint_every: 50, seed: 5}"));
  ::setenv(kFolderVariable, folder.path().c_str(), 1);
  const std::string run = folder.path("killed");
  Random random(1);
  int cut_short = 0;
  for (int kill = 0; kill < 20; ++kill) {
    Process child = start_process(
        "/proc/self/exe",
        {"--gtest_filter=SlowKilledRun.DISABLED_Trains", "--gtest_also_run_disabled_tests"},
        folder.path("output.txt"));
    std::this_thread::sleep_for(std::chrono::milliseconds(60 + random.below(120)));
    cut_short += !child.ended();
    { const Process dies = std::move(child); }  // kill -9
    if (has_checkpoint(run)) {
      EXPECT_NO_THROW(EXPECT_FALSE(load_checkpoint(run).fell_back)) << "kill " << kill;
    }
  }
  EXPECT_GE(cut_short, 10) << "the run was too short to be killed in the middle";
  Progress silent;
  const Experiment e = endless(folder.path());
  run_training(e, {.folder = run, .resume = true}, silent);
  run_training(e, {.folder = folder.path("whole")}, silent);
  EXPECT_EQ(read_file(run + "/log.jsonl"), read_file(folder.path("whole/log.jsonl")));
}
}  // namespace
}  // namespace cambium::kill_test
