// The best mixture that a fitted form foretells, and what runs leave open of it.
#pragma once
#include "search/mixtures/fit/draws.h"
#include "search/mixtures/support/form.h"
#include "search/verdict/stats.h"

namespace cambium {
// Mixtures among which the best is looked for: drawn as the runs were, for a form is only worth
// asking where runs lie.
std::vector<std::vector<double>> mixture_candidates(MixtureDraws draws, uint64_t seed);

// The mean of the hundredth of the candidates of which the form foretells least: the single least
// one would be where it errs most (as RegMix does).
std::vector<double> least_mixture(const FittedMixture& fitted,
                                  const std::vector<std::vector<double>>& candidates);

struct BestMixture {
  std::vector<double> shares;      // rounded_shares
  std::vector<Interval> interval;  // of each, 95 %; empty with too few resamples that can be fitted
  double foretold = 0;             // of these shares; optimistic, since they were chosen by it
  // Of each other mixture asked for: what is foretold of it less that of the best, with the
  // interval over the same resamples.
  std::vector<double> above;
  std::vector<Interval> above_interval;
  std::vector<std::vector<double>> resampled;  // the best of each resample, unrounded
};

// Over resamples of the mixtures, each with all its runs (bootstrap; Efron 1979). A function of
// (points, seed): points of two architectures over the same mixtures are resampled alike, so that
// the bests of each resample may be compared.
BestMixture best_mixture(const MixturePoints& points, const MixtureForm& form,
                         const std::vector<std::vector<double>>& candidates,
                         const std::vector<std::vector<double>>& others, uint64_t seed,
                         int draws = 200);
}  // namespace cambium
