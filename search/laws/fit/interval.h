// What a fitted law leaves open: intervals of anything that follows from its parameters, of the
// curve, and of a new run.
#pragma once
#include <functional>

#include "search/laws/fit/fit.h"
#include "search/verdict/stats.h"

namespace cambium {
constexpr double kLawLevel = 0.95;

// A number that follows from the parameters.
using ThetaFunction = std::function<double(std::span<const double> theta)>;

// The value's derivatives by central differences.
std::vector<double> gradient_of(const ThetaFunction& g, std::span<const double> theta);
// Standard error of g by the delta method.
double error_of(const LawFit& fit, const ThetaFunction& g);
// By the delta method with Student's t: symmetric about g.
Interval delta_interval(const LawFit& fit, const ThetaFunction& g, double level = kLawLevel);
// By profile likelihood: all values of g at which the least sum of squares stays within t^2 s^2 of
// the least of all. An end is infinite where nothing bounds it within 60 standard errors. Under
// Huber's sum there is no likelihood; it is the delta method's there.
Interval profile_interval(const LawFit& fit, const ThetaFunction& g, double level = kLawLevel);

// Of the answer, not its logarithm.
struct Prediction {
  double value = 0;
  Interval curve = {0, 0};  // of the law's mean, in which 95 of 100 such fits hold the true curve
  Interval run = {0, 0};    // of one new run, with the noise of seeds
};

enum class IntervalKind { kDelta, kProfile };
Prediction predict(const LawFit& fit, const LawInput& at, IntervalKind kind,
                   double level = kLawLevel);

// Fits to `draws` resamples: configurations with replacement, then runs within each (Davison and
// Hinkley 1997, section 3.8). A function of (fit, seed); draws that cannot be fitted are left out.
std::vector<Theta> bootstrap_fits(const LawFit& fit, int draws, uint64_t seed = 0);
// The middle `level` of g over those fits. NaN ends when there are fewer than 20.
Interval percentile_interval(const std::vector<Theta>& fits, const ThetaFunction& g,
                             double level = kLawLevel);
}  // namespace cambium
