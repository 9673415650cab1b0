// A run on every dataset, in the small form that tests have of it, stops and resumes bit for bit.
#include "tests/support/data/small_data.h"
#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::every_dataset_run_test {
namespace {
class EveryDatasetRun : public testing::TestWithParam<const DatasetKind*> {
 protected:
  Experiment open() const {
    const std::string options = test::small_data(GetParam()->name, folder_);
    const std::string data = str("{", GetParam()->name, ": ", options, "}");
    const DataShape shape = test::open_example(data)->shape(1);
    const std::string_view loss = shape.target_kind() == TargetKind::kValues      ? "mse"
                                  : shape.target_kind() == TargetKind::kSequences ? "ctc"
                                                                                  : "cross_entropy";
    return test::open_text(
        folder_, str("data: ", data, "\n", test::small_model(shape), "train: {loss: ", loss,
                     ", batch: ", shape.one_graph ? 1 : 5,
                     ", steps: 11, eval_every: 4, checkpoint_every: 3, seed: 2}\n"));
  }

  const test::TempFolder folder_;
  test::OneThread one_thread_;
};

TEST_P(EveryDatasetRun, ResumesBitForBit) {
  const Experiment e = open();
  test::Remember progress;
  const RunResult a = run_training(e, {.folder = folder_.path("a")}, progress);
  const auto stop_after = [](int steps) {
    return [left = steps]() mutable { return --left <= 0; };
  };
  for (const int steps : {2, 5})
    run_training(e, {.folder = folder_.path("b"), .resume = true, .stop = stop_after(steps)},
                 progress);
  const RunResult b = run_training(e, {.folder = folder_.path("b"), .resume = true}, progress);
  EXPECT_EQ(a.test, b.test);
  EXPECT_EQ(read_file(folder_.path("a/log.jsonl")), read_file(folder_.path("b/log.jsonl")));
  EXPECT_EQ(read_file(folder_.path("a/checkpoints/step-11.safetensors")),
            read_file(folder_.path("b/checkpoints/step-11.safetensors")));
}

INSTANTIATE_TEST_SUITE_P(All, EveryDatasetRun,
                         testing::ValuesIn(builtin_datasets().begin(), builtin_datasets().end()),
                         [](const auto& info) { return std::string(info.param->name); });
}  // namespace
}  // namespace cambium::every_dataset_run_test
