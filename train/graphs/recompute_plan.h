// Recompute plan: the passes a spec asks for, and their price.
#pragma once
#include "graph/passes/passes.h"
#include "train/spec/experiment.h"

namespace cambium {
// The step with what the spec wants computed again in the backward pass; the last segments are kept
// where the arena does not grow by it. Same numbers, bit for bit.
Graph recomputed(const Experiment& e, Graph step);

struct RecomputePart {
  std::string path;         // of the block, the first of its places; empty: train.recompute
  int places = 1;           // a block inside a repeated one stands in several
  int64_t freed_bytes = 0;  // of activations no longer kept; negative where a block keeps more
  double extra_flops = 0;   // a step, all its batches
};

struct RecomputePrice {
  std::vector<RecomputePart> parts;  // on top of one another, blocks in the order of the spec
  double step_flops = 0;             // without recompute
  int segments = 0;                  // that blocks ask to be computed again
  int kept_segments = 0;             // of them, the last ones, kept because that takes no memory
  int64_t arena_before = 0, arena_after = 0;  // bytes, of the step's compiled plans

  double extra_flops() const;
};

// Compiles the step without and with recompute; none when the spec has none.
std::optional<RecomputePrice> recompute_price(const Experiment& e);
}  // namespace cambium
