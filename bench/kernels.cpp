// Every operator's kernel alone, at sizes that training meets, and the cost of a step beside its
// kernels, under Google Benchmark.
// usage: kernels [--benchmark_filter=REGEX]
#include <map>

#include <benchmark/benchmark.h>

#include "bench/kernel_cases.h"
#include "graph/run/executor.h"
#include "tests/support/op_case.h"

namespace cambium {
namespace {
std::vector<const void*> sources_of(OpCase& c) {
  std::vector<const void*> out;
  for (size_t i = 0; i < c.in.size(); ++i) out.push_back(c.in[i] ? c.tensors[i].data() : nullptr);
  return out;
}

Cost cost_of(const KernelCase& k, const Call& call) {
  if (k.op->cost) return k.op->cost(call);
  int64_t bytes = 0, elements = 0;
  for (const Value v : call.in) bytes += v ? v.type().bytes() : 0;
  for (const Value v : call.out) {
    bytes += v.type().bytes();
    elements += v.shape().count();
  }
  return {.flops = double(elements), .bytes = double(bytes)};
}

void run_kernel(benchmark::State& state, const KernelCase& k) {
  Engine engine;
  OpCase c(*k.op, k.sample);
  const Kernel kernel = k.op->kernel(c.call(), engine);
  const std::vector<const void*> sources = sources_of(c);
  std::vector<Tensor> results;
  std::vector<void*> targets;
  for (const Value v : c.out) results.emplace_back(v.type());
  for (Tensor& t : results) targets.push_back(t.data());
  Tensor scratch(DType::kU8, Shape{kernel.scratch_bytes});
  for (auto _ : state) kernel.run({sources.data(), targets.data(), scratch.data()});
  const Cost cost = cost_of(k, c.call());
  const auto rate = [&](double each) {
    return benchmark::Counter(each * double(state.iterations()) / 1e9, benchmark::Counter::kIsRate);
  };
  state.counters["GF/s"] = rate(cost.flops);
  state.counters["GB/s"] = rate(cost.bytes);
  state.SetLabel(kernel.impl);
}

// "attention/0": the operator and which of its cases.
void register_kernels() {
  std::map<std::string_view, int> cases;
  for (const KernelCase& k : kernel_cases())
    benchmark::RegisterBenchmark(str(k.op->name, "/", cases[k.op->name]++).c_str(),
                                 [k](benchmark::State& state) { run_kernel(state, k); })
        ->Unit(benchmark::kMicrosecond)
        ->UseRealTime();
}

// What a step costs beside its kernels: 100 nodes of four numbers each, one kernel a node.
void BM_hundred_tiny_nodes(benchmark::State& state) {
  const ValueType four{DType::kF32, {4}};
  Engine engine;
  Graph g(builtin_ops());
  Value x = g.input("x", four);
  for (int i = 0; i < 100; ++i) x = g.emit("scale", {x}, {{"a", 0.99}});
  g.outputs = {{"y", port_of(x)}};
  const Plan plan = compile(std::move(g), engine, {.chains = false});
  Store store;
  Executor executor(plan, store);
  executor.set_input("x", Tensor(four));
  for (auto _ : state) executor.run();
  state.counters["us/node"] =
      benchmark::Counter(double(state.iterations()) * 100 / 1e6,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(BM_hundred_tiny_nodes);
}  // namespace
}  // namespace cambium

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  cambium::register_kernels();
  benchmark::RunSpecifiedBenchmarks();
}
