// A head on scored rows alone is the same loss and the same gradients; macro accuracy; stop_at.
#include <cmath>

#include "tests/support/expect_error.h"
#include "tests/support/tiny_experiment.h"
#include "train/graphs/step_graph.h"
#include "train/run/session.h"

namespace cambium::scored_head_test {
namespace {
using test::count_ops;
using test::open_text;
using test::Remember;
using test::TempFolder;

// Many symbols, few of 32 positions scored: 2 x 8 of 8 x 32 rows.
std::string mqar_spec(const std::string& head, const std::string& train = "{batch: 8, steps: 3}") {
  return "data: {mqar: {vocab: 5000, length: 32, pairs: 2, train: 64, val: 16, test: 16}}\n"
         "model:\n  - {embed: 16, name: tokens}\n"
         "  - residual: [{attention: {heads: 2, causal: true}}]\n  - " +
         head + "\ntrain: " + train + "\n";
}

// Hides what the data promises about its targets.
class Unpromising : public Dataset {
 public:
  explicit Unpromising(std::shared_ptr<const Dataset> data) : data_(std::move(data)) {}

  DataShape shape(int64_t batch) const override {
    DataShape s = data_->shape(batch);
    s.most_scored = 0;
    return s;
  }

  int64_t count(Split split) const override { return data_->count(split); }

  void read(Split split, std::span<const int64_t> indices, uint64_t epoch_seed,
            Batch& into) const override {
    data_->read(split, indices, epoch_seed, into);
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override { return data_->vars(); }

  uint64_t content() const override { return data_->content(); }

  std::string describe() const override { return data_->describe(); }

 private:
  std::shared_ptr<const Dataset> data_;
};

class ScoredHead : public ::testing::TestWithParam<const char*> {};

TEST_P(ScoredHead, TrainsLikeTheWholeHead) {
  const TempFolder folder;
  const Experiment few = open_text(folder, mqar_spec(GetParam()));
  const Experiment all = open_experiment(few.spec, std::make_shared<Unpromising>(few.data));
  EXPECT_EQ(count_ops(step_of(few).training, "scored_rows"), 1);
  EXPECT_EQ(count_ops(step_of(all).training, "scored_rows"), 0);
  Session a(few, INT64_MAX), b(all, INT64_MAX);
  a.start(0);
  b.start(0);
  for (int64_t step = 1; step <= 3; ++step) {
    const StepOutcome x = a.step(step), y = b.step(step);
    EXPECT_NEAR(x.loss, y.loss, 1e-5 * y.loss);
    EXPECT_NEAR(x.grad_norm, y.grad_norm, 1e-4 * y.grad_norm);
  }
  const Metrics m = a.evaluate_on(Split::kValidation, 0), n = b.evaluate_on(Split::kValidation, 0);
  EXPECT_EQ(m.scored, n.scored);
  EXPECT_NEAR(m.loss, n.loss, 1e-5 * n.loss);
  EXPECT_EQ(m.accuracy, n.accuracy);
}

INSTANTIATE_TEST_SUITE_P(Heads, ScoredHead,
                         ::testing::Values("linear: $vocab", "linear: {width: $vocab, bias: false}",
                                           "linear: {tie: tokens}"));

TEST(ScoredHeads, CostLess) {
  const TempFolder folder;
  const Experiment few = open_text(folder, mqar_spec("linear: $vocab"));
  const Experiment all = open_experiment(few.spec, std::make_shared<Unpromising>(few.data));
  EXPECT_LT(step_cost(few).flops_per_step, 0.5 * step_cost(all).flops_per_step);
}

TEST(ScoredHeads, OtherEndsOfAModelAreLeftAlone) {
  const TempFolder folder;
  const Experiment e = open_text(folder, mqar_spec("linear: {width: $vocab, activation: tanh}"));
  EXPECT_EQ(count_ops(step_of(e).training, "scored_rows"), 0);
}

TEST(MacroAccuracy, IsTheMeanOverClassesThatOccur) {
  // Class 0: 3 of 4 right; 1: 0 of 1; 2: answered but never asked for; 3: absent.
  const std::vector<double> counts = {3, 0, 0, 0, 4, 1, 0, 0, 3, 1, 1, 0};
  EXPECT_DOUBLE_EQ(macro_accuracy(counts), (0.75 + 0 + 0) / 3);
  EXPECT_EQ(macro_accuracy(std::vector<double>(12, 0.0)), 0);
}

TEST(MacroAccuracy, IsWhatEvaluationReports) {
  const TempFolder folder;
  const Experiment micro = open_text(folder, test::markov_spec("{batch: 8, steps: 20}"));
  const Experiment macro =
      open_text(folder, test::markov_spec("{batch: 8, steps: 20, accuracy: macro}"));
  Remember a, b;
  run_training(micro, {}, a);
  run_training(macro, {}, b);
  ASSERT_EQ(a.evaluations.size(), b.evaluations.size());
  EXPECT_EQ(a.evaluations.back().metrics.loss, b.evaluations.back().metrics.loss);
  EXPECT_NE(a.evaluations.back().metrics.accuracy, b.evaluations.back().metrics.accuracy);
}

TEST(StopAt, EndsARunThatIsGoodEnough) {
  const TempFolder folder;
  const Experiment e =
      open_text(folder, test::markov_spec("{batch: 8, steps: 500, eval_every: 10, stop_at: 0.25}"));
  Remember seen;
  const RunResult r = run_training(e, {}, seen);
  EXPECT_TRUE(r.done);
  EXPECT_TRUE(r.test.has_value());
  EXPECT_LT(r.state.step, 500);
  EXPECT_GE(seen.evaluations.back().metrics.accuracy, 0.25);
  for (size_t i = 0; i + 1 < seen.evaluations.size(); ++i)
    EXPECT_LT(seen.evaluations[i].metrics.accuracy, 0.25);
}
}  // namespace
}  // namespace cambium::scored_head_test
