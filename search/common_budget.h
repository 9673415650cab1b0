// Common budget: whether every finished run of a study spent the same.
#pragma once
#include "search/audit.h"

namespace cambium {
// In the budget's unit; steps are a budget only where a step takes equally many examples
// everywhere.
struct CommonBudget {
  Budget::Kind kind = Budget::kSteps;
  double value = 0;      // of the budget, or of the baseline's plan
  bool common = false;   // every finished run spent it, to within kBudgetTolerance or half a step
  double departure = 0;  // spent / value - 1 of the run where it lies farthest from 0
};

inline constexpr double kBudgetTolerance = 0.02;

// Variants without a finished run do not count.
CommonBudget common_budget(std::span<const BudgetLine> lines, Budget::Kind kind, double value);
}  // namespace cambium
