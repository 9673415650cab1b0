// Statistics of a study: intervals, paired differences, corrections, and how many seeds it takes.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cambium {
struct Interval {
  double low, high;

  bool operator==(const Interval&) const = default;
};

double mean_of(std::span<const double> x);       // x not empty
double deviation_of(std::span<const double> x);  // of a sample (n - 1); 0 when n < 2
double median_of(std::span<const double> x);     // x not empty

// The mean's interval under a normal population (Student 1908). None when n < 2.
std::optional<Interval> t_interval(std::span<const double> x, double level = 0.95);

// The mean's bias-corrected and accelerated bootstrap interval (Efron 1987, JASA 82:171) from
// `draws` resamples; a function of (x, seed). None when n < 2; a point when all x are equal.
std::optional<Interval> bootstrap_interval(std::span<const double> x, uint64_t seed = 0,
                                           int draws = 10'000, double level = 0.95);

struct PairedDifference {
  double mean, deviation;  // of a[i] - b[i]
  Interval interval;       // t, at the level asked for
  double p_value;          // two-sided paired t test of mean = 0
  int64_t n;
  Interval range = {0, 0};  // the lowest and the highest
};

// Runs of equal seed are paired, so that what seeds share cancels. None when n < 2.
std::optional<PairedDifference> paired_difference(std::span<const double> a,
                                                  std::span<const double> b, double level = 0.95);

// Holm 1979: p values corrected so that the chance of any false claim stays below the level;
// answers them in the order given.
std::vector<double> holm_corrected(std::span<const double> p);

// The exact two-sided paired sign-flip test of "the differences lie symmetrically around zero"
// (Fisher 1935; no other assumption): the share of the 2^n ways to choose signs whose mean lies as
// far out. At least 2 / 2^n; of 2^14 drawn
// signs above 14 pairs. 1 for no differences.
double sign_flip_p(std::span<const double> differences);

// The same, one-sided: the share whose sum is at least as large. At least 2^-n; 1 for none.
double sign_flip_above_p(std::span<const double> differences);

// What the population's deviation may be, given a sample's of n values from a normal one, by chi
// squared: the middle `level` of it. n >= 2.
Interval deviation_range(double deviation, int64_t n, double level = 0.8);

// The standard error of a mean of n outcomes. Outcomes on parts of one data set answer for each
// other: with `overlap`, a run's tested by its trained examples, the mean has (1 / n + overlap)
// times the variance of one (Nadeau and Bengio 2003, Machine Learning 52:239). 0: independent.
double mean_error(double deviation, int64_t n, double overlap = 0);

// The chance that a two-sided paired t test with n pairs sees a true effect = mean / deviation.
double paired_power(double effect, int64_t n, double alpha = 0.05, double overlap = 0);

// The fewest pairs whose power is at least `power`; none above 10,000 or for an effect of zero.
std::optional<int64_t> seeds_needed(double mean, double deviation, double power = 0.8,
                                    double alpha = 0.05, double overlap = 0);

// The smallest true mean / deviation that n pairs show with `power`. n >= 2.
double effect_seen(int64_t n, double power = 0.8, double alpha = 0.05, double overlap = 0);
}  // namespace cambium
