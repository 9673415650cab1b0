#include "search/methods/support/improvement.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cambium {
namespace {
double standard_density(double z) {
  return std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
}

double standard_below(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

// z Phi(z) + phi(z): the improvement of a standard normal on z. Far below 0 the two cancel.
double standard_improvement(double z) {
  if (z > -8) return z * standard_below(z) + standard_density(z);
  const double w = 1 / (z * z);
  return standard_density(z) * w * (1 - w * (3 - w * (15 - 105 * w)));
}
}  // namespace

double expected_improvement(const Normal& result, double least) {
  return result.deviation * standard_improvement((least - result.mean) / result.deviation);
}

double log_expected_improvement(const Normal& result, double least) {
  const double z = (least - result.mean) / result.deviation;
  if (z > -8) return std::log(result.deviation) + std::log(standard_improvement(z));
  const double w = 1 / (z * z);
  return std::log(result.deviation) - 0.5 * z * z - 0.5 * std::log(2 * std::numbers::pi) +
         std::log(w) + std::log1p(-w * (3 - w * (15 - 105 * w)));
}

HypervolumeImprovement::HypervolumeImprovement(std::vector<std::vector<double>> front,
                                               std::vector<double> reference) {
  std::ranges::sort(front);
  double ceiling = reference[1];
  for (const std::vector<double>& p : front) {
    if (p[0] >= reference[0] || p[1] >= ceiling) continue;
    strips_.push_back({p[0], ceiling});
    ceiling = p[1];
  }
  strips_.push_back({reference[0], ceiling});
}

// A strip's part right of the first result, times how far the second lies below its ceiling: of
// independent results the expectation of the product is that of the expectations.
double HypervolumeImprovement::expected(const Normal& first, const Normal& second) const {
  double sum = 0, left = 0;
  for (const Strip& s : strips_) {
    const double right = expected_improvement(first, s.end);
    sum += (right - left) * expected_improvement(second, s.ceiling);
    left = right;
  }
  return sum;
}
}  // namespace cambium
