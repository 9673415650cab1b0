// Edge: whether a chosen value lies at an end of what it may be.
#pragma once
#include <string>

#include "search/space/dimension.h"

namespace cambium {
// "lowest", "highest" or empty: of numbers in a range, the outer tenth of it on its scale; of
// ordered choices and whole numbers, the first or last of at least three.
std::string edge_of(const Dimension& d, const Gene& gene);
}  // namespace cambium
