#include "search/verdict/checks.h"

#include <algorithm>
#include <cmath>

#include "search/support/boost_math.h"

namespace cambium {
namespace {
double two_sided_t(double mean, double standard_error, double freedom) {
  if (mean == 0 || standard_error == 0) return 1;  // no spread at all: nothing is known of it
  return 2 * t_cdf(-std::abs(mean) / standard_error, freedom);
}

// The chance that n outcomes all lie above or all below n others of the same population.
double chance_of_separation(size_t n) {
  double ways = 1;
  for (size_t i = 1; i <= n; ++i) ways *= double(n + i) / double(i);
  return 2 / ways;
}

// The chance that equal variants look different and without spread because outcomes fall into two
// groups, half of them in each (a task that is learned or not): every variant's n seeds lie in one
// group, and not all variants in the same. Where other variants were trained, theirs must too.
double chance_of_groups(size_t n, size_t variants, const Residual& r) {
  const auto apart = [](double v, size_t seeds) {
    return (std::exp2(v) - 2) * std::exp2(-v * double(seeds));
  };
  const double pairs = double(variants - 1) * apart(2, n);
  return r.freedom > 0 ? std::min(pairs, apart(double(r.variants), r.seeds)) : pairs;
}

// The standard error by the spread of all variants; 0 where that is not asked for: so many seeds
// can tell two groups apart themselves, or nothing is known of the others.
double error_of_all(size_t n, double level, const Evidence& e, const Residual& residual) {
  if (chance_of_separation(n) <= level || residual.freedom <= 0) return 0;
  const double variance = std::max(residual.variance, rounding_variance(e.test_examples));
  return mean_error(std::sqrt(2 * variance), int64_t(n), e.overlap);
}

// What another test set of that size does at least to a share that differs by `apart`: all examples
// that the two tell apart speak for one of them.
double least_test_error(double apart, int64_t test_examples) {
  const double share = std::min(1.0, apart);
  return std::sqrt(share * (1 - share) / double(test_examples));
}

// Below, a skewness is hardly known, and asking for it takes more power than it saves.
constexpr size_t kSkewSeeds = 13;

// The p of "the mean of the population is 0 or less" by a t whose skewness is taken out, so that a
// few values far below the others count for what they may mean (Hall 1992, On the removal of
// skewness by transformation, Journal of the Royal Statistical Society B 54:221).
double unskewed_p(std::span<const double> x, double overlap) {
  const double n = double(x.size()), mean = mean_of(x), deviation = deviation_of(x);
  if (deviation <= 0) return mean > 0 ? 0 : 1;
  double third = 0;
  for (double v : x) third += std::pow((v - mean) / deviation, 3) / n;
  const double skew = third * std::pow(n / (n - 1), 1.5), t = mean / deviation;
  const double hall = t + skew * t * t / 3 + skew * skew * t * t * t / 27 + skew / (6 * n);
  return t_cdf(-hall / mean_error(1, int64_t(n), overlap), n - 1);
}
}  // namespace

Residual residual_of(const Evidence& e) {
  std::vector<std::vector<double>> blocks;  // one a seed that every variant with results finished
  std::vector<const std::vector<SeedOutcome>*> used;
  for (const auto& v : e.variants)
    if (std::ranges::count(v, SeedOutcome::kDone, &SeedOutcome::state) >= kLeastSeeds)
      used.push_back(&v);
  for (size_t s = 0; s < e.variants[0].size(); ++s) {
    std::vector<double> block;
    for (const auto* v : used)
      if ((*v)[s].state == SeedOutcome::kDone) block.push_back((*v)[s].value);
    if (block.size() == used.size()) blocks.push_back(std::move(block));
  }
  if (used.size() < 2 || blocks.size() < 2) return {};
  std::vector<double> means(used.size(), 0.0);
  double overall = 0;
  for (const auto& block : blocks)
    for (size_t v = 0; v < block.size(); ++v) {
      means[v] += block[v] / double(blocks.size());
      overall += block[v] / double(blocks.size() * used.size());
    }
  double squares = 0;
  for (const auto& block : blocks)
    for (size_t v = 0; v < block.size(); ++v) {
      const double left = block[v] - means[v] - mean_of(block) + overall;
      squares += left * left;
    }
  const double freedom = double((used.size() - 1) * (blocks.size() - 1));
  return {squares / freedom, freedom, used.size(), blocks.size()};
}

double rounding_variance(int64_t test_examples) {
  if (test_examples <= 0) return 0;
  const double step = 1 / double(test_examples);
  return step * step / 12;
}

PairedDifference floored(std::span<const double> differences, const Evidence& e) {
  const double n = double(differences.size()), mean = mean_of(differences);
  double deviation = deviation_of(differences);
  if (deviation < 1e-9 * std::abs(mean)) deviation = 0;
  deviation = std::max(deviation, std::sqrt(2 * rounding_variance(e.test_examples)));
  const double error = mean_error(deviation, int64_t(n), e.overlap);
  const double half = t_quantile(1 - e.levels.interval / 2, n - 1) * error;
  const auto [least, most] = std::ranges::minmax(differences);
  return {mean,       deviation,    {mean - half, mean + half}, two_sided_t(mean, error, n - 1),
          int64_t(n), {least, most}};
}

double strictest_level(const Evidence& e) {
  if (e.levels.difference > 0) return e.levels.difference;
  return e.alpha / double(std::max<size_t>(e.variants.size(), 2) - 1);
}

Check difference_check(const PairedDifference& d, std::span<const double> differences,
                       const Evidence& e, const Residual& residual) {
  const size_t n = differences.size();
  const double level = strictest_level(e), most = e.levels.difference > 0 ? level : e.alpha;
  std::vector<Check> out = {
      {d.p_value, d.deviation > 0 || d.mean == 0 ? Hindrance::kNoise : Hindrance::kNoSpread}};
  if (d.p_value > most) return out[0];  // that settles it
  const double flips = sign_flip_p(differences), least = std::ldexp(2.0, -int(n));
  const bool agree = flips <= least * (1 + 1e-9);
  out.push_back({least <= level ? flips : agree ? 0.0 : 1.0, Hindrance::kSigns});
  if (const double error = error_of_all(n, level, e, residual); error > 0)
    out.push_back({two_sided_t(d.mean, error, residual.freedom), Hindrance::kOtherVariants});
  const double groups = chance_of_groups(n, std::max<size_t>(e.variants.size(), 2), residual);
  if (groups > e.alpha) out.push_back({groups, Hindrance::kGroups});
  if (e.test_examples > 0) {
    const double apart = std::min(1.0, std::abs(d.mean));
    const double error = least_test_error(apart, e.test_examples);
    out.push_back({apart == 0  ? 1
                   : error > 0 ? 2 * normal_cdf(-apart / error)
                               : 0,
                   Hindrance::kTestSet});
  }
  return *std::ranges::max_element(out, {}, &Check::p);
}

double equivalence_p(const PairedDifference& d, std::span<const double> differences,
                     const Evidence& e, const Residual& residual) {
  const size_t n = differences.size();
  const double level = e.levels.equivalence, room = e.least_effect - std::abs(d.mean);
  if (level <= 0 || e.least_effect <= 0 || room <= 0 || d.deviation <= 0) return 1;
  const double error = mean_error(d.deviation, int64_t(n), e.overlap);
  double p = t_cdf(-room / error, double(n) - 1);
  std::vector<double> below, above;  // how far each lies inside the bounds
  for (double x : differences) {
    below.push_back(e.least_effect - x);
    above.push_back(e.least_effect + x);
  }
  const bool inside = std::ranges::min(below) > 0 && std::ranges::min(above) > 0;
  p = std::max(p, std::ldexp(1.0, -int(n)) <= level
                      ? std::max(sign_flip_above_p(below), sign_flip_above_p(above))
                  : inside ? 0.0
                           : 1.0);
  if (n >= kSkewSeeds)
    p = std::max({p, unskewed_p(below, e.overlap), unskewed_p(above, e.overlap)});
  if (const double shared = error_of_all(n, 2 * level, e, residual); shared > 0)
    p = std::max(p, t_cdf(-room / shared, residual.freedom));
  // Were the two least_effect apart, as many examples would tell them apart at least.
  if (e.test_examples > 0) {
    const double moved = least_test_error(e.least_effect, e.test_examples);
    p = std::max(p, moved > 0 ? normal_cdf(-room / moved) : 0.0);
  }
  return p;
}
}  // namespace cambium
