// The passes every graph of training goes through.
#include "graph/passes/passes.h"
#include "ops/passes/passes.h"
#include "ops/support/bf16.h"
#include "train/graphs/step_graph.h"

namespace cambium {
Graph optimised(const Experiment& e, Graph g) {
  g = run_passes(std::move(g), training_pipeline());
  g = run_passes(fuse_rope(g), training_pipeline());
  if (e.precision == DType::kBf16) {
    if (!has_bf16_products())
      throw RuntimeError("this machine has no bf16 products (oneDNN needs AVX-512 for them)",
                         "use precision: f32", e.spec.section("precision")->mark);
    g = run_passes(place_casts(g), training_pipeline());  // one cast a value
    g = run_passes(store_narrow(g), training_pipeline());
  }
  return run_passes(keep_blocked(g), training_pipeline());
}
}  // namespace cambium
