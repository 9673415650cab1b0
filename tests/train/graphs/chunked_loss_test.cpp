// A loss that is taken some rows at a time: the same numbers in less memory; when it is, and who
// may not ask for it.
#include "tests/support/expect_error.h"
#include "tests/support/machine/needs_bf16.h"
#include "tests/support/tiny_experiment.h"
#include "train/graphs/pipeline.h"
#include "train/graphs/plans.h"
#include "train/run/session.h"

namespace cambium::chunked_loss_test {
namespace {
using test::count_ops;
using test::open_text;
using test::TempFolder;

// 24 x 8 rows of `vocab` logits.
std::string spec(int64_t vocab, const std::string& head, const std::string& train,
                 const std::string& precision = "f32") {
  return str("data: {random_tokens: {vocab: ", vocab,
             ", context: 8, train: 48, val: 24, test: 24}}", "\nprecision: ", precision,
             "\nmodel:\n  - {embed: 16, name: tokens}\n  - ", head, "\ntrain: {batch: 24, steps: 3",
             train, "}\n");
}

struct Case {
  const char *head, *train, *precision;
  double tolerance;  // relative, of losses
};

class ChunkedLoss : public ::testing::TestWithParam<Case> {};

TEST_P(ChunkedLoss, TrainsLikeTheWholeLoss) {
  const auto [head, train, precision, tolerance] = GetParam();
  if (std::string_view(precision) == "bf16") CAMBIUM_NEEDS_BF16;
  const TempFolder folder;
  const Experiment whole = open_text(folder, spec(300, head, train, precision));
  const Experiment parts =
      open_text(folder, spec(300, head, str(train, ", loss_rows: 40"), precision));
  EXPECT_EQ(count_ops(step_of(whole).training, "linear_cross_entropy"), 0);
  EXPECT_EQ(count_ops(step_of(parts).training, "linear_cross_entropy"), 1);
  EXPECT_EQ(count_ops(optimised(parts, step_of(parts)), "cross_entropy"), 0);
  Session a(whole, INT64_MAX), b(parts, INT64_MAX);
  a.start(0);
  b.start(0);
  for (int64_t step = 1; step <= 3; ++step) {
    const StepOutcome x = a.step(step), y = b.step(step);
    EXPECT_NEAR(x.loss, y.loss, tolerance * x.loss);
    EXPECT_NEAR(x.grad_norm, y.grad_norm, 10 * tolerance * x.grad_norm);
  }
  const Metrics m = a.evaluate_on(Split::kValidation, 0), n = b.evaluate_on(Split::kValidation, 0);
  EXPECT_EQ(m.scored, n.scored);
  EXPECT_NEAR(m.loss, n.loss, tolerance * m.loss);
  EXPECT_NEAR(m.accuracy, n.accuracy, 0.02);
}

INSTANTIATE_TEST_SUITE_P(
    Heads, ChunkedLoss,
    ::testing::Values(Case{"linear: $vocab", "", "f32", 1e-5},
                      Case{"linear: {width: $vocab, bias: false}",
                           ", label_smoothing: 0.1, z_loss: 0.001", "f32", 1e-5},
                      Case{"linear: {tie: tokens}", ", accumulate: 2", "f32", 1e-5},
                      Case{"linear: $vocab", "", "bf16", 2e-3}));

TEST(ChunkedLosses, HoldAPartOfTheLogits) {
  const TempFolder folder;
  // 512 rows of 40,000 logits are 82 MB.
  const std::string text =
      "data: {random_tokens: {vocab: 40000, context: 32, train: 16, val: 16, test: 16}}\n"
      "model: [{embed: 8, name: tokens}, linear: {tie: tokens}]\n"
      "train: {batch: 16, steps: 1, loss_rows: ";
  Engine engine;
  const auto bytes = [&](int64_t rows) {
    const Experiment e = open_text(folder, str(text, rows, "}\n"));
    return memory_need(e, compile_plans(e, engine)).batch_bytes;
  };
  const int64_t whole = bytes(1000), chosen = bytes(0), few = bytes(64);
  EXPECT_GT(whole, 512 * 40000 * 4);
  EXPECT_LT(chosen, 0.7 * double(whole));
  EXPECT_LT(few, 0.5 * double(chosen));
}

std::string error_of_spec(const std::string& head, const std::string& train) {
  const TempFolder folder;
  const UserError e =
      test::error_of<UserError>([&] { step_of(open_text(folder, spec(300, head, train))); });
  return test::text_of(e) + "; " + e.help;
}

TEST(ChunkedLosses, SayWhatDoesNotAllowThem) {
  EXPECT_EQ(error_of_spec("linear: $vocab", ", loss_rows: 40, accuracy: macro"),
            "6:41: loss_rows = 40 is not possible: accuracy: macro counts over all logits; leave "
            "loss_rows out");
  EXPECT_EQ(error_of_spec("linear: {width: $vocab, activation: tanh}", ", loss_rows: 40"),
            "6:41: loss_rows = 40 is not possible: the model does not end in a linear block "
            "without activation; leave loss_rows out");
}
}  // namespace
}  // namespace cambium::chunked_loss_test
