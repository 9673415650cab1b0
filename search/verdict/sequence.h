// Sequence: looks at a study that are planned before it begins, and the p that a claim takes at
// each of them, so that all together are wrong no more often than alpha.
//
// What is looked at is the paired t statistic of the first 3, 5, 8, 12 seeds (Jennison and Turnbull
// 2000, Group Sequential Methods, sections 2.4 and 11.4). Their joint distribution is known exactly
// and computed, not simulated: of normal differences around 0, sum / root of the sum of squares is
// a Markov chain of one variable, since the direction of n differences is independent of their
// length. The same p at each look (Pocock 1977, Biometrika 64:191).
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace cambium {
// Numbers of seeds to look at: 3, 5, 8, 12, then half as many more each time, up to at_most >= 3,
// which is the last.
std::vector<int64_t> planned_looks(int64_t at_most);

enum class Sides { kOne, kTwo };

// The chance that the p of the t test is at most `level` in (0, 0.5) at one look or more, where the
// true mean is 0. Looks grow, from 2 on.
double chance_of_any(double level, std::span<const int64_t> looks, Sides sides);

// The level at which chance_of_any is `chance`; to 1e-5 of it. One look: the chance itself.
double level_of_looks(double chance, std::span<const int64_t> looks, Sides sides);
}  // namespace cambium
