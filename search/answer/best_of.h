// Best of: which of several candidates may be the best, by trainings that did not choose them
// (multiple comparisons with the best, Hsu 1981).
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "search/verdict/stats.h"

namespace cambium {
struct BestOf {
  std::vector<double> means;      // one a candidate
  std::vector<Interval> to_best;  // of each mean minus the largest of the others
  std::vector<size_t> kept;       // those that may be the best: never empty
  std::optional<size_t> named;    // the best, where only one is kept
  double critical = 0;            // in standard errors of a difference
  double deviation = 0;           // of one result, seeds and candidates taken off
};

// values[candidate][seed]: more is better; the same seeds for all. Whoever is best (each of them,
// when several are equal) is kept with a chance of 1 - alpha: the critical value is that of one
// side at alpha / 2, since of two equals either may come out in front. At least one candidate; with
// fewer seeds than `least` all are kept.
BestOf best_of(std::span<const std::vector<double>> values, double alpha = 0.05, int64_t least = 2);

// What `candidates` - 1 differences to one common candidate all stay below with probability p, in
// their standard errors, which have `freedom` degrees (Dunnett 1955).
double dunnett_quantile(double p, int64_t candidates, double freedom);
}  // namespace cambium
