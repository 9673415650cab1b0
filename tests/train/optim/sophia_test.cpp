// Sophia: what its curvature is, when it is estimated, and what that costs.
#include <cmath>

#include <gtest/gtest.h>

#include "core/rng.h"
#include "tests/support/expect_error.h"
#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"
#include "train/graphs/step_graph.h"

namespace cambium::test::sophia_test {
namespace {
constexpr int64_t kRows = 5, kPixels = 4, kClasses = 3;

// One softmax layer on small pictures, whose last row is not scored, with beta2 = 0: after a draw
// the state is the estimate itself.
class OneLayer {
 public:
  OneLayer() {
    const Experiment e = open_text(
        folder_,
        "data: {random_images: {height: 2, width: 2, channels: 1, classes: 3, train: 8, val: 4,"
        " test: 4}}\n"
        "model: [flatten, {linear: $classes}]\n"
        "train: {optimizer: {sophia: {beta2: 0}}, batch: 5, steps: 1}\n");
    plan_ = std::make_unique<Plan>(compile(step_of(e).curvature->clone(), engine_));
    store_.add(*plan_, 0);
    executor_ = std::make_unique<Executor>(*plan_, store_);
    Random random(3);
    for (Tensor* t : {&x_, &store_.at("linear.weight"), &store_.at("linear.bias")})
      for (float& v : t->f32()) v = float(random.normal());
    executor_->set_input("x", x_);
    Tensor target(DType::kI32, Shape{kRows});
    for (int64_t r = 0; r < kRows; ++r)
      target.i32()[size_t(r)] = r + 1 < kRows ? int32_t(r % kClasses) : -1;
    executor_->set_input("target", target);
  }

  // The mean estimate over draws: weights [kPixels,kClasses], then biases.
  std::vector<double> mean_estimate(int64_t draws) {
    std::vector<double> sum(size_t((kPixels + 1) * kClasses));
    for (int64_t k = 1; k <= draws; ++k) {
      const int64_t rng[2] = {11, k};
      std::memcpy(executor_->input("rng").data(), rng, sizeof rng);
      executor_->run();
      size_t i = 0;
      for (const char* name : {"sophia.h.linear.weight", "sophia.h.linear.bias"})
        for (float h : store_.at(name).f32()) sum[i++] += double(h) / double(draws);
    }
    return sum;
  }

  // The same from the formula: the mean over scored rows of x_c^2 p_v (1 - p_v).
  std::vector<double> diagonal() {
    std::vector<double> out(size_t((kPixels + 1) * kClasses));
    for (int64_t r = 0; r + 1 < kRows; ++r) {
      const std::vector<double> p = probabilities(r);
      for (int64_t c = 0; c <= kPixels; ++c)
        for (int64_t v = 0; v < kClasses; ++v)
          out[size_t(c * kClasses + v)] +=
              std::pow(input(r, c), 2) * p[size_t(v)] * (1 - p[size_t(v)]) / double(kRows - 1);
    }
    return out;
  }

 private:
  double input(int64_t r, int64_t c) {
    return c < kPixels ? double(x_.f32()[size_t(r * kPixels + c)]) : 1.0;
  }

  std::vector<double> probabilities(int64_t r) {
    std::vector<double> p(kClasses);
    double total = 0;
    for (int64_t v = 0; v < kClasses; ++v) {
      double z = store_.at("linear.bias").f32()[size_t(v)];
      for (int64_t c = 0; c < kPixels; ++c)
        z += input(r, c) * double(store_.at("linear.weight").f32()[size_t(c * kClasses + v)]);
      total += p[size_t(v)] = std::exp(z);
    }
    for (double& q : p) q /= total;
    return p;
  }

  TempFolder folder_;
  OneThread one_thread_;
  Engine engine_;
  std::unique_ptr<Plan> plan_;
  Store store_;
  std::unique_ptr<Executor> executor_;
  Tensor x_{DType::kF32, Shape{kRows, 2, 2, 1}};
};

TEST(Sophia, EstimatesTheDiagonalOfTheGaussNewtonMatrix) {
  OneLayer layer;
  const std::vector<double> got = layer.mean_estimate(20'000), want = layer.diagonal();
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 0.04 * want[i]) << i;
}

Experiment markov(const TempFolder& folder, const std::string& more) {
  return open_text(folder, markov_spec("{batch: 8, seed: 3, " + more + "}"));
}

TEST(Sophia, EstimatesAtTheFirstStepAndEveryNthFromThere) {
  const TempFolder folder;
  const Experiment e = markov(folder, "optimizer: {sophia: {every: 3}}, steps: 4");
  std::vector<bool> due;
  for (int64_t step = 1; step <= 7; ++step) due.push_back(estimates_curvature(e, step));
  EXPECT_EQ(due, (std::vector<bool>{true, false, false, true, false, false, true}));
  EXPECT_FALSE(estimates_curvature(markov(folder, "optimizer: adamw, steps: 4"), 1));
}

std::vector<float> curvature_after(int64_t steps) {
  const TempFolder folder;
  const Experiment e = markov(folder, str("optimizer: {sophia: {every: 3}}, steps: ", steps));
  Remember progress;
  run_training(e, {.folder = folder.path("run")}, progress);
  const auto tensors = load_checkpoint(folder.path("run")).tensors;
  const std::span<const float> h = tensors.at("sophia.h.linear.weight").f32();
  return {h.begin(), h.end()};
}

TEST(Sophia, KeepsTheCurvatureBetweenEstimates) {
  EXPECT_GT(std::ranges::max(curvature_after(1)), 0);
  EXPECT_EQ(curvature_after(1), curvature_after(3));
  EXPECT_NE(curvature_after(3), curvature_after(4));
}

// Estimates at steps 1, 3, 5 ...; stopped after 4, once with two batches a step.
TEST(Sophia, ResumesBitForBitAcrossEstimates) {
  for (const char* more : {"accumulate: 1", "accumulate: 2"}) {
    const TempFolder folder;
    const Experiment e =
        markov(folder, str("optimizer: {sophia: {every: 2}}, steps: 9, ema: 0.9, ", more));
    Remember progress;
    const RunResult a = run_training(e, {.folder = folder.path("a")}, progress);
    const auto stop = [left = 4]() mutable { return --left <= 0; };
    run_training(e, {.folder = folder.path("b"), .stop = stop}, progress);
    const RunResult b = run_training(e, {.folder = folder.path("b"), .resume = true}, progress);
    EXPECT_EQ(a.test, b.test);
    EXPECT_EQ(read_file(folder.path("a/checkpoints/step-9.safetensors")),
              read_file(folder.path("b/checkpoints/step-9.safetensors")));
  }
}

TEST(Sophia, EstimatesMoveNothingButTheCurvature) {
  const TempFolder folder;
  const Experiment e = open_text(
      folder,
      "data: {random_images: {height: 4, width: 4, channels: 1, classes: 3, train: 8, val: 4,"
      " test: 4}}\n"
      "model: [{conv2d: {width: 4, kernel: 3, norm: batch}}, pool, {linear: $classes}]\n"
      "train: {optimizer: sophia, batch: 4, steps: 1}\n");
  const Graph& g = *step_of(e).curvature;
  EXPECT_FALSE(g.updates.empty());
  for (const Update& u : g.updates)
    EXPECT_TRUE(g.node(u.node).scope.path.starts_with("sophia.h.")) << g.node(u.node).scope.path;
}

TEST(Sophia, MemoryAndCostsCountTheSecondPlan) {
  const TempFolder folder;
  const Experiment with = markov(folder, "optimizer: {sophia: {every: 4}}, steps: 4"),
                   without = markov(folder, "optimizer: adamw, steps: 4");
  Engine engine;
  const TrainPlans plans = compile_plans(with, engine), adamw = compile_plans(without, engine);
  ASSERT_TRUE(plans.curvature);
  EXPECT_FALSE(adamw.curvature);
  const MemoryNeed need = memory_need(with, plans), plain = memory_need(without, adamw);
  EXPECT_EQ(need.store_bytes, plain.store_bytes);  // two states a parameter, as Adam's
  EXPECT_GE(need.batch_bytes, plain.batch_bytes + plans.curvature->memory.input_bytes);
  const double more = step_cost(with).flops_per_step / step_cost(without).flops_per_step;
  EXPECT_GT(more, 1.15);
  EXPECT_LT(more, 1.35);
}

TEST(Sophia, StopsBeforeACurvatureThatIsNotFinite) {
  const TempFolder folder;
  const Experiment e =
      markov(folder, "optimizer: {sophia: {lr: 1e30, every: 1}}, steps: 9, schedule: constant");
  Remember progress;
  const auto error =
      error_of<RuntimeError>([&] { run_training(e, {.folder = folder.path("run")}, progress); });
  EXPECT_NE(std::string(error.what()).find("step 2"), std::string::npos) << error.what();
}
}  // namespace
}  // namespace cambium::test::sophia_test
