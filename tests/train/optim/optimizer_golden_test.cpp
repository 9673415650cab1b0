// Every optimizer, step by step, against the numbers of tests/golden/optimizers.txt.
#include <cmath>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "core/yaml/expr.h"
#include "graph/run/executor.h"
#include "ops/ops.h"
#include "ops/support/dnnl.h"
#include "places.h"
#include "train/spec/optim.h"

namespace cambium::optimizer_golden_test {
namespace {
struct Case {
  std::string name, options;
  std::vector<std::vector<double>> steps;  // w and b after each step
};

std::vector<Case> read_cases() {
  std::ifstream in(CAMBIUM_SOURCE_DIR "/tests/golden/optimizers.txt");
  std::vector<Case> cases;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#")) continue;
    if (!line.starts_with("  ")) {
      const size_t space = line.find(' ');
      cases.push_back({line.substr(0, space), line.substr(space + 1), {}});
      continue;
    }
    std::istringstream numbers(line);
    std::vector<double> row;
    for (double x = 0; numbers >> x;) row.push_back(x);
    cases.back().steps.push_back(row);
  }
  return cases;
}

const Optimizer& optimizer_named(std::string_view name) {
  for (const Optimizer* o : builtin_optimizers())
    if (o->name == name) return *o;
  throw std::logic_error(str("no optimizer is called ", name));
}

// A graph with the parameters of the problem and their gradients as inputs.
struct Tensors {
  Graph g{builtin_ops()};
  std::vector<Value> parameters = {g.parameter("w", {3, 4}, {}),
                                   g.parameter("b", {3}, {.decay = false})};
  std::vector<Value> gradients = {g.input("dw", {DType::kF32, {3, 4}}),
                                  g.input("db", {DType::kF32, {3}})};
};

// The problem that the header of the golden file describes.
class Problem {
 public:
  explicit Problem(const Case& c) {
    const Optimizer& o = optimizer_named(c.name);
    const Yaml options = parse_yaml(c.options, "golden");
    const Attrs attrs = o.attrs.parse(evaluate_entries(options.entries, Vars{}, nullptr), nullptr);
    Tensors t;
    {
      ScopeGuard guard(t.g, {.path = "optimizer", .phase = Phase::kUpdate});
      const Value lr = t.g.input("lr", {DType::kF32, {}}),
                  step = t.g.input("step", {DType::kI64, {}});
      // Half of a doubled gradient: `scale` comes before everything else.
      o.emit(attrs, t.g, {t.parameters, t.gradients, lr, t.g.scalar(0.5), step});
    }
    executor_ = bind(std::move(t.g), plan_);
    if (o.curvature) {
      Tensors c;
      ScopeGuard guard(c.g, {.path = "optimizer", .phase = Phase::kUpdate});
      o.curvature->emit(attrs, c.g, {c.parameters, c.gradients, c.g.scalar(3)});
      every_ = o.curvature->every(attrs);
      curvature_ = bind(std::move(c.g), curvature_plan_);
    }
    for (size_t i = 0; i < 12; ++i) store_.at("w").f32()[i] = float(std::cos(double(i)));
    for (size_t k = 0; k < 3; ++k) store_.at("b").f32()[k] = float(0.5 * std::sin(1.0 + double(k)));
  }

  std::vector<double> after(int64_t t) {
    const auto time = double(t);
    std::vector<float> dw(12), db(3);
    for (size_t i = 0; i < 12; ++i)
      dw[i] = float(2 * std::sin(1 + double(i) + 0.7 * time) * (1 + 0.5 * std::cos(time)) +
                    std::cos(double(i / 4 * (i % 4)) + time));
    for (size_t k = 0; k < 3; ++k) db[k] = float(2 * std::cos(double(k) + 0.3 * time));
    const float lr = 0.05f;
    for (Executor* executor :
         {(t - 1) % every_ == 0 ? curvature_.get() : nullptr, executor_.get()}) {
      if (!executor) continue;
      put(*executor, "dw", std::span<const float>(dw));
      put(*executor, "db", std::span<const float>(db));
      put(*executor, "lr", std::span<const float>(&lr, 1));
      put(*executor, "step", std::span<const int64_t>(&t, 1));
      executor->run();
    }
    std::vector<double> out;
    for (const char* name : {"w", "b"})
      for (float x : store_.at(name).f32()) out.push_back(x);
    return out;
  }

 private:
  std::unique_ptr<Executor> bind(Graph g, std::unique_ptr<Plan>& plan) {
    plan = std::make_unique<Plan>(compile(std::move(g), engine_));
    store_.add(*plan, 0);
    return std::make_unique<Executor>(*plan, store_);
  }

  template <class T>
  static void put(Executor& to, std::string_view name, std::span<const T> values) {
    if (to.has_input(name)) std::memcpy(to.input(name).data(), values.data(), values.size_bytes());
  }

  Engine engine_;
  std::unique_ptr<Plan> plan_, curvature_plan_;
  Store store_;
  std::unique_ptr<Executor> executor_, curvature_;
  int64_t every_ = 1;  // steps from one estimate of the curvature to the next
};

TEST(OptimizerGolden, EveryStepIsThePublishedOne) {
  for (const Case& c : read_cases()) {
    SCOPED_TRACE(c.name + " " + c.options);
    Problem problem(c);
    ASSERT_EQ(c.steps.size(), 8u);
    for (size_t t = 0; t < c.steps.size(); ++t) {
      const std::vector<double> got = problem.after(int64_t(t + 1));
      ASSERT_EQ(got.size(), c.steps[t].size());
      for (size_t i = 0; i < got.size(); ++i)
        ASSERT_NEAR(got[i], c.steps[t][i], 5e-6) << "element " << i << " after step " << t + 1;
    }
  }
}

TEST(OptimizerGolden, CoversEveryOptimizer) {
  const std::vector<Case> cases = read_cases();
  for (const Optimizer* o : builtin_optimizers())
    EXPECT_GT(std::ranges::count(cases, o->name, &Case::name), 0) << o->name;
}
}  // namespace
}  // namespace cambium::optimizer_golden_test
