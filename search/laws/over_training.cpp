// Loss of models trained beyond their best size: chinchilla's form with one exponent. With
// C = 6 N D and M = D / N it is E + (A' M^(a/2) + B' M^(-a/2)) / C^(a/2): at each M the same power
// of compute, and the best M is the same at every scale.
#include "search/laws/support/power.h"

namespace cambium::law_over_training {
namespace {
using Form = PowerLaw<PowerForm{.shared = true}>;
}

extern const Law law_over_training;
const Law law_over_training = {
    .name = "over_training",
    .doc = "loss by parameters and tokens with one exponent, for any tokens per parameter",
    .paper = "Gadre et al. 2024, arXiv 2403.08540",
    .formula = "L = E + A / N^a + B / D^a",
    .needs = {kParams, kTokens},
    .parameters = {{"E", "what neither size nor data takes away: the loss's floor", true},
                   {"A", "amplitude of what parameters take away", true},
                   {"B", "amplitude of what tokens take away", true},
                   {"a", "exponent of both", false}},
    .values = Form::values,
    .starts = Form::starts};
}  // namespace cambium::law_over_training
