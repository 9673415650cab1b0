// GaussianProcess: what is believed of a function after some of its values, noisy ones: at each
// point a normal distribution (Rasmussen and Williams 2006, chapters 2 and 5).
#pragma once
#include <optional>
#include <span>
#include <vector>

namespace cambium {
// Of the kernel signal (1 + r sqrt5 + 5 r^2 / 3) exp(-r sqrt5) + noise where a point meets itself:
// Matern 5/2 of r^2 = sum over groups g of (distance in g / lengths[g])^2.
struct GpParameters {
  double signal = 1, noise = 0.01;  // variances
  std::vector<double> lengths;      // one a group

  bool operator==(const GpParameters&) const = default;
};

// What lies between n points: squared distances, pair (i, j <= i) after pair, one a group.
struct PointPairs {
  size_t points = 0, groups = 0;
  std::vector<double> squared;

  PointPairs(size_t n, size_t g) : points(n), groups(g), squared(n * (n + 1) / 2 * g) {}

  std::span<double> at(size_t i, size_t j) {
    return std::span(squared).subspan((i * (i + 1) / 2 + j) * groups, groups);
  }

  std::span<const double> at(size_t i, size_t j) const {
    return std::span(squared).subspan((i * (i + 1) / 2 + j) * groups, groups);
  }
};

double matern52(std::span<const double> squared, const GpParameters& p);

// The logarithm of the density of `values` at those points, of mean 0. Where asked, its derivatives
// by the logarithms of signal, noise and each length. None where rounding leaves the kernel's
// matrix not positive.
std::optional<double> log_marginal_likelihood(const PointPairs& pairs,
                                              std::span<const double> values, const GpParameters& p,
                                              std::vector<double>* gradient = nullptr);

struct Normal {
  double mean = 0, deviation = 1;
};

class GaussianProcess {
 public:
  // InternalError where the kernel's matrix stays not positive even with more noise.
  GaussianProcess(const PointPairs& pairs, std::span<const double> values, GpParameters p);

  // Of the function itself, without noise, at m points. `squared`: their squared distances to each
  // of the n points that are known: point after point, [m, n, groups].
  std::vector<Normal> at(std::span<const double> squared) const;

  // Of the function at the points that are known.
  const std::vector<double>& means() const { return means_; }

  const GpParameters& parameters() const { return parameters_; }

 private:
  size_t points_;
  GpParameters parameters_;
  std::vector<double> factor_, weights_, means_;  // lower [n,n]; K^-1 values
};
}  // namespace cambium
