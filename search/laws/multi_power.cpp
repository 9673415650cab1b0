// The loss along a training by the rates it ran under: a power of their sum, and what each fall of
// the rate gives, which comes as the following steps are made.
#include <algorithm>
#include <cmath>

#include "search/laws/fit/linear.h"
#include "search/laws/schedule/schedule_law.h"

namespace cambium::law_multi_power {
namespace {
enum { kFloor, kAmplitude, kGain, kSpeed, kAlpha, kBeta, kGamma, kParameters };

// What falls of the rate have given by one step, and its derivatives by the logarithms of C, beta
// and gamma.
struct Given {
  double gain = 0, by_speed = 0, by_beta = 0, by_gamma = 0;
};

Given given_at(const ScheduleCurve& c, size_t place, double speed, double beta, double gamma,
               std::span<const double> scaled) {
  Given g;
  for (size_t k = 0; k < c.changes.size() && c.changes[k].step <= c.steps[place]; ++k) {
    const RateChange& change = c.changes[k];
    const double u = speed * scaled[k] * std::max(0.0, c.sums[place] - change.before);
    const double log_more = std::log1p(u), left = std::exp(-beta * log_more);
    g.gain -= change.fall * std::expm1(-beta * log_more);  // 1 - left has no digits of a small beta
    const double slope = change.fall * beta * left * u / (1 + u);
    g.by_speed += slope;
    g.by_gamma -= slope * gamma * std::log(change.rate);
    g.by_beta += change.fall * left * beta * log_more;
  }
  return g;
}

// rate^-gamma of each change.
std::vector<double> scaled_of(const ScheduleCurve& c, double gamma) {
  std::vector<double> out;
  for (const RateChange& change : c.changes) out.push_back(std::pow(change.rate, -gamma));
  return out;
}

void values(std::span<const double> theta, const ScheduleCurve& c, double* log_values,
            double* jacobian) {
  std::array<double, kParameters> x;
  for (size_t i = 0; i < kParameters; ++i) x[i] = std::exp(theta[i]);
  const std::vector<double> scaled = scaled_of(c, x[kGamma]);
  for (size_t i = 0; i < c.steps.size(); ++i) {
    const double log_sum = std::log(c.sums[i]);
    const double power = x[kAmplitude] * std::exp(-x[kAlpha] * log_sum);
    const Given g = given_at(c, i, x[kSpeed], x[kBeta], x[kGamma], scaled);
    const double loss = x[kFloor] + power - x[kGain] * g.gain;
    log_values[i] = loss > 0 ? std::log(loss) : NAN;
    if (!jacobian) continue;
    double* row = jacobian + kParameters * i;
    row[kFloor] = x[kFloor] / loss;
    row[kAmplitude] = power / loss;
    row[kGain] = -x[kGain] * g.gain / loss;
    row[kSpeed] = -x[kGain] * g.by_speed / loss;
    row[kAlpha] = -power * x[kAlpha] * log_sum / loss;
    row[kBeta] = -x[kGain] * g.by_beta / loss;
    row[kGamma] = -x[kGain] * g.by_gamma / loss;
  }
}

// The middle of rate^-gamma times the sum of rates that follow, of all changes.
double middle_reach(std::span<const ScheduleCurve> curves, double gamma) {
  std::vector<double> reach;
  for (const ScheduleCurve& c : curves)
    for (const RateChange& change : c.changes)
      reach.push_back(std::pow(change.rate, -gamma) * (c.sums.back() - change.before));
  std::ranges::sort(reach);
  return std::max(reach[reach.size() / 2], 1e-300);
}

struct Candidate {
  double squares;
  Theta theta;
};

// Given the exponents and the speed, the rest is linear.
Candidate solve(std::span<const ScheduleCurve> curves, double alpha, double beta, double gamma,
                double speed) {
  std::vector<double> floor, power, gain;
  for (const ScheduleCurve& c : curves) {
    const std::vector<double> scaled = scaled_of(c, gamma);
    for (size_t i = 0; i < c.steps.size(); ++i) {
      floor.push_back(1 / c.losses[i]);
      power.push_back(std::pow(c.sums[i], -alpha) / c.losses[i]);
      gain.push_back(-given_at(c, i, speed, beta, gamma, scaled).gain / c.losses[i]);
    }
  }
  const std::vector<double> ones(floor.size(), 1.0);
  const std::vector<const double*> columns = {floor.data(), power.data(), gain.data()};
  const NonNegative found = non_negative_least_squares(columns, ones);
  Candidate out{found.squares, {}};
  // What the grid finds absent may come back in descent.
  for (double v : {found.x[0], found.x[1], found.x[2], speed, alpha, beta, gamma})
    out.theta.push_back(std::log(std::max(v, 1e-6)));
  return out;
}

std::vector<Theta> starts(std::span<const ScheduleCurve> curves) {
  constexpr size_t kStarts = 4;
  std::vector<Candidate> all;
  for (double alpha : {0.3, 0.5, 0.75})
    for (double gamma : {0.3, 0.6, 0.9}) {
      const double reach = middle_reach(curves, gamma);
      for (double beta : {0.01, 0.05, 0.2, 0.6})
        for (double times : {1.0, 10.0, 100.0}) {
          Candidate c = solve(curves, alpha, beta, gamma, times / reach);
          if (std::ranges::all_of(c.theta, [](double v) { return std::isfinite(v); }))
            all.push_back(std::move(c));
        }
    }
  std::ranges::stable_sort(all, {}, &Candidate::squares);
  std::vector<Theta> out;
  for (size_t i = 0; i < all.size() && out.size() < kStarts; ++i)
    out.push_back(std::move(all[i].theta));
  return out;
}

constexpr ScheduleForm kForm = {values, starts};
}  // namespace

extern const Law law_multi_power;
const Law law_multi_power = {
    .name = "multi_power",
    .doc = "the loss along a training by its schedule of rates",
    .paper = "Luo et al. 2025, arXiv 2503.12811",
    .formula =
        "L(t) = E + A S(t)^-a - B sum_k (r_(k-1) - r_k) (1 - (1 + C r_k^-g S_k(t))^-b), "
        "S the sum of rates r up to t, S_k that from k on; k after warm-up",
    .needs = {},
    .parameters = {{"E", "the loss's floor", true},
                   {"A", "amplitude of what steps take away", true},
                   {"B", "what a fall of the rate gives at most", true},
                   {"C", "how soon a fall gives it", true},
                   {"a", "exponent of the sum of rates", true},
                   {"b", "exponent of what a fall gives", true},
                   {"g", "exponent of the rate in it", true}},
    .of_schedules = &kForm};
}  // namespace cambium::law_multi_power
