// Parameters of a Gaussian process by its marginal likelihood, within bounds.
#pragma once
#include "core/rng.h"
#include "search/methods/support/gaussian_process.h"

namespace cambium {
struct GpFitSettings {
  int starts = 2;        // the first is where the priors are densest, the others are drawn
  int evaluations = 25;  // of the likelihood, at most, from each start
};

// For values of mean 0 and variance 1. What is maximised is log_marginal_likelihood plus weak
// normal priors of the logarithms of signal (about 1), noise (about 1e-3) and lengths (about the
// root of how many there are), without which a few values say that lengths are nothing.
GpParameters fit_gp(const PointPairs& pairs, std::span<const double> values,
                    const GpFitSettings& settings, Random& random);

// From `start` alone.
GpParameters fit_gp(const PointPairs& pairs, std::span<const double> values,
                    const GpFitSettings& settings, const GpParameters& start);

// What is maximised; none as for log_marginal_likelihood.
std::optional<double> log_posterior(const PointPairs& pairs, std::span<const double> values,
                                    const GpParameters& p, std::vector<double>* gradient = nullptr);
}  // namespace cambium
