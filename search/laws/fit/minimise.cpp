#include "search/laws/fit/minimise.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "search/laws/fit/linear.h"

namespace cambium {
namespace {
constexpr int kMostSteps = 400, kMostRestarts = 12;

struct State {
  std::vector<double> residuals, jacobian, values;
};

bool look(const LawModel& m, std::span<const double> targets, std::span<const double> theta,
          bool derivatives, State& s) {
  s.values.resize(m.points);
  s.residuals.resize(m.points);
  if (derivatives) s.jacobian.resize(m.points * m.parameters);
  m.values(theta, s.values.data(), derivatives ? s.jacobian.data() : nullptr);
  bool finite = true;
  for (size_t i = 0; i < m.points; ++i) {
    s.residuals[i] = s.values[i] - targets[i];
    finite = finite && std::isfinite(s.residuals[i]);
  }
  return finite;
}

double squares_of(const std::vector<double>& r) {
  return std::inner_product(r.begin(), r.end(), r.begin(), 0.0);
}

double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// J' w [p]
std::vector<double> pulled(const State& s, std::span<const double> w, size_t p) {
  std::vector<double> g(p, 0.0);
  for (size_t i = 0; i < w.size(); ++i)
    for (size_t k = 0; k < p; ++k) g[k] += s.jacobian[i * p + k] * w[i];
  return g;
}

// Huber's sum in coordinates u: theta = origin + F^-T u, F F' the weighted Gauss-Newton matrix.
struct Rounded {
  const LawModel& model;
  std::span<const double> targets;
  double delta;
  std::vector<double> origin, factor;
  State state{};
  int evaluations = 0;

  std::vector<double> theta(std::span<const double> u) const {
    const size_t p = u.size();
    std::vector<double> x(u.begin(), u.end());
    for (size_t i = p; i-- > 0;) {
      for (size_t k = i + 1; k < p; ++k) x[i] -= factor[k * p + i] * x[k];
      x[i] /= factor[i * p + i];
    }
    for (size_t i = 0; i < p; ++i) x[i] += origin[i];
    return x;
  }

  double value(std::span<const double> u, std::vector<double>& gradient) {
    ++evaluations;
    const size_t p = u.size();
    if (!look(model, targets, theta(u), true, state)) return HUGE_VAL;
    double sum = 0;
    std::vector<double> w(model.points);
    for (size_t i = 0; i < model.points; ++i) {
      sum += huber(state.residuals[i], delta);
      w[i] = std::clamp(state.residuals[i], -delta, delta);
    }
    gradient = pulled(state, w, p);
    for (size_t i = 0; i < p; ++i) {  // F^-1 g
      for (size_t k = 0; k < i; ++k) gradient[i] -= factor[i * p + k] * gradient[k];
      gradient[i] /= factor[i * p + i];
    }
    return std::isfinite(sum) ? sum : HUGE_VAL;
  }
};

// A step along `direction` that meets both weak Wolfe conditions, by bisection; 0 when none does.
double wolfe_step(Rounded& f, const std::vector<double>& u, double value,
                  const std::vector<double>& gradient, const std::vector<double>& direction,
                  std::vector<double>& to, double& to_value, std::vector<double>& to_gradient) {
  const double slope = dot(gradient, direction);
  double low = 0, high = HUGE_VAL, step = 1;
  for (int i = 0; i < 50; ++i) {
    for (size_t k = 0; k < u.size(); ++k) to[k] = u[k] + step * direction[k];
    to_value = f.value(to, to_gradient);
    if (!(to_value <= value + 1e-4 * step * slope))
      high = step;
    else if (dot(to_gradient, direction) < 0.7 * slope)
      low = step;
    else
      return step;
    step = high < HUGE_VAL ? (low + high) / 2 : 2 * low;
  }
  return low > 0 && to_value < value ? step : 0;
}

void update_inverse(std::vector<double>& h, std::span<const double> s, std::span<const double> y) {
  const size_t p = s.size();
  const double sy = dot(s, y);
  if (!(sy > 1e-300)) return;
  std::vector<double> hy(p, 0.0);
  for (size_t i = 0; i < p; ++i)
    for (size_t k = 0; k < p; ++k) hy[i] += h[i * p + k] * y[k];
  const double scale = (1 + dot(y, hy) / sy) / sy;
  for (size_t i = 0; i < p; ++i)
    for (size_t k = 0; k < p; ++k)
      h[i * p + k] += scale * s[i] * s[k] - (hy[i] * s[k] + s[i] * hy[k]) / sy;
}

std::vector<double> identity(size_t p) {
  std::vector<double> h(p * p, 0.0);
  for (size_t i = 0; i < p; ++i) h[i * p + i] = 1;
  return h;
}

// One descent from u = 0 until steps no longer pay.
void descend(Rounded& f, std::vector<double>& u, double& value) {
  const size_t p = u.size();
  std::vector<double> gradient, to(p), to_gradient(p), h = identity(p), direction(p);
  value = f.value(u, gradient);
  if (!std::isfinite(value)) return;
  for (int i = 0, idle = 0; i < kMostSteps && idle < 4; ++i) {
    for (size_t a = 0; a < p; ++a) {
      direction[a] = 0;
      for (size_t b = 0; b < p; ++b) direction[a] -= h[a * p + b] * gradient[b];
    }
    if (!(dot(direction, gradient) < 0)) break;
    double to_value = 0;
    if (wolfe_step(f, u, value, gradient, direction, to, to_value, to_gradient) == 0) break;
    std::vector<double> s(p), y(p);
    for (size_t a = 0; a < p; ++a) s[a] = to[a] - u[a], y[a] = to_gradient[a] - gradient[a];
    update_inverse(h, s, y);
    idle = value - to_value <= 1e-12 * value ? idle + 1 : 0;
    u = to;
    value = to_value;
    gradient = to_gradient;
  }
}
}  // namespace

double huber(double residual, double delta) {
  const double r = std::abs(residual);
  return r <= delta ? r * r / 2 : delta * (r - delta / 2);
}

Minimum least_squares(const LawModel& model, std::span<const double> targets,
                      std::vector<double> start) {
  const size_t p = model.parameters;
  State state, trial;
  Minimum best{std::move(start), HUGE_VAL, 1, false};
  if (!look(model, targets, best.theta, true, state)) return best;
  best.objective = squares_of(state.residuals);
  double damping = 1e-3;
  for (int i = 0, idle = 0; i < kMostSteps; ++i) {
    const std::vector<double> a = gram(state.jacobian, p);
    const std::vector<double> g = pulled(state, state.residuals, p);
    std::vector<double> damped = a;
    double largest = 1e-300;
    for (size_t k = 0; k < p; ++k) largest = std::max(largest, a[k * p + k]);
    for (size_t k = 0; k < p; ++k)
      damped[k * p + k] += damping * std::max(a[k * p + k], 1e-12 * largest);
    const std::vector<double> step = cholesky_solve(cholesky(damped, p), g);
    std::vector<double> to = best.theta;
    for (size_t k = 0; k < p; ++k) to[k] -= step[k];
    ++best.evaluations;
    const bool finite = look(model, targets, to, true, trial);
    const double value = finite ? squares_of(trial.residuals) : HUGE_VAL;
    if (value <= best.objective) {
      idle = best.objective - value <= 1e-13 * best.objective ? idle + 1 : 0;
      best.theta = to;
      best.objective = value;
      std::swap(state, trial);
      damping = std::max(damping / 8, 1e-12);
    } else {
      damping *= 6;
    }
    if (idle >= 3 || damping > 1e14 || best.objective == 0) {
      best.converged = true;
      break;
    }
  }
  return best;
}

Minimum least_huber(const LawModel& model, std::span<const double> targets,
                    std::vector<double> start, double delta) {
  const size_t p = model.parameters;
  Minimum best{std::move(start), HUGE_VAL, 0, false};
  for (int restart = 0; restart < kMostRestarts; ++restart) {
    Rounded f{model, targets, delta, best.theta, identity(p)};
    ++f.evaluations;
    if (!look(model, targets, best.theta, true, f.state)) return best;
    std::vector<double> weighted = f.state.jacobian;
    for (size_t i = 0; i < model.points; ++i) {
      const double r = std::abs(f.state.residuals[i]);
      const double w = std::sqrt(r <= delta ? 1 : delta / r);
      for (size_t k = 0; k < p; ++k) weighted[i * p + k] *= w;
    }
    f.factor = cholesky(gram(weighted, p), p, 1e-10);
    std::vector<double> u(p, 0.0);
    double value = HUGE_VAL;
    descend(f, u, value);
    best.evaluations += f.evaluations;
    if (!(value < best.objective)) {
      best.converged = restart > 0;
      break;
    }
    const double gain = best.objective - value;
    best.theta = f.theta(u);
    best.objective = value;
    if (gain <= 1e-10 * value) {
      best.converged = true;
      break;
    }
  }
  return best;
}
}  // namespace cambium
