// Loss by parameters and tokens, each with a power of its own, above a floor (approach 3).
#include "search/laws/support/power.h"

namespace cambium::law_chinchilla {
namespace {
using Form = PowerLaw<PowerForm{}>;
}

extern const Law law_chinchilla;
const Law law_chinchilla = {
    .name = "chinchilla",
    .doc = "loss by parameters and tokens",
    .paper = "Hoffmann et al. 2022, arXiv 2203.15556",
    .formula = "L = E + A / N^a + B / D^b",
    .needs = {kParams, kTokens},
    .parameters = {{"E", "what neither size nor data takes away: the loss's floor", true},
                   {"A", "amplitude of what parameters take away", true},
                   {"B", "amplitude of what tokens take away", true},
                   {"a", "exponent of parameters", false},
                   {"b", "exponent of tokens", false}},
    .values = Form::values,
    .starts = Form::starts};
}  // namespace cambium::law_chinchilla
