#include <cmath>

#include <gtest/gtest.h>

#include "graph/run/executor.h"
#include "ops/ops.h"
#include "ops/support/dnnl.h"
#include "train/spec/optim.h"

namespace cambium::optimizer_test {
namespace {
// One parameter w [2] = (1, 1) with decay and one b [1] = 2 without, under constant gradients.
class OneOptimizer {
 public:
  OneOptimizer(std::string_view name, const Args& args) {
    for (const Optimizer* o : builtin_optimizers())
      if (o->name == name) build(*o, o->attrs.parse(args, nullptr));
  }

  // Takes updates 1 .. n and answers w[0] and b.
  std::pair<double, double> after(int64_t n, float lr, float scale = 1) {
    for (int64_t step = 1; step <= n; ++step) {
      put("lr", lr);
      put("scale", scale);
      put("step", step);
      executor_->run();
    }
    return {store_.at("w").f32()[0], store_.at("b").f32()[0]};
  }

  double second_weight() { return store_.at("w").f32()[1]; }

 private:
  template <class T> void put(std::string_view name, T value) {
    std::memcpy(executor_->input(name).data(), &value, sizeof value);
  }

  Value constant(Graph& g, Shape shape, std::initializer_list<float> values) {
    auto t = std::make_shared<Tensor>(DType::kF32, shape);
    std::ranges::copy(values, t->f32().begin());
    return g.constant(std::shared_ptr<const Tensor>(t));
  }

  void build(const Optimizer& o, const Attrs& attrs) {
    Graph g(builtin_ops());
    const std::vector<Value> params = {
        g.parameter("w", {2}, {.init = {Init::kConstant, 1}}),
        g.parameter("b", {1}, {.init = {Init::kConstant, 2}, .decay = false})};
    const std::vector<Value> gradients = {constant(g, {2}, {0.5, -0.5}), constant(g, {1}, {2})};
    ScopeGuard guard(g, {.path = "optimizer", .phase = Phase::kUpdate});
    const Value lr = g.input("lr", {DType::kF32, {}}), scale = g.input("scale", {DType::kF32, {}});
    o.emit(attrs, g, {params, gradients, lr, scale, g.input("step", {DType::kI64, {}})});
    plan_ = std::make_unique<Plan>(compile(std::move(g), engine_));
    store_.add(*plan_, 0);
    executor_ = std::make_unique<Executor>(*plan_, store_);
  }

  Engine engine_;
  std::unique_ptr<Plan> plan_;
  Store store_;
  std::unique_ptr<Executor> executor_;
};

TEST(Sgd, StepsAlongTheGradient) {
  const auto [w, b] = OneOptimizer("sgd", {}).after(1, 0.1f);
  EXPECT_NEAR(w, 1 - 0.1 * 0.5, 1e-6);
  EXPECT_NEAR(b, 2 - 0.1 * 2, 1e-6);
}

TEST(Sgd, DecaysOnlyWhereDecayApplies) {
  const auto [w, b] = OneOptimizer("sgd", {{"weight_decay", 0.2}}).after(1, 0.1f);
  EXPECT_NEAR(w, 1 - 0.1 * (0.5 + 0.2), 1e-6);
  EXPECT_NEAR(b, 1.8, 1e-6);
}

TEST(Sgd, MomentumSumsDirections) {
  const auto [w, b] = OneOptimizer("sgd", {{"momentum", 0.9}}).after(2, 0.1f);
  EXPECT_NEAR(w, 1 - 0.1 * 0.5 - 0.1 * (0.9 * 0.5 + 0.5), 1e-6);
}

TEST(Sgd, NesterovLooksAhead) {
  const auto [w, b] = OneOptimizer("sgd", {{"momentum", 0.9}, {"nesterov", true}}).after(1, 0.1f);
  EXPECT_NEAR(w, 1 - 0.1 * (0.5 + 0.9 * 0.5), 1e-6);
}

TEST(Sgd, ScaleMultipliesTheGradientBeforeDecay) {
  const auto [w, b] = OneOptimizer("sgd", {{"weight_decay", 0.2}}).after(1, 0.1f, 0.5f);
  EXPECT_NEAR(w, 1 - 0.1 * (0.25 + 0.2), 1e-6);
}

// Under a constant gradient both corrected moments are exact: a step is lr * sign.
TEST(Adam, StepsByTheRateUnderAConstantGradient) {
  const auto [w, b] = OneOptimizer("adam", {}).after(3, 0.01f);
  EXPECT_NEAR(w, 1 - 3 * 0.01, 1e-6);
  EXPECT_NEAR(b, 2 - 3 * 0.01, 1e-6);
}

// w[1] has gradient -0.5: a decay of 1 makes it +0.5 and turns the step around.
TEST(Adam, DecayEntersTheMoments) {
  OneOptimizer plain("adam", {}), decayed("adam", {{"weight_decay", 1.0}});
  plain.after(1, 0.01f);
  decayed.after(1, 0.01f);
  EXPECT_NEAR(plain.second_weight(), 1.01, 1e-6);
  EXPECT_NEAR(decayed.second_weight(), 0.99, 1e-6);
}

TEST(AdamW, DecayShrinksWeightsApartFromTheStep) {
  const auto [w, b] = OneOptimizer("adamw", {{"weight_decay", 0.5}}).after(1, 0.01f);
  EXPECT_NEAR(w, 1 * (1 - 0.01 * 0.5) - 0.01, 1e-6);
  EXPECT_NEAR(b, 2 - 0.01, 1e-6);
}
}  // namespace
}  // namespace cambium::optimizer_test
