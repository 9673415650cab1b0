// Absurd sizes of every whole-number option of `train:`, of every optimizer, schedule and loss:
// refused with a place, or planned at once.
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/spent.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::sizes_test {
namespace {
// Opens the tiny experiment with this train section, and counts its step.
void plan(const test::TempFolder& folder, const std::string& train) {
  const test::Spent spent;
  try {
    const Experiment e = test::open_text(folder, test::markov_spec(train));
    EXPECT_GE(e.total_steps(), 1) << train;
    EXPECT_GE(e.batches_per_epoch(), 1) << train;
    EXPECT_GE(step_cost(e).flops_per_step, 0) << train;
    for (const int64_t step : {int64_t{1}, e.total_steps()})
      EXPECT_GE(e.train.lr(step, e.total_steps()), 0);
  } catch (const UserError& e) {
    EXPECT_TRUE(e.mark.known()) << train << ": " << e.what();
  }
  EXPECT_LT(spent.seconds(), test::kMostSeconds) << train;
  EXPECT_LT(spent.megabytes(), test::kMostMegabytes) << train;
}

int64_t plan_all(const std::vector<FieldInfo>& fields,
                 const std::function<std::string(const std::string& option)>& train) {
  const test::TempFolder folder;
  int64_t cases = 0;
  for (const FieldInfo& f : fields)
    if (f.type == "whole number")
      for (const int64_t value : test::kHostileSizes) {
        plan(folder, train(str(f.name, ": ", value)));
        ++cases;
      }
  return cases;
}

TEST(TrainSizes, AreRefusedOrPlannedAtOnce) {
  EXPECT_GT(plan_all(describe_fields<TrainOptions>(),
                     [](const std::string& option) { return str("{", option, "}"); }),
            70);
}

template <class Record>
int64_t plan_records(std::span<const Record* const> records, std::string_view key) {
  int64_t cases = 0;
  for (const Record* r : records)
    cases += plan_all(r->attrs.describe(), [&](const std::string& option) {
      return str("{", key, ": {", r->name, ": {", option, "}}}");
    });
  return cases;
}

TEST(TrainSizes, OfOptimizersAndSchedulesAreRefusedOrPlannedAtOnce) {
  EXPECT_GT(plan_records(builtin_optimizers(), "optimizer"), 0);
  EXPECT_GT(plan_records(builtin_schedules(), "schedule"), 0);
  plan_records(builtin_losses(), "loss");
}

TEST(TrainSizes, ThatNoMachineHoldsAreRefusedBeforeAKernelIsBuilt) {
  const test::TempFolder folder;
  const Experiment e =
      test::open_text(folder, test::markov_spec("{batch: 16777216}"),
                      {"model.1.residual.1.ffn.expand=64", "data.markov_text.train=1000000000"});
  const test::Spent spent;
  Engine engine;
  const auto error = test::error_of<RuntimeError>([&] { compile_plans(e, engine); });
  EXPECT_TRUE(std::string_view(error.what()).starts_with("training needs ")) << error.what();
  EXPECT_LT(spent.megabytes(), 50);
}
}  // namespace
}  // namespace cambium::sizes_test
