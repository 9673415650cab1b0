// Every two groups of a file compared: along what, and where their laws cross.
#pragma once
#include "search/laws/answers/scale.h"

namespace cambium {
// Laws of one quantity are compared along it; laws of parameters and tokens by compute, each at its
// best division, or along the line that tokens follow, or, where either's division cannot be told
// (FLOPs no fixed multiple of N D, parameters left open), at the middle tokens per parameter. From
// where both have runs to 100 times where the first of them ends; a form that fails, a law of the
// loss, and one that did not foretell its own largest runs are not followed beyond their runs. All
// comparisons together hold at 95 % (Bonferroni). Groups without a law are left out.
std::vector<GroupComparison> compare_groups(const std::vector<GroupAnswer>& groups);
}  // namespace cambium
