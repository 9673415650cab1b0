// Loss by tokens, without a floor: L = A / D^a.
#include "search/laws/support/power.h"

namespace cambium::law_tokens_power {
namespace {
using Form = PowerLaw<PowerForm{.terms = {kTokens}, .count = 1, .floor = false}>;
}

extern const Law law_tokens_power;
const Law law_tokens_power = {.name = "tokens_power",
                              .doc = "loss by tokens, without a floor",
                              .paper = "Kaplan et al. 2020, arXiv 2001.08361",
                              .formula = "L = A / D^a",
                              .needs = {kTokens},
                              .parameters = power_parameters(false),
                              .values = Form::values,
                              .starts = Form::starts};
}  // namespace cambium::law_tokens_power
