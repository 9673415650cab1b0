#include "search/results/common_budget.h"

#include <algorithm>
#include <cmath>

namespace cambium {
Budget::Kind budget_kind_of(std::string_view name) {
  for (Budget::Kind kind : {Budget::kSamples, Budget::kFlops, Budget::kSeconds})
    if (name_of(kind) == name) return kind;
  return Budget::kSteps;
}

CommonBudget common_budget(std::span<const BudgetLine> lines, Budget::Kind kind, double value) {
  CommonBudget out{.kind = kind, .value = value};
  const auto samples_per_step = [](const BudgetLine& b) {
    return b.samples / std::max(b.steps, 1.0);
  };
  const BudgetLine* first = nullptr;
  for (const BudgetLine& line : lines) {
    if (line.runs == 0) continue;
    if (!first) {
      first = &line;
      out.common = value > 0;
    }
    // A run ends with a whole step.
    const double step = line.steps > 0 ? 0.5 / line.steps : 0;
    const double tolerance = std::max(kBudgetTolerance, step) + 1e-9;
    for (double spent : {line.least, line.most}) {
      const double departure = value > 0 ? spent / value - 1 : 0;
      if (std::abs(departure) > std::abs(out.departure)) out.departure = departure;
      out.common = out.common && (kind == Budget::kSeconds || std::abs(departure) <= tolerance);
    }
    if (value > 0 && line.steps == 1 && line.least > kFarMore * value) out.too_small = true;
    const double apart = std::abs(samples_per_step(line) - samples_per_step(*first));
    if (out.too_small) out.common = false;
    if (kind == Budget::kSteps && apart > kBudgetTolerance * samples_per_step(*first))
      out.common = false;
  }
  return out;
}
}  // namespace cambium
