// Loss by parameters, without a floor: L = A / N^a.
#include "search/laws/support/power.h"

namespace cambium::law_params_power {
namespace {
using Form = PowerLaw<PowerForm{.terms = {kParams}, .count = 1, .floor = false}>;
}

extern const Law law_params_power;
const Law law_params_power = {.name = "params_power",
                              .doc = "loss by parameters, without a floor",
                              .paper = "Kaplan et al. 2020, arXiv 2001.08361",
                              .formula = "L = A / N^a",
                              .needs = {kParams},
                              .parameters = power_parameters(false),
                              .values = Form::values,
                              .starts = Form::starts};
}  // namespace cambium::law_params_power
