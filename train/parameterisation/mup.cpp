// mup: the maximal update parameterisation, in the form of table 8 of Yang et al. 2022, arXiv
// 2203.03466. With n the ratio of a weight's fan in to that at base, m that of its fan out:
//             start      the weight counts as    rate of Adam    rate of SGD
//   matrix    1/sqrt(n)           1                  1/n            m / n
//   vector       1                1                   1               m
//   readout      1               1/n                  1               n
// Attention's scores, sums over D channels of a head, are divided by D (Builder::score_scale), and
// all agree with the standard form at base. What a step shrinks weights by (AdamW's decay, SGD's
// penalty) stays what it is at base: decay grows where the rate falls.
#include "train/parameterisation/support/parameterisation.h"

namespace cambium::parameterisation_mup {
namespace {
StepFactors steps(StepKind kind, const WeightGrowth& g) {
  const double rate = width_rate(kind, g);
  return {.rate = rate, .decay = 1 / rate};
}
}  // namespace

extern const Parameterisation parameterisation_mup;
const Parameterisation parameterisation_mup = {
    .name = "mup",
    .doc =
        "starts, rates and multipliers by which the best rates stay where they are as width "
        "grows (Adam, AdamW, SGD)",
    .paper = "Yang et al. 2022, Tensor Programs V, arXiv 2203.03466, table 8",
    .weight = width_factors,
    .steps = steps,
    .knows = {StepKind::kAdam, StepKind::kGradient},
};
}  // namespace cambium::parameterisation_mup
