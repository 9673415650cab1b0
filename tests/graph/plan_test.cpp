// Plans and the executor: same numbers as the interpreter, shared memory, no allocation, halves of
// a step.
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include "core/rng.h"
#include "core/tensor/bf16.h"
#include "graph/passes/passes.h"
#include "graph/run/executor.h"
#include "ops/ops.h"
#include "ops/support/dnnl.h"

// Counts every allocation of the program, so that a test can say that a step makes none. The
// sanitizer has an allocator of its own, which must see both ends of a block: no count there.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kCountsAllocations = false;
static std::atomic<int64_t> allocations{0};
#else
constexpr bool kCountsAllocations = true;
static std::atomic<int64_t> allocations{0};

void* operator new(size_t bytes) {
  ++allocations;
  if (void* p = std::malloc(bytes ? bytes : 1)) return p;
  throw std::bad_alloc();
}

// noinline: GCC otherwise pairs an inlined free with std::operator new and warns.
[[gnu::noinline]] void operator delete(void* p) noexcept {
  std::free(p);
}

[[gnu::noinline]] void operator delete(void* p, size_t) noexcept {
  std::free(p);
}
#endif

namespace cambium::plan_test {
namespace {
// Two-layer perceptron with mean-square loss and plain gradient descent: forward, backward, update.
Graph perceptron() {
  Graph g(builtin_ops());
  const Value x = g.input("x", {DType::kF32, {16, 8}});
  const Value w1 = g.parameter("w1", {8, 32}, {.init = {Init::kUniform, 0.35}});
  const Value w2 = g.parameter("w2", {32, 4}, {.init = {Init::kUniform, 0.2}});
  const Value y = g.emit("linear", {g.emit("relu", {g.emit("linear", {x, w1})}), w2});
  const Value loss =
      g.emit("reduce_mean", {g.emit("square", {y})}, {{"axes", std::vector<int64_t>{0, 1}}});
  const Value wrt[] = {w1, w2};
  const auto d = grad(loss, wrt);
  g.scope = {.path = "update", .phase = Phase::kUpdate};
  for (int i = 0; i < 2; ++i) {
    const Value next = g.emit("add", {wrt[i], g.emit("scale", {d[size_t(i)]}, {{"a", -0.5}})});
    g.updates.push_back({wrt[i].node, port_of(next)});
  }
  g.outputs = {{"loss", port_of(loss)}};
  return g;
}

struct Session {
  Engine engine;
  Plan plan;
  Store store;
  std::unique_ptr<Executor> exec;

  explicit Session(Graph g) : plan(compile(std::move(g), engine)) {
    store.add(plan, 1);
    exec = std::make_unique<Executor>(plan, store);
    Random random(3);
    for (const Leaf& leaf : plan.inputs) {
      Tensor t(leaf.type);
      for (float& v : t.f32()) v = float(random.normal());
      exec->set_input(leaf.name, t);
      inputs.emplace(leaf.name, std::move(t));
    }
  }

  // What the interpreter makes of the same leaves.
  Interpreted truth() const {
    return interpret(plan.graph, [&](const Node& n) {
      const Tensor& t = n.role == Role::kInput ? inputs.at(n.scope.path) : store.at(n.scope.path);
      return Ref{{t.f32().begin(), t.f32().end()}};
    });
  }

  std::map<std::string, Tensor> inputs;
};
}  // namespace

TEST(Executor, AgreesWithTheInterpreterOverAWholeStep) {
  Session run(run_passes(perceptron(), training_pipeline()));
  const Interpreted want = run.truth();
  run.exec->run();
  EXPECT_NEAR(run.exec->output_scalar("loss"), want.outputs[0][0], 1e-6);
  for (size_t u = 0; u < want.updates.size(); ++u) {
    const Tensor& got =
        run.store.at(run.plan.graph.node(run.plan.graph.updates[u].node).scope.path);
    for (int64_t i = 0; i < want.updates[u].size(); ++i)
      ASSERT_NEAR(got.f32()[size_t(i)], want.updates[u][i], 1e-6)
          << "update " << u << " element " << i;
  }
}

// Kernels of our own only: oneDNN keeps a few small allocations inside each call of its own.
TEST(Executor, AllocatesNothingAfterTheFirstStep) {
  if (!kCountsAllocations) GTEST_SKIP() << "the sanitizer owns the allocator";
  Graph g(builtin_ops());
  const Value x = g.input("x", {DType::kF32, {256, 64}});
  const Value gamma = g.parameter("gamma", {64}, {.init = {Init::kConstant, 1}});
  const Value y = g.emit("gelu", {g.emit("rms_norm", {g.emit("mul", {x, x}), gamma})});
  const Value loss = g.emit("reduce_mean", {y}, {{"axes", std::vector<int64_t>{0, 1}}});
  const Value wrt[] = {gamma};
  const Value dgamma = grad(loss, wrt)[0];
  g.scope.phase = Phase::kUpdate;
  g.updates = {{gamma.node, port_of(g.emit("sub", {gamma, dgamma}))}};
  g.outputs = {{"loss", port_of(loss)}};
  Session run(std::move(g));
  run.exec->run();
  const int64_t before = allocations;
  for (int i = 0; i < 10; ++i) run.exec->run();
  EXPECT_EQ(allocations - before, 0);
}

TEST(Executor, MayShareAWorkspaceWithOneThatRestsMeanwhile) {
  Session alone(perceptron());
  const Plan* const plans[] = {&alone.plan, &alone.plan};
  const auto workspace = std::make_shared<Workspace>(plans);
  Store store_a, store_b;
  store_a.add(alone.plan, 1);
  store_b.add(alone.plan, 2);
  Executor a(alone.plan, store_a, workspace), b(alone.plan, store_b, workspace);
  Executor own(alone.plan, alone.store);
  for (const auto& [name, t] : alone.inputs)
    for (Executor* e : {&a, &b, &own}) e->set_input(name, t);
  for (int i = 0; i < 3; ++i) {
    a.run();
    const float shared = a.output_scalar("loss");
    b.run();
    own.run();
    EXPECT_EQ(shared, own.output_scalar("loss"));
    EXPECT_NE(shared, b.output_scalar("loss"));
  }
}

TEST(Executor, LossFallsStepByStep) {
  Session run(perceptron());
  run.exec->run();
  const float first = run.exec->output_scalar("loss");
  for (int i = 0; i < 20; ++i) run.exec->run();
  EXPECT_LT(run.exec->output_scalar("loss"), 0.5f * first);
}

TEST(Executor, GradientsAloneChangeNoParameter) {
  Session run(perceptron());
  const Tensor before = run.store.at("w1").clone();
  run.exec->run_gradients();
  EXPECT_TRUE(std::ranges::equal(before.f32(), run.store.at("w1").f32()));
  run.exec->run_updates();
  EXPECT_FALSE(std::ranges::equal(before.f32(), run.store.at("w1").f32()));
}

TEST(Executor, NamesTheFirstNodeThatIsNotFinite) {
  Graph g(builtin_ops());
  const Value x = g.input("x", {DType::kF32, {2}});
  g.scope.path = "a";
  const Value root = g.emit("sqrt", {g.emit("neg", {g.emit("square", {x})})});
  g.scope.path = "b";
  g.outputs = {{"y", port_of(g.emit("scale", {root}))}};
  Session run(std::move(g));
  run.exec->run_gradients();
  const int bad = run.exec->first_non_finite();
  ASSERT_GE(bad, 0);
  EXPECT_EQ(run.plan.graph.node(bad).kind(), "sqrt");
  EXPECT_EQ(run.plan.graph.node(bad).scope.path, "a");
}

TEST(Executor, ProfilesEveryStep) {
  Session run(perceptron());
  run.exec->set_profiling(true);
  run.exec->run();
  for (const StepProfile& p : run.exec->profile()) EXPECT_EQ(p.runs, 1);
}

TEST(Executor, RefusesAnInputOfAnotherShape) {
  Session run(perceptron());
  EXPECT_THROW(run.exec->set_input("x", Tensor(DType::kF32, {16, 9})), UserError);
}

TEST(Plan, ReusesBuffersOfDeadValues) {
  Graph g(builtin_ops());
  Value x = g.input("x", {DType::kF32, {1024}});
  for (int i = 0; i < 20; ++i)
    x = g.emit("reduce_to",
               {g.emit("broadcast_to", {x}, {{"shape", std::vector<int64_t>{2, 1024}}})},
               {{"shape", std::vector<int64_t>{1024}}});
  g.outputs = {{"y", port_of(x)}};
  Engine engine;
  const Plan plan = compile(std::move(g), engine);
  EXPECT_LE(plan.memory.arena_bytes, 3 * 4096);
  EXPECT_EQ(plan.memory.arena_bytes, plan.memory.lower_bound_bytes);
}

TEST(Plan, RunsPointwiseChainsInPlace) {
  Graph g(builtin_ops());
  Value x = g.emit("relu", {g.input("x", {DType::kF32, {1024}})});
  for (int i = 0; i < 10; ++i) x = g.emit("tanh", {x});
  g.outputs = {{"y", port_of(x)}};
  Engine engine;
  EXPECT_EQ(compile(std::move(g), engine).memory.arena_bytes, 4096);
}

TEST(Plan, NeverOverwritesAnInputOrALivingValue) {
  Graph g(builtin_ops());
  const Value x = g.input("x", {DType::kF32, {64}});
  const Value a = g.emit("relu", {x}), b = g.emit("tanh", {a});
  g.outputs = {{"y", port_of(g.emit("mul", {a, b}))}, {"x", port_of(x)}};
  Session run(std::move(g));
  run.exec->run();
  const auto out = run.exec->output("x");
  EXPECT_EQ(std::memcmp(out.data(), run.inputs.at("x").data(), out.size()), 0);
  const Ref want = run.truth().outputs[0];
  const auto* got = reinterpret_cast<const float*>(run.exec->output("y").data());
  for (int64_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], 1e-6);
}

TEST(Plan, WritesAnUpdateStraightIntoItsState) {
  Session run(run_passes(perceptron(), training_pipeline()));
  EXPECT_TRUE(run.plan.copies.empty());
}

TEST(Plan, CopiesAnUpdateWhenTheOldStateIsReadLater) {
  Graph g(builtin_ops());
  const Value s = g.state("s", {DType::kF32, {4}}, {Init::kConstant, 1});
  const Value next = g.emit("scale", {s}, {{"a", 2.0}});
  g.updates = {{s.node, port_of(next)}};
  g.outputs = {{"y", port_of(g.emit("add", {s, next}))}};
  Session run(std::move(g));
  run.exec->run();
  EXPECT_EQ(reinterpret_cast<const float*>(run.exec->output("y").data())[0], 3.0f);
  EXPECT_EQ(run.store.at("s").f32()[0], 2.0f);
}

TEST(Store, InitialWeightsDependOnSeedAndNameAlone) {
  Tensor a(DType::kF32, {100}), b(DType::kF32, {100}), c(DType::kF32, {100});
  initialise(a, {Init::kNormal, 0.02}, 1, "w");
  initialise(b, {Init::kNormal, 0.02}, 1, "w");
  initialise(c, {Init::kNormal, 0.02}, 2, "w");
  EXPECT_TRUE(std::ranges::equal(a.f32(), b.f32()));
  EXPECT_FALSE(std::ranges::equal(a.f32(), c.f32()));
}

TEST(Store, LaysWhatAPlanAddsEndToEnd) {
  Graph g(builtin_ops());
  const Value a = g.parameter("b", {3, 5}, {}), b = g.parameter("a", {7}, {});
  g.outputs = {{"b", port_of(a)}, {"a", port_of(b)}};
  Engine engine;
  const Plan plan = compile(std::move(g), engine);
  Store store;
  store.add(plan, 1);
  EXPECT_EQ(store.at("a").data() - store.at("b").data(), 64);  // 60 bytes, to the next line
}

TEST(Store, CopiesFollowTheirParameterWhenTheyAreMadeAnew) {
  Graph g(builtin_ops());
  const Value w = g.parameter("w", {3}, {.init = {Init::kConstant, 1}});
  const Value copy = g.narrow_copy("w", {3});
  g.outputs = {{"w", port_of(w)}, {"copy", port_of(copy)}};
  Session run(std::move(g));
  const auto second = [&] {
    run.exec->run();
    return from_bf16(reinterpret_cast<const uint16_t*>(run.exec->output("copy").data())[1]);
  };
  EXPECT_EQ(second(), 1.0f);
  run.store.at("w").f32()[1] = -3;
  run.store.refresh_copies();
  EXPECT_EQ(second(), -3.0f);
  EXPECT_FALSE(run.store.has("bf16.w")) << "a copy is nothing to save";
}

TEST(Store, RefusesTwoTypesUnderOneName) {
  Graph g(builtin_ops()), h(builtin_ops());
  g.updates = {{g.state("s", {DType::kF32, {4}}).node, {0, 0}}};
  h.updates = {{h.state("s", {DType::kF32, {5}}).node, {0, 0}}};
  Engine engine;
  const Plan a = compile(std::move(g), engine), b = compile(std::move(h), engine);
  Store store;
  store.add(a, 1);
  EXPECT_THROW(store.add(b, 1), InternalError);
}
}  // namespace cambium::plan_test
