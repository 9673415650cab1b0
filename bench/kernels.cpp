// Single kernels and the cost of a step beside its kernels, under Google Benchmark.
// usage: kernels [--benchmark_filter=REGEX]
#include <benchmark/benchmark.h>

#include "core/rng.h"
#include "graph/executor.h"
#include "ops/ops.h"
#include "ops/support/dnnl.h"

namespace cambium {
namespace {
// A plan of one use of an op on normal numbers, run as often as the benchmark asks.
void run_op(benchmark::State& state, std::string_view op, const std::vector<ValueType>& types,
            const Args& args = {}) {
  Engine engine;
  Graph g(builtin_ops());
  std::vector<Value> in;
  for (size_t i = 0; i < types.size(); ++i) in.push_back(g.input(str("x", i), types[i]));
  const Value y = g.emit(op, in, args);
  g.outputs = {{"y", port_of(y)}};
  const std::vector<Value> out = g.outputs_of(y.node);
  const double flops = g.node(y.node).op->cost({in, g.node(y.node).attrs, out}).flops;
  const Plan plan = compile(std::move(g), engine);
  Store store;
  Executor executor(plan, store);
  for (size_t i = 0; i < types.size(); ++i) {
    Tensor t(types[i]);
    for (int64_t k = 0; k < t.shape().count(); ++k)
      t.f32()[size_t(k)] = float(philox(1, i, uint64_t(k))[0]) / 4.3e9f - 0.5f;
    executor.set_input(str("x", i), t);
  }
  for (auto _ : state) executor.run();
  state.counters["GF/s"] =
      benchmark::Counter(flops * double(state.iterations()) / 1e9, benchmark::Counter::kIsRate);
}

ValueType f32(Shape shape) {
  return {DType::kF32, shape};
}

void BM_attention(benchmark::State& state) {  // [B,T,H,D], causal
  const Shape q{8, state.range(0), state.range(1), state.range(2)};
  run_op(state, "attention", {f32(q), f32(q), f32(q)}, {{"causal", true}});
}

BENCHMARK(BM_attention)->Args({128, 8, 16})->Args({256, 6, 64})->Args({1024, 4, 64});

void BM_linear(benchmark::State& state) {  // rows, inputs, outputs
  run_op(state, "linear",
         {f32({state.range(0), state.range(1)}), f32({state.range(1), state.range(2)})});
}

BENCHMARK(BM_linear)->Args({16384, 128, 512})->Args({2048, 384, 1536});

void BM_linear_grad_weights(benchmark::State& state) {
  run_op(state, "linear_grad_weights",
         {f32({state.range(0), state.range(1)}), f32({state.range(0), state.range(2)})});
}

BENCHMARK(BM_linear_grad_weights)->Args({6272, 64, 64})->Args({16384, 128, 512});

void BM_conv2d_3x3(benchmark::State& state) {  // batch, side, channels
  const int64_t c = state.range(2);
  run_op(state, "conv2d",
         {f32({state.range(0), state.range(1), state.range(1), c}), f32({3, 3, c, c})});
}

BENCHMARK(BM_conv2d_3x3)->Args({128, 32, 16})->Args({64, 32, 64})->Args({64, 8, 256});

void BM_layer_norm(benchmark::State& state) {
  const int64_t c = state.range(1);
  run_op(state, "layer_norm", {f32({state.range(0), c}), f32({c}), f32({c})});
}

BENCHMARK(BM_layer_norm)->Args({16384, 128})->Args({2048, 768});

void BM_gelu(benchmark::State& state) {
  run_op(state, "gelu", {f32({state.range(0)})});
}

BENCHMARK(BM_gelu)->Arg(1 << 20);

// What a step costs beside its kernels: 100 nodes of four numbers each, one kernel a node.
void BM_hundred_tiny_nodes(benchmark::State& state) {
  Engine engine;
  Graph g(builtin_ops());
  Value x = g.input("x", f32({4}));
  for (int i = 0; i < 100; ++i) x = g.emit("scale", {x}, {{"a", 0.99}});
  g.outputs = {{"y", port_of(x)}};
  const Plan plan = compile(std::move(g), engine, {.chains = false});
  Store store;
  Executor executor(plan, store);
  executor.set_input("x", Tensor(f32({4})));
  for (auto _ : state) executor.run();
  state.counters["us/node"] =
      benchmark::Counter(double(state.iterations()) * 100 / 1e6,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(BM_hundred_tiny_nodes);
}  // namespace
}  // namespace cambium

BENCHMARK_MAIN();
