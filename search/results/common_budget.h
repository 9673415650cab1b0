// Common budget: whether every finished run of a study spent the same.
#pragma once
#include "search/results/audit.h"

namespace cambium {
// In the budget's unit; steps are a budget only where a step takes equally many examples
// everywhere. Seconds are one however far runs depart from them: the steps were planned from times
// that were measured before, and the departure says how well.
struct CommonBudget {
  Budget::Kind kind = Budget::kSteps;
  double value = 0;        // of the budget, or of the baseline's plan
  bool common = false;     // every finished run spent it, to within kBudgetTolerance or half a step
  bool too_small = false;  // a single step of some variant spends far more
  double departure = 0;    // spent / value - 1 of the run where it lies farthest from 0
};

inline constexpr double kBudgetTolerance = 0.02;
inline constexpr double kFarMore = 1.5;  // a step that spends less may be the nearest there is

// By its name in files; kSteps for another.
Budget::Kind budget_kind_of(std::string_view name);

// Variants without a finished run do not count.
CommonBudget common_budget(std::span<const BudgetLine> lines, Budget::Kind kind, double value);
}  // namespace cambium
