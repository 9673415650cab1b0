#include "search/verdict/stats.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"
#include "search/support/boost_math.h"

namespace cambium {
double mean_of(std::span<const double> x) {
  ensure(!x.empty(), "the mean of nothing");
  return std::accumulate(x.begin(), x.end(), 0.0) / double(x.size());
}

double deviation_of(std::span<const double> x) {
  if (x.size() < 2) return 0;
  const double mean = mean_of(x);
  double sum = 0;
  for (double v : x) sum += (v - mean) * (v - mean);
  return std::sqrt(sum / double(x.size() - 1));
}

double median_of(std::span<const double> x) {
  ensure(!x.empty(), "the median of nothing");
  std::vector<double> sorted(x.begin(), x.end());
  std::ranges::sort(sorted);
  const size_t half = sorted.size() / 2;
  return sorted.size() % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

std::optional<Interval> t_interval(std::span<const double> x, double level) {
  if (x.size() < 2) return std::nullopt;
  const double n = double(x.size()), mean = mean_of(x);
  const double half = t_quantile((1 + level) / 2, n - 1) * deviation_of(x) / std::sqrt(n);
  return Interval{mean - half, mean + half};
}

namespace {
std::vector<double> resampled_means(std::span<const double> x, uint64_t seed, int draws) {
  Random random(seed, stream_of("bootstrap"));
  std::vector<double> means(static_cast<size_t>(draws), 0.0);
  for (double& m : means) {
    for (size_t i = 0; i < x.size(); ++i) m += x[random.below(uint32_t(x.size()))];
    m /= double(x.size());
  }
  std::ranges::sort(means);
  return means;
}

// Skewness of the leave-one-out means over six: how fast the standard error changes.
double acceleration(std::span<const double> x) {
  const double mean = mean_of(x);
  double cubes = 0, squares = 0;
  for (double v : x) {
    const double d = v - mean;  // the jackknife mean moves by -d / (n - 1)
    cubes += d * d * d;
    squares += d * d;
  }
  return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0;
}
}  // namespace

std::optional<Interval> bootstrap_interval(std::span<const double> x, uint64_t seed, int draws,
                                           double level) {
  if (x.size() < 2) return std::nullopt;
  const auto [least, most] = std::ranges::minmax(x);
  const double mean = mean_of(x);
  if (least == most) return Interval{mean, mean};
  const std::vector<double> means = resampled_means(x, seed, draws);
  // Ties count half, so that few distinct values bias nothing.
  const auto below = std::ranges::lower_bound(means, mean) - means.begin();
  const auto upto = std::ranges::upper_bound(means, mean) - means.begin();
  const double share = std::clamp(double(below + upto) / 2 / draws, 0.5 / draws, 1 - 0.5 / draws);
  const double bias = normal_quantile(share), a = acceleration(x);
  const auto end = [&](double p) {
    const double z = bias + normal_quantile(p);
    const double at = normal_cdf(bias + z / (1 - a * z));
    return means[size_t(std::clamp(std::floor(at * draws), 0.0, double(draws - 1)))];
  };
  return Interval{end((1 - level) / 2), end((1 + level) / 2)};
}

std::optional<PairedDifference> paired_difference(std::span<const double> a,
                                                  std::span<const double> b, double level) {
  ensure(a.size() == b.size(), "pairs of ", a.size(), " and ", b.size(), " runs");
  if (a.size() < 2) return std::nullopt;
  std::vector<double> d;
  for (size_t i = 0; i < a.size(); ++i) d.push_back(a[i] - b[i]);
  const double n = double(d.size()), mean = mean_of(d), deviation = deviation_of(d);
  double p = mean == 0 ? 1 : 0;
  if (deviation > 0) p = 2 * t_cdf(-std::abs(mean) * std::sqrt(n) / deviation, n - 1);
  const auto [least, most] = std::ranges::minmax(d);
  return PairedDifference{mean, deviation,         *t_interval(d, level),
                          p,    int64_t(d.size()), {least, most}};
}

std::vector<double> holm_corrected(std::span<const double> p) {
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::ranges::stable_sort(order, {}, [&](size_t i) { return p[i]; });
  std::vector<double> out(p.size());
  double largest = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    largest = std::max(largest, std::min(1.0, p[order[rank]] * double(p.size() - rank)));
    out[order[rank]] = largest;
  }
  return out;
}

namespace {
// The share of `draws` random signs, what was seen among them, that lead as far.
template <class F> double drawn_flips(std::span<const double> d, int draws, const F& as_far) {
  Random random(d.size(), stream_of("sign flips"));
  int far = 1;
  for (int i = 1; i < draws; ++i) {
    double sum = 0;
    for (size_t j = 0; j < d.size(); j += 32) {
      uint32_t bits = random.bits();
      for (size_t k = j; k < std::min(d.size(), j + 32); ++k, bits >>= 1)
        sum += bits & 1 ? d[k] : -d[k];
    }
    far += as_far(sum);
  }
  return double(far) / draws;
}

// The share of all signs whose sum is as far out; beyond kExact values, of drawn ones.
template <class F> double flips(std::span<const double> d, const F& as_far) {
  constexpr size_t kExact = 14;
  if (d.size() > kExact) return drawn_flips(d, 1 << kExact, as_far);
  std::vector<double> now(d.begin(), d.end());
  double sum = std::accumulate(d.begin(), d.end(), 0.0);
  const unsigned ways = 1u << d.size();
  int far = 1;
  // In the order of Gray's code one sign changes at a time.
  for (unsigned i = 1; i < ways; ++i) {
    double& flipped = now[size_t(std::countr_zero(i))];
    flipped = -flipped;
    sum += 2 * flipped;
    far += as_far(sum);
  }
  return double(far) / ways;
}

// What adding in another order may change.
double slack_of(std::span<const double> d) {
  double scale = 0;
  for (double x : d) scale += std::abs(x);
  return 1e-9 * scale;
}
}  // namespace

double sign_flip_p(std::span<const double> differences) {
  if (differences.empty()) return 1;
  const double seen = std::abs(std::accumulate(differences.begin(), differences.end(), 0.0));
  return flips(differences, [seen, slack = slack_of(differences)](double other) {
    return std::abs(other) >= seen - slack;
  });
}

double sign_flip_above_p(std::span<const double> differences) {
  if (differences.empty()) return 1;
  const double seen = std::accumulate(differences.begin(), differences.end(), 0.0);
  return flips(differences, [seen, slack = slack_of(differences)](double other) {
    return other >= seen - slack;
  });
}

Interval deviation_range(double deviation, int64_t n, double level) {
  ensure(n >= 2, "the deviation of ", n, " values");
  const double freedom = double(n - 1);
  const auto at = [&](double p) {
    return deviation * std::sqrt(freedom / chi_squared_quantile(p, freedom));
  };
  return {at((1 + level) / 2), at((1 - level) / 2)};
}

double mean_error(double deviation, int64_t n, double overlap) {
  return deviation * std::sqrt(1 / double(n) + overlap);
}

double paired_power(double effect, int64_t n, double alpha, double overlap) {
  if (n < 2) return 0;
  const double freedom = double(n - 1), shift = std::abs(effect) / mean_error(1, n, overlap);
  const double critical = t_quantile(1 - alpha / 2, freedom);
  if (shift >
      30) {  // there the distribution function loses digits, and only the deviation's matters
    const double ratio = shift / critical;
    return chi_squared_cdf(freedom * ratio * ratio, freedom);
  }
  return 1 - shifted_t_cdf(critical, freedom, shift) + shifted_t_cdf(-critical, freedom, shift);
}

std::optional<int64_t> seeds_needed(double mean, double deviation, double power, double alpha,
                                    double overlap) {
  constexpr int64_t kMost = 10'000;
  if (mean == 0) return std::nullopt;
  if (deviation == 0) return 2;
  const double effect = mean / deviation;
  int64_t low = 1, high = 2;  // power(low) < power <= power(high)
  while (high <= kMost && paired_power(effect, high, alpha, overlap) < power)
    low = std::exchange(high, high * 2);
  while (high - low > 1) {
    const int64_t middle = (low + high) / 2;
    (paired_power(effect, middle, alpha, overlap) < power ? low : high) = middle;
  }
  return high <= kMost ? std::optional(high) : std::nullopt;
}

double effect_seen(int64_t n, double power, double alpha, double overlap) {
  double low = 0, high = 1;
  while (paired_power(high, n, alpha, overlap) < power && high < 1e6)
    low = std::exchange(high, high * 2);
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    (paired_power(middle, n, alpha, overlap) < power ? low : high) = middle;
  }
  return high;
}
}  // namespace cambium
