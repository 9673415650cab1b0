// Moves: points near one, and between two.
#pragma once
#include "search/space/space.h"

namespace cambium {
// A valid point that differs in one active dimension (and in what that makes active): another
// choice, a number near by, or a pattern with a letter replaced, two swapped, one put in or taken
// out, or a piece repeated. A new draw where that finds none.
SpacePoint mutated(const Space& space, const SpacePoint& p, Random& random);

// Each dimension from one of the two; patterns of one length letter by letter, of different
// lengths the beginning of one and the end of the other.
SpacePoint crossed(const Space& space, const SpacePoint& a, const SpacePoint& b, Random& random);
}  // namespace cambium
