// Loss by compute, above a floor: L = E + A / C^a.
#include "search/laws/support/power.h"

namespace cambium::law_flops {
namespace {
using Form = PowerLaw<PowerForm{.terms = {kFlops}, .count = 1, .floor = true}>;
}

extern const Law law_flops;
const Law law_flops = {.name = "flops",
                       .doc = "loss by compute, above a floor",
                       .paper = "Henighan et al. 2020, arXiv 2010.14701",
                       .formula = "L = E + A / C^a",
                       .needs = {kFlops},
                       .parameters = power_parameters(true),
                       .values = Form::values,
                       .starts = Form::starts};
}  // namespace cambium::law_flops
