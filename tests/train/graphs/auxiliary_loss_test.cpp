// What blocks add to the training loss moves weights and leaves the reported loss alone.
#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::auxiliary_loss_test {
namespace {
struct Outcome {
  double loss;
  std::vector<float> router, expert;
};

Outcome one_step(const test::TempFolder& folder, const char* balance, const char* batches) {
  std::string text =
      test::markov_spec(str("{", batches, ", steps: 1, seed: 3, optimizer: {sgd: {lr: 0.1}}}"));
  const size_t at = text.find("{ffn");
  text.replace(at, text.find("}}", at) + 2 - at,
               str("{moe: {experts: 4, top_k: 1, expand: 2, balance: ", balance, "}}"));
  const Experiment e = test::open_text(folder, text);
  test::Remember seen;
  const std::string run = folder.path(str(balance, batches));
  run_training(e, {.folder = run}, seen);
  const auto tensors = load_checkpoint(run).tensors;
  const auto numbers = [&](const char* name) {
    const auto all = tensors.at(name).f32();
    return std::vector<float>(all.begin(), all.end());
  };
  return {seen.losses[0], numbers("residual.moe.router.weight"),
          numbers("residual.moe.down.weight")};
}

TEST(AuxiliaryLoss, MovesTheRouterAndIsNotReported) {
  const test::TempFolder folder;
  const test::OneThread one_thread;
  const Outcome plain = one_step(folder, "0", "batch: 8"), more = one_step(folder, "5", "batch: 8");
  EXPECT_EQ(plain.loss, more.loss);
  EXPECT_EQ(plain.expert, more.expert);
  EXPECT_NE(plain.router, more.router);
}

TEST(AuxiliaryLoss, CountsInEveryAccumulatedBatch) {
  const test::TempFolder folder;
  const test::OneThread one_thread;
  const Outcome plain = one_step(folder, "0", "batch: 4, accumulate: 2"),
                more = one_step(folder, "5", "batch: 4, accumulate: 2");
  EXPECT_NEAR(plain.loss, more.loss, 1e-9);
  EXPECT_NE(plain.router, more.router);
}
}  // namespace
}  // namespace cambium::auxiliary_loss_test
