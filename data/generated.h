// Generated sequences: token tasks whose examples are a function of (seed, split, index).
#pragma once
#include <functional>
#include <memory>

#include "core/rng.h"
#include "data/dataset.h"

namespace cambium {
struct SequenceTask {
  std::string name;
  int64_t vocab = 0, context = 0;  // symbols; T
  int64_t counts[3] = {};          // examples by Split
  bool causal = false;             // see DataShape
  bool fresh = false;              // new training examples every epoch
  std::vector<std::pair<std::string, double>> reference_losses;

  // Writes one example: x [T], target [T], which comes filled with -1 (not scored).
  std::function<void(Split, Random&, std::span<int32_t> x, std::span<int32_t> target)> write;
};

std::unique_ptr<Dataset> open_sequences(SequenceTask task, uint64_t seed);
}  // namespace cambium
