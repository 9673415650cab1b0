// The exponents of the best division of compute, by every way to find them and every way to count
// parameters, side by side: the same runs give N* ~ C^.5 or C^.7 depending on whether embeddings
// count. By a law they hold for compute as it was counted, C ~ D N^p with p found from the runs.
#pragma once
#include "search/laws/answers/isoflop.h"
#include "search/laws/answers/scale.h"

namespace cambium {
// Fills isoflop and exponents of the group: first by the column that counts parameters, then by
// each of `counted` (PointTable::counts; a number of each run in `counts`).
void fill_exponents(GroupAnswer& g, const std::vector<std::string>& counted,
                    const std::vector<std::vector<double>>& counts, int draws);
}  // namespace cambium
