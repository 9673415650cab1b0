// The plans of a run: what they say of their kernels.
#include "train/graphs/plans.h"

#include <gtest/gtest.h>

#include "tests/support/tiny_experiment.h"

namespace cambium::test::plans_test {
namespace {
TEST(SlowKernels, AreTheLargeOnesThatRunPlainLoops) {
  const TempFolder folder;
  const Experiment e = open_text(folder, markov_spec("{batch: 64, steps: 1}"));
  Engine engine;
  Plan plan = compile_plans(e, engine).step;
  EXPECT_EQ(slow_kernels(plan), std::vector<std::string>{});
  const auto bytes = [](const PlanStep& step) {
    int64_t sum = 0;
    for (const auto* slots : {&step.in, &step.out})
      for (const Slot& slot : *slots) sum += slot.type.bytes();
    return sum;
  };
  int large = 0, small = 0;
  for (PlanStep& step : plan.steps) {
    step.kernel.impl = "ref:any";
    ++(bytes(step) > 65536 ? large : small);
  }
  ASSERT_GT(large, 0);
  ASSERT_GT(small, 0);
  const std::vector<std::string> slow = slow_kernels(plan);
  EXPECT_EQ(int(slow.size()), large);
  EXPECT_NE(slow[0].find(" (ref:any, "), std::string::npos) << slow[0];
}
}  // namespace
}  // namespace cambium::test::plans_test
