// Check rules: whether the parameterisation has rules for the optimizer.
#pragma once
#include "train/spec/experiment.h"

namespace cambium {
// An error for an optimizer, or a penalty of one, for which no rule is known.
void check_rules(const Experiment& e, Diagnostics& errors);
}  // namespace cambium
