// How compute is best divided between parameters and tokens.
#pragma once
#include "search/laws/answers/scale.h"

namespace cambium {
// Whether the law knows parameters and tokens, each with a power of its own or both with one.
bool divides_compute(const Law& law);

// ln N*(C): where A / N^a + B / D^b is least with C = k N D.
ThetaFunction log_best_params(double flops, double k);

// Fills exponents and allocations of the group, or says in it why there are none.
void divide_compute(GroupAnswer& g, const std::vector<Theta>& resampled, double most_flops);
}  // namespace cambium
