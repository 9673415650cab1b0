// completep: muP, and what keeps layers learning when there are more of them. Dey et al. 2025,
// arXiv 2505.01618, table 1 with alpha = 1. With l times as many residual branches as at base:
//   each branch counts as 1 / l; Adam's term eps is divided by the width ratio, and by l too in
//   branches; rates do not depend on l; decay of matrices times the width ratio, as in muP.
// Branches must be added to what has not been normalised behind the sum (residual: pre, sandwich).
#include "train/parameterisation/support/parameterisation.h"

namespace cambium::parameterisation_completep {
namespace {
// How many times smaller gradients are by width: each number's share of what is infinite.
double width_of(const WeightGrowth& g) {
  return width_kind(g) == WidthKind::kReadout ? g.fan_in * g.copies : g.fan_out * g.copies;
}

StepFactors steps(StepKind kind, const WeightGrowth& g) {
  const double rate = width_rate(kind, g);
  return {.rate = rate, .decay = 1 / rate, .eps = 1 / (width_of(g) * g.depth)};
}

double branch(double depth) {
  return 1 / depth;
}
}  // namespace

extern const Parameterisation parameterisation_completep;
const Parameterisation parameterisation_completep = {
    .name = "completep",
    .doc =
        "muP, and residual branches and Adam's eps scaled so that the best rates stay where "
        "they are as depth grows too (Adam, AdamW)",
    .paper = "Dey et al. 2025, Don't be lazy: CompleteP, arXiv 2505.01618, table 1",
    .weight = width_factors,
    .branch = branch,
    .steps = steps,
    .knows = {StepKind::kAdam},
};
}  // namespace cambium::parameterisation_completep
