#include "search/answer/best_of.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <tuple>

#include "core/error.h"
#include "search/support/boost_math.h"

namespace cambium {
namespace {
constexpr int kSpreads = 100, kCells = 64;  // of the two integrals
constexpr double kReach = 8;                // standard deviations of the inner one

// P(all of (Z_j - Z_0) / sqrt 2 <= d * s), j = 1 ... candidates - 1.
double chance_below(double d, int64_t candidates, double s) {
  const double step = 2 * kReach / kCells, shift = std::numbers::sqrt2 * d * s;
  double sum = 0;
  for (int i = 0; i <= kCells; ++i) {
    const double z = -kReach + i * step;
    const double below = 0.5 * std::erfc(-(z + shift) / std::numbers::sqrt2);
    const double weight = i == 0 || i == kCells ? 1 : i % 2 ? 4 : 2;  // Simpson
    sum += weight * std::exp(-0.5 * z * z) * std::pow(below, double(candidates - 1));
  }
  return sum * step / 3 / std::sqrt(2 * std::numbers::pi);
}

double residual_deviation(std::span<const std::vector<double>> values,
                          const std::vector<double>& means) {
  const size_t k = values.size(), n = values[0].size();
  double all = 0, sum = 0;
  for (const double m : means) all += m / double(k);
  for (size_t seed = 0; seed < n; ++seed) {
    double of_seed = 0;
    for (const std::vector<double>& v : values) of_seed += v[seed] / double(k);
    for (size_t i = 0; i < k; ++i) {
      const double r = values[i][seed] - means[i] - of_seed + all;
      sum += r * r;
    }
  }
  return std::sqrt(sum / (double(k - 1) * double(n - 1)));
}
}  // namespace

double dunnett_quantile(double p, int64_t candidates, double freedom) {
  if (candidates == 2) return t_quantile(p, freedom);
  thread_local std::map<std::tuple<double, int64_t, double>, double> known;
  const auto [entry, fresh] = known.try_emplace({p, candidates, freedom});
  if (!fresh) return entry->second;
  std::vector<double> spreads;
  for (int i = 0; i < kSpreads; ++i)
    spreads.push_back(std::sqrt(chi_squared_quantile((i + 0.5) / kSpreads, freedom) / freedom));
  double low = 0, high = 2 * t_quantile(1 - (1 - p) / double(candidates), freedom) + 1;
  for (int i = 0; i < 24; ++i) {
    const double d = (low + high) / 2;
    double chance = 0;
    for (const double s : spreads) chance += chance_below(d, candidates, s) / kSpreads;
    (chance < p ? low : high) = d;
  }
  return entry->second = (low + high) / 2;
}

BestOf best_of(std::span<const std::vector<double>> values, double alpha, int64_t least) {
  ensure(!values.empty() && !values[0].empty(), "no candidates");
  BestOf out;
  for (const std::vector<double>& v : values) {
    ensure(v.size() == values[0].size(), "candidates of different seeds");
    out.means.push_back(mean_of(v));
  }
  const auto k = int64_t(values.size()), n = int64_t(values[0].size());
  double reach = std::numeric_limits<double>::infinity();
  if (k > 1 && n >= std::max<int64_t>(2, least)) {
    out.deviation = residual_deviation(values, out.means);
    out.critical = dunnett_quantile(1 - alpha / 2, k, double((k - 1) * (n - 1)));
    reach = out.critical * out.deviation * std::sqrt(2.0 / double(n));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    double other = -std::numeric_limits<double>::infinity();
    for (size_t j = 0; j < values.size(); ++j)
      if (j != i) other = std::max(other, out.means[j]);
    const double difference = out.means[i] - other;  // infinite when it is the only one
    out.to_best.push_back(
        k == 1 ? Interval{0, 0}
               : Interval{std::min(0.0, difference - reach), std::max(0.0, difference + reach)});
    if (k == 1 || difference + reach > 0 || difference == 0) out.kept.push_back(i);
  }
  if (out.kept.size() == 1) out.named = out.kept[0];
  return out;
}
}  // namespace cambium
