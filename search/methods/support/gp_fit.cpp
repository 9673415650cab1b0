#include "search/methods/support/gp_fit.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cambium {
namespace {
using Vector = std::vector<double>;

// Of a parameter's logarithm.
struct Prior {
  double mean, deviation, low, high;
};

Prior prior_of(size_t i, size_t lengths) {
  if (i == 0) return {0, 1, std::log(0.05), std::log(20.0)};
  if (i == 1) return {std::log(1e-3), 2, std::log(1e-6), 0};
  return {0.5 * std::log(double(lengths)), 1.5, std::log(0.05), std::log(50.0)};
}

GpParameters parameters_of(const Vector& logs) {
  GpParameters p{std::exp(logs[0]), std::exp(logs[1]), {}};
  for (size_t i = 2; i < logs.size(); ++i) p.lengths.push_back(std::exp(logs[i]));
  return p;
}

Vector logs_of(const GpParameters& p) {
  Vector out = {std::log(p.signal), std::log(p.noise)};
  for (const double l : p.lengths) out.push_back(std::log(l));
  return out;
}

double dot(const Vector& a, const Vector& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// Ascent by BFGS; what would leave the bounds stays on them.
class Ascent {
 public:
  Ascent(const PointPairs& pairs, std::span<const double> values, Vector start)
      : pairs_(pairs), values_(values), x_(std::move(start)), lengths_(x_.size() - 2) {
    clamp(x_);
    value_ = evaluate(x_, gradient_);
    forget();
  }

  void climb(int evaluations) {
    while (evaluations_ < evaluations && step(evaluations)) {
    }
  }

  const Vector& place() const { return x_; }

  double value() const { return value_; }  // -HUGE_VAL: none

 private:
  const PointPairs& pairs_;
  std::span<const double> values_;
  Vector x_, gradient_, inverse_;  // of the Hessian, negated: [p,p]
  size_t lengths_;
  double value_ = 0;
  int evaluations_ = 0;

  void clamp(Vector& x) const {
    for (size_t i = 0; i < x.size(); ++i) {
      const Prior p = prior_of(i, lengths_);
      x[i] = std::clamp(x[i], p.low, p.high);
    }
  }

  double evaluate(const Vector& x, Vector& gradient) {
    ++evaluations_;
    return log_posterior(pairs_, values_, parameters_of(x), &gradient).value_or(-HUGE_VAL);
  }

  void forget() {
    inverse_.assign(x_.size() * x_.size(), 0);
    for (size_t i = 0; i < x_.size(); ++i) inverse_[i * x_.size() + i] = 1;
  }

  bool held(size_t i) const {
    const Prior p = prior_of(i, lengths_);
    return (x_[i] <= p.low && gradient_[i] < 0) || (x_[i] >= p.high && gradient_[i] > 0);
  }

  Vector direction() const {
    const size_t n = x_.size();
    Vector d(n);
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n && !held(i); ++j)
        if (!held(j)) d[i] += inverse_[i * n + j] * gradient_[j];
    // No parameter changes by more than a factor of e^1.5 at once.
    double most = 0;
    for (const double v : d) most = std::max(most, std::abs(v));
    for (double& v : d) v *= most > 1.5 ? 1.5 / most : 1;
    return d;
  }

  bool step(int evaluations) {
    if (value_ == -HUGE_VAL) return false;
    Vector d = direction();
    double rise = dot(d, gradient_);
    if (rise < 1e-6) return false;
    for (double share = 1; evaluations_ < evaluations && share > 1e-3; share *= 0.3) {
      Vector x = x_, gradient;
      for (size_t i = 0; i < x.size(); ++i) x[i] += share * d[i];
      clamp(x);
      const double value = evaluate(x, gradient);
      if (value < value_ + 1e-4 * share * rise) continue;
      learn(x, gradient);
      const bool enough = value - value_ < 1e-4;
      x_ = std::move(x);
      gradient_ = std::move(gradient);
      value_ = value;
      return !enough;
    }
    return false;
  }

  // inverse' = (I - s y'/s'y) inverse (I - y s'/s'y) + s s'/s'y, with y the gradient's fall.
  void learn(const Vector& x, const Vector& gradient) {
    const size_t n = x_.size();
    Vector s(n), y(n), hy(n);
    for (size_t i = 0; i < n; ++i) {
      s[i] = x[i] - x_[i];
      y[i] = gradient_[i] - gradient[i];
    }
    const double sy = dot(s, y);
    if (sy < 1e-10) return forget();
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j) hy[i] += inverse_[i * n + j] * y[j];
    const double yhy = dot(y, hy);
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j)
        inverse_[i * n + j] +=
            (1 + yhy / sy) * s[i] * s[j] / sy - (hy[i] * s[j] + s[i] * hy[j]) / sy;
  }
};
}  // namespace

std::optional<double> log_posterior(const PointPairs& pairs, std::span<const double> values,
                                    const GpParameters& p, std::vector<double>* gradient) {
  std::optional<double> sum = log_marginal_likelihood(pairs, values, p, gradient);
  if (!sum) return sum;
  const Vector logs = logs_of(p);
  for (size_t i = 0; i < logs.size(); ++i) {
    const Prior prior = prior_of(i, p.lengths.size());
    const double z = (logs[i] - prior.mean) / prior.deviation;
    *sum -= 0.5 * z * z;
    if (gradient) (*gradient)[i] -= z / prior.deviation;
  }
  return sum;
}

GpParameters fit_gp(const PointPairs& pairs, std::span<const double> values,
                    const GpFitSettings& settings, const GpParameters& start) {
  Ascent ascent(pairs, values, logs_of(start));
  ascent.climb(settings.evaluations);
  return parameters_of(ascent.place());
}

GpParameters fit_gp(const PointPairs& pairs, std::span<const double> values,
                    const GpFitSettings& settings, Random& random) {
  Vector best;
  double most = 0;
  for (int k = 0; k < settings.starts; ++k) {
    Vector start;
    for (size_t i = 0; i < 2 + pairs.groups; ++i) {
      const Prior p = prior_of(i, pairs.groups);
      start.push_back(p.mean + (k == 0 ? 0 : p.deviation * random.normal()));
    }
    Ascent ascent(pairs, values, std::move(start));
    ascent.climb(settings.evaluations);
    if (!best.empty() && ascent.value() <= most) continue;
    most = ascent.value();
    best = ascent.place();
  }
  return parameters_of(best);
}
}  // namespace cambium
