// Importance: how much of what trials differ in their result one choice accounts for.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "search/space/space.h"
#include "search/verdict/stats.h"

namespace cambium {
struct Importance {
  std::string what;   // a dimension, a place of a pattern ("pattern[2]"), "length of pattern" or
                      // "A in pattern" (how often)
  double share = 0;   // omega squared: an estimate of its share of the variance, by this alone and
                      // less what chance gives, so below the share among the trials; 0 to 1
  Interval interval;  // 95 %, bootstrap over trials with its bias taken off
};

// From the largest share to the smallest. Numbers are compared in four groups of equal size; where
// a choice does not exist, that is a value too. Choices that never vary are left out. Trials of a
// search are no uniform draws: the shares are of these trials. Fewer than 8 trials: none.
std::vector<Importance> importances(const Space& space, std::span<const SpacePoint> points,
                                    std::span<const double> values, uint64_t seed = 0,
                                    int draws = 1000);

// Omega squared of values in groups 0, 1 ... (Hays 1963), clipped to [0, 1].
double omega_squared(std::span<const double> values, std::span<const size_t> groups);
}  // namespace cambium
