// Loss by compute, without a floor: L = A / C^a.
#include "search/laws/support/power.h"

namespace cambium::law_flops_power {
namespace {
using Form = PowerLaw<PowerForm{.terms = {kFlops}, .count = 1, .floor = false}>;
}

extern const Law law_flops_power;
const Law law_flops_power = {.name = "flops_power",
                             .doc = "loss by compute, without a floor",
                             .paper = "Kaplan et al. 2020, arXiv 2001.08361",
                             .formula = "L = A / C^a",
                             .needs = {kFlops},
                             .parameters = power_parameters(false),
                             .values = Form::values,
                             .starts = Form::starts};
}  // namespace cambium::law_flops_power
