// Checks: the tests whose largest p a claim rests on. Internal to decision.
#pragma once
#include "search/verdict/decision.h"

namespace cambium {
// A test's p and what stands in the way when it is too large.
struct Check {
  double p;
  Hindrance hindrance;
};

// What is left of all variants' outcomes after their means and their seeds' means are taken out.
struct Residual {
  double variance = 0, freedom = 0;
  size_t variants = 0, seeds = 0;  // that it was made of
};

Residual residual_of(const Evidence& e);

// The variance that rounding to whole test examples gives one outcome; 0 for 0 examples.
double rounding_variance(int64_t test_examples);

// The difference with a deviation no smaller than rounding makes it. What only the arithmetic left
// of equal differences is none.
PairedDifference floored(std::span<const double> differences, const Evidence& e);

// The p that one comparison must reach at Holm's first step, or at this look.
double strictest_level(const Evidence& e);

// That the difference is not 0.
Check difference_check(const PairedDifference& d, std::span<const double> differences,
                       const Evidence& e, const Residual& residual);

// The p of "the difference is e.least_effect or more, or -e.least_effect or less".
double equivalence_p(const PairedDifference& d, std::span<const double> differences,
                     const Evidence& e, const Residual& residual);
}  // namespace cambium
