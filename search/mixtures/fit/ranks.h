// Spearman's rank correlation, with an interval.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "search/verdict/stats.h"

namespace cambium {
// Ranks from 0 on; equal values share the mean of theirs.
std::vector<double> ranks_of(std::span<const double> values);

// Of all pairs (a[i], b[i]) the correlation of ranks; none where one side has no two different
// values, or with fewer than two pairs.
std::optional<double> spearman(std::span<const double> a, std::span<const double> b);

// The percentile bootstrap over pairs; none for fewer than 6.
std::optional<Interval> spearman_interval(std::span<const double> a, std::span<const double> b,
                                          uint64_t seed = 0, int draws = 2000, double level = 0.95);

// The middle `level` of values, which must not be empty; between two of them a straight line.
Interval middle_of(std::vector<double> values, double level = 0.95);
}  // namespace cambium
