// Kendall tau: how far two rankings of the same things agree, such as results after a part of a
// training and at its end, or what a proxy says and what training found.
#pragma once
#include <optional>
#include <span>

#include "search/verdict/stats.h"

namespace cambium {
// Tau-b: of all pairs that neither side ties, the share in one order less the share in the other,
// over the geometric mean of what each side leaves untied (Kendall 1945, Biometrika 33:239). 1: the
// same order, -1: the opposite. None where one side has no two different values. Infinities are
// values as others; InternalError for NaN or different sizes. O(n log n).
std::optional<double> kendall_tau(std::span<const double> a, std::span<const double> b);

struct KendallTau {
  double tau;
  std::optional<Interval> interval;  // none for fewer than 5
  int64_t n;                         // things that were ranked
};

// The same with an interval: the percentile bootstrap over pairs (a[i], b[i]), at least as wide as
// that of the normal population of Fieller, Hartley and Pearson 1957 (Biometrika 44:470), since
// resamples of a few things in one order are all in that order. Of normal pairs 95 % intervals
// cover 94 to 100 % from 6 things on. A function of (a, b, seed). None as above.
std::optional<KendallTau> kendall_tau_interval(std::span<const double> a, std::span<const double> b,
                                               uint64_t seed = 0, int draws = 2000,
                                               double level = 0.95);
}  // namespace cambium
