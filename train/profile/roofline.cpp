#include "train/profile/roofline.h"

#include <algorithm>

#include "core/system/clock.h"
#include "graph/run/executor.h"
#include "ops/ops.h"
#include "ops/support/dnnl.h"

namespace cambium {
namespace {
// Of the graph that ends in `y`, after one run that touches the memory.
double fastest_seconds(Graph g, Port y, int runs) {
  g.outputs.push_back({"y", y});
  Engine engine;
  const Plan plan = compile(std::move(g), engine);
  Store store;
  store.add(plan, 0);
  Executor executor(plan, store);
  executor.run();
  double best = 1e9;
  const Stopwatch all;
  for (int i = 0; i < runs && (i < 3 || all.seconds() < 0.7); ++i) {
    const Stopwatch one;
    executor.run();
    best = std::min(best, one.seconds());
  }
  return best;
}

double gemm_gflops() {
  constexpr int64_t n = 1024;
  Graph g(builtin_ops());
  const Value y = g.emit("linear", {g.input("x", {DType::kF32, {n, n}}),
                                    g.parameter("w", {n, n}, {.init = {Init::kNormal, 0.1}})});
  return 2e-9 * double(n * n * n) / fastest_seconds(std::move(g), port_of(y), 200);
}

double stream_gbytes() {
  constexpr int64_t n = 16 << 20;
  Graph g(builtin_ops());
  const ValueType type{DType::kF32, {n}};
  const Value y = g.emit("add", {g.input("a", type), g.input("b", type)});
  return 12e-9 * double(n) / fastest_seconds(std::move(g), port_of(y), 10);
}
}  // namespace

double Roofline::least_ms(double flops, double bytes) const {
  return std::max(flops / gemm_gflops, bytes / stream_gbytes) * 1e-6;
}

Roofline measure_roofline() {
  return {gemm_gflops(), stream_gbytes()};
}
}  // namespace cambium
