// The scheduler with the program itself as its trainers.
#include "places.h"
#include "tests/support/best_goes_on.h"
#include "tests/support/one_thread.h"

namespace cambium::scheduler_process_test {
namespace {
TEST(SchedulerProcesses, TheBestOfThreeGoesOnToTheLongerRunsBits) {
  const test::TempFolder folder;
  const test::OneThread one_thread;
  test::BestGoesOn source(folder, 20);
  EXPECT_FALSE(execute_runs(
      source,
      {.program = CAMBIUM_BINARY_DIR "/cambium", .jobs = 2, .stop = {}, .metric = "val.loss"}));
  source.expect_the_longer_run();
  EXPECT_LE(source.most, 2u);
}
}  // namespace
}  // namespace cambium::scheduler_process_test
