#include "search/laws/fit/interval.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/rng.h"
#include "search/laws/fit/linear.h"
#include "search/support/boost_math.h"

namespace cambium {
namespace {
constexpr double kFarthest = 60;  // standard errors that a profile is followed
constexpr double kStiff = 300;    // weight of a pull that is to hold, over the curve's own

double critical(const LawFit& fit, double level) {
  return t_quantile((1 + level) / 2, fit.freedom);
}

// The runs and one more, an observation of weight w that g is c.
struct Pulled {
  const LawFit& fit;
  const ThetaFunction& g;
  double weight;
  std::vector<LawInput> at;
  std::vector<double> targets;
  Theta theta;  // where the next descent begins

  Pulled(const LawFit& f, const ThetaFunction& function, double w)
      : fit(f), g(function), weight(w), theta(f.theta) {
    for (const LawRun& r : f.runs) at.push_back(r.at), targets.push_back(r.log_answer);
    targets.push_back(0);
  }

  // The least sum of squares; with_pull: that of the further observation too.
  double squares(double c, bool with_pull) {
    const size_t n = at.size(), p = theta.size();
    targets.back() = weight * c;
    const LawModel model = {n + 1, p, [&](std::span<const double> x, double* values, double* j) {
                              fit.law->values(x, at, values, j);
                              values[n] = weight * g(x);
                              if (!j) return;
                              const std::vector<double> slope = gradient_of(g, x);
                              for (size_t k = 0; k < p; ++k) j[n * p + k] = weight * slope[k];
                            }};
    const Minimum m = least_squares(model, targets, theta);
    if (!std::isfinite(m.objective)) return HUGE_VAL;
    theta = m.theta;
    const double pull = weight * (g(theta) - c);
    return m.objective - (with_pull ? 0 : pull * pull);
  }
};

// Follows the profile from the best value by `step` a standard error, to where its root of squares
// over s^2 is t. `where` answers what c stands for: g reached, or c itself. Every descent begins
// where the nearest step that was not too far ended: from a step too far there may be no way back,
// such as from a floor that has gone to zero, whose logarithm has no slope any more.
double profile_end(Pulled& pulled, double best, double step, double t, bool with_pull) {
  Theta near = pulled.theta;
  const auto height = [&](double u) {
    pulled.theta = near;
    const double rise = pulled.squares(best + u * step, with_pull) - pulled.fit.objective;
    return std::sqrt(std::max(0.0, rise)) / pulled.fit.scale - t;
  };
  double low = 0, low_height = -t, high = t, high_height = height(high);
  while (high_height < 0) {
    low = high;
    low_height = high_height;
    near = pulled.theta;
    high *= 1.7;
    if (high > kFarthest) return step > 0 ? HUGE_VAL : -HUGE_VAL;
    high_height = height(high);
  }
  for (int i = 0; i < 40 && high - low > 1e-4 * high; ++i) {
    const double share = std::clamp(-low_height / (high_height - low_height), 0.05, 0.95);
    const double middle =
        std::isfinite(high_height) ? low + share * (high - low) : (low + high) / 2;
    const double h = height(middle);
    if (std::abs(h) < 1e-5) {
      low = high = middle;
      break;
    }
    if (h < 0) near = pulled.theta;
    (h < 0 ? low : high) = middle;
    (h < 0 ? low_height : high_height) = h;
  }
  const double u = (low + high) / 2;
  pulled.theta = near;
  pulled.squares(best + u * step, with_pull);
  return with_pull ? best + u * step : pulled.g(pulled.theta);
}

Interval profile_of(const LawFit& fit, const ThetaFunction& g, double error, double weight,
                    bool with_pull, double level) {
  const double best = g(fit.theta), t = critical(fit, level);
  Interval out{};
  for (int side : {-1, 1}) {
    Pulled pulled(fit, g, weight);
    (side < 0 ? out.low : out.high) = profile_end(pulled, best, side * error, t, with_pull);
  }
  return out;
}

ThetaFunction log_answer_at(const LawFit& fit, const LawInput& at) {
  return [law = fit.law, at](std::span<const double> theta) {
    double value = NAN;
    law->values(theta, {&at, 1}, &value, nullptr);
    return value;
  };
}

Interval around(double value, double reach) {
  return {value - reach, value + reach};
}

Interval exponential(Interval i) {
  return {std::exp(i.low), std::exp(i.high)};
}
}  // namespace

std::vector<double> gradient_of(const ThetaFunction& g, std::span<const double> theta) {
  std::vector<double> x(theta.begin(), theta.end()), out;
  for (size_t k = 0; k < x.size(); ++k) {
    const double h = 1e-5 * std::max(1.0, std::abs(theta[k]) * 0.1);
    x[k] = theta[k] + h;
    const double above = g(x);
    x[k] = theta[k] - h;
    out.push_back((above - g(x)) / (2 * h));
    x[k] = theta[k];
  }
  return out;
}

double error_of(const LawFit& fit, const ThetaFunction& g) {
  return std::sqrt(quadratic(gradient_of(g, fit.theta), fit.covariance));
}

Interval delta_interval(const LawFit& fit, const ThetaFunction& g, double level) {
  return around(g(fit.theta), critical(fit, level) * error_of(fit, g));
}

Interval profile_interval(const LawFit& fit, const ThetaFunction& g, double level) {
  const double error = error_of(fit, g);
  if (fit.kind == FitObjective::kHuber || !(error > 0) || !std::isfinite(error))
    return delta_interval(fit, g, level);
  // As stiff whatever the unit of g: a standard error of g then costs kStiff^2 s^2.
  return profile_of(fit, g, error, kStiff * fit.scale / error, false, level);
}

Prediction predict(const LawFit& fit, const LawInput& at, IntervalKind kind, double level) {
  const ThetaFunction g = log_answer_at(fit, at);
  const double value = g(fit.theta), error = error_of(fit, g), t = critical(fit, level);
  Prediction out{std::exp(value)};
  const double spread = fit.run_spread_at(at);
  const bool huber_sum = fit.kind == FitObjective::kHuber;
  if (kind == IntervalKind::kProfile && !huber_sum && error > 0 && std::isfinite(error)) {
    out.curve = exponential(profile_interval(fit, g, level));
    // A new run is one more observation, of the weight that its own spread gives it.
    const double weight = fit.scale / spread;
    const double whole = std::hypot(error, spread);
    out.run = exponential(profile_of(fit, g, whole, weight, true, level));
    return out;
  }
  out.curve = exponential(around(value, t * error));
  out.run = exponential(around(value, std::hypot(t * error, huber_sum ? spread : t * spread)));
  return out;
}

std::vector<Theta> bootstrap_fits(const LawFit& fit, int draws, uint64_t seed) {
  const std::vector<size_t> site = sites_of(fit.runs);
  std::vector<std::vector<size_t>> runs_of(fit.sites);
  for (size_t i = 0; i < site.size(); ++i) runs_of[site[i]].push_back(i);
  std::vector<Theta> out;
  for (int draw = 0; draw < draws; ++draw) {
    Random random(seed, stream_of("law_bootstrap") + uint64_t(draw));
    std::vector<LawInput> at;
    std::vector<double> answers;
    std::set<uint32_t> drawn;
    for (size_t k = 0; k < fit.sites; ++k) {
      const uint32_t from = random.below(uint32_t(fit.sites));
      const std::vector<size_t>& runs = runs_of[from];
      drawn.insert(from);
      for (size_t r = 0; r < runs.size(); ++r) {
        const LawRun& run = fit.runs[runs[random.below(uint32_t(runs.size()))]];
        at.push_back(run.at);
        answers.push_back(run.log_answer);
      }
    }
    if (drawn.size() < fit.theta.size()) continue;  // they leave a parameter where it began
    const LawModel model = model_of(*fit.law, at);
    const Minimum m = fit.kind == FitObjective::kHuber
                          ? least_huber(model, answers, fit.theta, kHuberDelta)
                          : least_squares(model, answers, fit.theta);
    if (std::isfinite(m.objective)) out.push_back(m.theta);
  }
  return out;
}

Interval percentile_interval(const std::vector<Theta>& fits, const ThetaFunction& g, double level) {
  std::vector<double> values;
  for (const Theta& theta : fits)
    if (const double v = g(theta); std::isfinite(v)) values.push_back(v);
  if (values.size() < 20) return {NAN, NAN};
  std::ranges::sort(values);
  const auto at = [&](double share) {
    const double place = share * double(values.size() - 1);
    const auto i = size_t(place);
    const double rest = place - double(i);
    return values[i] + (i + 1 < values.size() ? rest * (values[i + 1] - values[i]) : 0);
  };
  return {at((1 - level) / 2), at((1 + level) / 2)};
}
}  // namespace cambium
