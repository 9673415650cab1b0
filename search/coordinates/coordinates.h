// Coordinate check: how the changes of activations in the first steps of training depend on the
// width of a model. Yang et al. 2022, arXiv 2203.03466, appendix D.1. Where rates carry over, they
// do not grow: neither sizes at the start, which may fall by themselves, nor the loss shows that.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/yaml/spec.h"

namespace cambium {
struct CoordinateSettings {
  std::string vary;  // a path of the spec; empty: the first one of the parameterisation's base
  std::vector<int64_t> sizes;  // what it is set to, at least two
  int64_t steps = 10, seeds = 3;
  double most_slope = 0.1;
};

// kUnclear: a slope lies above what is allowed, but not by three standard errors.
enum class SlopeVerdict { kPasses, kUnclear, kFails };

std::string_view name_of(SlopeVerdict v);  // "passes", "unclear", "fails"

// What one block hands on.
struct LayerChange {
  std::string path, block;
  std::vector<double> start;                // root mean square at each size, before training
  std::vector<std::vector<double>> change;  // [step][size], of the change since then
  std::vector<double> low, high;            // of seeds, after the last step, at each size
  double start_slope = 0;
  std::vector<double> slopes;         // of log change by log size, after each step
  std::vector<double> errors;         // standard errors of the slopes, of seeds; 0 of a single seed
  double worst = 0, worst_error = 0;  // the largest slope
  SlopeVerdict verdict = SlopeVerdict::kPasses;
};

struct CoordinateCheck {
  std::string vary, parameterisation;
  std::vector<int64_t> sizes;
  int64_t seeds = 0;
  std::vector<LayerChange> layers;  // in the order of the model, those of all sizes
  double worst = 0, most_slope = 0;
  std::string worst_path;
  SlopeVerdict verdict = SlopeVerdict::kPasses;  // the worst of the layers
};

// Takes the first steps of a run at each size with each seed (0, 1, ...), warm-up included, and
// looks at the first batch with dropout's draws held. `progress` hears of each training. UserErrors
// of the spec and of sizes it cannot take; RuntimeError when training does not stay finite.
CoordinateCheck check_coordinates(const Spec& spec, const CoordinateSettings& settings,
                                  const std::function<void(const std::string&)>& progress = {});
}  // namespace cambium
