// What the parameterisation of a model does with each of its weights, as `show` prints it.
#pragma once
#include <string>
#include <vector>

#include "core/text/json_forward.h"
#include "train/spec/experiment.h"

namespace cambium {
struct ScalingRow {
  std::string weight;  // its path; of copies of a layer, one with * in place of their number
  WidthKind kind;
  WeightFactors weights;
  StepFactors steps;
};

// Empty where the parameterisation is the standard one.
std::vector<ScalingRow> scaling_rows(const Experiment& e);
std::string to_text(const std::vector<ScalingRow>& rows, std::string_view parameterisation);
Json to_json(const std::vector<ScalingRow>& rows);
}  // namespace cambium
