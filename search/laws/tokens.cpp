// Loss by tokens, above a floor: L = E + A / D^a.
#include "search/laws/support/power.h"

namespace cambium::law_tokens {
namespace {
using Form = PowerLaw<PowerForm{.terms = {kTokens}, .count = 1, .floor = true}>;
}

extern const Law law_tokens;
const Law law_tokens = {.name = "tokens",
                        .doc = "loss by tokens, above a floor",
                        .paper = "Henighan et al. 2020, arXiv 2010.14701",
                        .formula = "L = E + A / D^a",
                        .needs = {kTokens},
                        .parameters = power_parameters(true),
                        .values = Form::values,
                        .starts = Form::starts};
}  // namespace cambium::law_tokens
