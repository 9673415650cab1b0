#include "search/methods/support/gaussian_process.h"

#include <cmath>
#include <numbers>

#include "core/error.h"
#include "ops/product/support/eigen.h"

namespace cambium {
namespace {
const double kRoot5 = std::sqrt(5.0);

// r^2 of one pair.
double weighed(std::span<const double> squared, std::span<const double> inverse_squares) {
  double sum = 0;
  for (size_t g = 0; g < squared.size(); ++g) sum += squared[g] * inverse_squares[g];
  return sum;
}

std::vector<double> inverse_squares(const GpParameters& p) {
  std::vector<double> out;
  for (const double l : p.lengths) out.push_back(1 / (l * l));
  return out;
}

double matern52_of(double r2, double signal) {
  const double z = kRoot5 * std::sqrt(r2);
  return signal * (1 + z + z * z / 3) * std::exp(-z);
}

// [n,n], with the noise on its diagonal.
std::vector<double> matrix_of(const PointPairs& pairs, const GpParameters& p) {
  const size_t n = pairs.points;
  const std::vector<double> scale = inverse_squares(p);
  std::vector<double> k(n * n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < i; ++j)
      k[i * n + j] = k[j * n + i] = matern52_of(weighed(pairs.at(i, j), scale), p.signal);
    k[i * n + i] = p.signal + p.noise;
  }
  return k;
}

// lower lower' x = values
std::vector<double> solved(const std::vector<double>& lower, std::span<const double> values) {
  std::vector<double> x(values.begin(), values.end());
  const auto n = int64_t(x.size());
  solve_lower_f64(n, 1, lower.data(), false, x.data());
  solve_lower_f64(n, 1, lower.data(), true, x.data());
  return x;
}

std::vector<double> inverse_of_factor(const std::vector<double>& lower, size_t n) {
  std::vector<double> x(n * n);
  for (size_t i = 0; i < n; ++i) x[i * n + i] = 1;
  solve_lower_f64(int64_t(n), int64_t(n), lower.data(), false, x.data());
  solve_lower_f64(int64_t(n), int64_t(n), lower.data(), true, x.data());
  return x;
}

// Half the trace of (w w' - K^-1) dK / d log parameter, for each (equation 5.9).
std::vector<double> likelihood_gradient(const PointPairs& pairs, const GpParameters& p,
                                        const std::vector<double>& weights,
                                        const std::vector<double>& inverse) {
  const size_t n = pairs.points;
  const std::vector<double> scale = inverse_squares(p);
  std::vector<double> out(2 + pairs.groups);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < i; ++j) {
      const std::span<const double> squared = pairs.at(i, j);
      const double both = weights[i] * weights[j] - inverse[i * n + j];  // twice half
      const double r2 = weighed(squared, scale), z = kRoot5 * std::sqrt(r2);
      const double decay = p.signal * std::exp(-z);
      out[0] += both * decay * (1 + z + z * z / 3);
      // dk / d log l_g = 5/3 signal (1 + z) exp(-z) (d_g / l_g)^2
      const double slope = both * decay * (1 + z) * 5 / 3;
      for (size_t g = 0; g < pairs.groups; ++g) out[2 + g] += slope * squared[g] * scale[g];
    }
    const double own = (weights[i] * weights[i] - inverse[i * n + i]) / 2;
    out[0] += own * p.signal;
    out[1] += own * p.noise;
  }
  return out;
}
}  // namespace

double matern52(std::span<const double> squared, const GpParameters& p) {
  return matern52_of(weighed(squared, inverse_squares(p)), p.signal);
}

std::optional<double> log_marginal_likelihood(const PointPairs& pairs,
                                              std::span<const double> values, const GpParameters& p,
                                              std::vector<double>* gradient) {
  const size_t n = pairs.points;
  std::vector<double> lower(n * n);
  if (!cholesky_f64(int64_t(n), matrix_of(pairs, p).data(), lower.data())) return std::nullopt;
  const std::vector<double> weights = solved(lower, values);
  double sum = -0.5 * double(n) * std::log(2 * std::numbers::pi);
  for (size_t i = 0; i < n; ++i) sum -= 0.5 * values[i] * weights[i] + std::log(lower[i * n + i]);
  if (gradient) *gradient = likelihood_gradient(pairs, p, weights, inverse_of_factor(lower, n));
  return sum;
}

GaussianProcess::GaussianProcess(const PointPairs& pairs, std::span<const double> values,
                                 GpParameters p)
    : points_(pairs.points), parameters_(std::move(p)), factor_(points_ * points_) {
  ensure(values.size() == points_, "a process of ", points_, " points and ", values.size(),
         " values");
  const auto n = int64_t(points_);
  for (int tries = 0; !cholesky_f64(n, matrix_of(pairs, parameters_).data(), factor_.data());
       ++tries) {
    ensure(tries < 8, "a kernel's matrix is not positive");
    parameters_.noise = std::max(10 * parameters_.noise, 1e-10 * parameters_.signal);
  }
  weights_ = solved(factor_, values);
  for (size_t i = 0; i < points_; ++i)
    means_.push_back(values[i] - parameters_.noise * weights_[i]);
}

std::vector<Normal> GaussianProcess::at(std::span<const double> squared) const {
  const size_t n = points_, groups = parameters_.lengths.size(), m = squared.size() / n / groups;
  const std::vector<double> scale = inverse_squares(parameters_);
  std::vector<double> k(n * m);  // [n, m]
  std::vector<Normal> out(m);
  for (size_t q = 0; q < m; ++q) {
    double mean = 0;
    for (size_t i = 0; i < n; ++i) {
      const double r2 = weighed(squared.subspan((q * n + i) * groups, groups), scale);
      k[i * m + q] = matern52_of(r2, parameters_.signal);
      mean += k[i * m + q] * weights_[i];
    }
    out[q].mean = mean;
  }
  solve_lower_f64(int64_t(n), int64_t(m), factor_.data(), false, k.data());
  std::vector<double> known(m);  // how much of the variance
  for (size_t i = 0; i < n; ++i)
    for (size_t q = 0; q < m; ++q) known[q] += k[i * m + q] * k[i * m + q];
  for (size_t q = 0; q < m; ++q)
    out[q].deviation =
        std::sqrt(std::max(1e-12 * parameters_.signal, parameters_.signal - known[q]));
  return out;
}
}  // namespace cambium
