// Loss by parameters, above a floor: L = E + A / N^a.
#include "search/laws/support/power.h"

namespace cambium::law_params {
namespace {
using Form = PowerLaw<PowerForm{.terms = {kParams}, .count = 1, .floor = true}>;
}

extern const Law law_params;
const Law law_params = {.name = "params",
                        .doc = "loss by parameters, above a floor",
                        .paper = "Henighan et al. 2020, arXiv 2010.14701",
                        .formula = "L = E + A / N^a",
                        .needs = {kParams},
                        .parameters = power_parameters(true),
                        .values = Form::values,
                        .starts = Form::starts};
}  // namespace cambium::law_params
