#include "search/laws/fit/fit.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/error.h"
#include "core/text/fmt.h"
#include "search/laws/fit/linear.h"

namespace cambium {
namespace {
std::vector<LawInput> inputs_of(const std::vector<LawRun>& runs) {
  std::vector<LawInput> at;
  for (const LawRun& r : runs) at.push_back(r.at);
  return at;
}

std::vector<double> answers_of(const std::vector<LawRun>& runs) {
  std::vector<double> out;
  for (const LawRun& r : runs) out.push_back(r.log_answer);
  return out;
}

// Of the quantities that the law needs.
size_t different_inputs(const Law& law, const std::vector<LawRun>& runs) {
  std::set<std::vector<double>> inputs;
  for (const LawRun& r : runs) {
    std::vector<double> x;
    for (Quantity q : law.needs) x.push_back(r.at.x[q]);
    inputs.insert(x);
  }
  return inputs.size();
}

void check_room(const Law& law, const std::vector<LawRun>& runs) {
  require_inputs(law, runs);
  if (std::ranges::all_of(runs,
                          [&](const LawRun& r) { return r.log_answer == runs[0].log_answer; }))
    throw UserError(
        str("every ", law.answers, " is ", fmt::format("{:.6g}", std::exp(runs[0].log_answer)),
            ": there is no law to fit"),
        "look at the points");
}

void spread_of_squares(LawFit& fit, const std::vector<double>& residuals) {
  double squares = 0;
  for (double r : residuals) squares += r * r;
  const auto n = double(residuals.size()), p = double(fit.theta.size());
  fit.freedom = n - p;
  fit.scale = fit.run_spread = std::sqrt(squares / fit.freedom);
  if (!fit.lack.refused()) return;
  // What the curve misses is shared by the repeats of an input: inputs are what there is of it.
  const LackOfFit& l = fit.lack;
  fit.freedom = l.sites;
  fit.scale = std::hypot(l.noise, l.misfit * std::sqrt(n / double(fit.sites)));
  fit.run_spread = std::hypot(l.noise, l.misfit);
}

// Where the density of errors about 0 is read off, from sizes of residuals in their order. With
// errors much larger than Huber's delta the sum is nearly one of absolute values: the curve passes
// through p points and few others lie within delta, so that a wider window is taken.
struct Centre {
  double window, share;  // of residuals, in it
};

Centre centre_of(std::span<const double> sizes, size_t p) {
  const std::span<const double> rest = sizes.subspan(p);
  const auto n = double(sizes.size());
  const double deviation = rest[rest.size() / 2] / 0.6745;  // of normal errors, from their median
  const double window = std::max(kHuberDelta, deviation * std::pow(n, -0.2));
  const auto within = double(std::ranges::upper_bound(sizes, window) - sizes.begin());
  return {window, std::max(1.0, within) / n};
}

// Of sizes of residuals in their order, the 95 % quantile that a further one stays below.
double quantile_of(std::span<const double> sizes) {
  const auto place = size_t(std::ceil(0.95 * double(sizes.size() + 1))) - 1;
  return sizes[std::min(place, sizes.size() - 1)];
}

// The sandwich of an M-estimate with Huber's correction (Huber 1973, Annals of Statistics 1:799).
void spread_of_huber(LawFit& fit, std::vector<double> residuals) {
  const auto n = double(residuals.size()), p = double(fit.theta.size());
  double clipped = 0;
  for (double& r : residuals) {
    r = std::abs(r);
    clipped += std::min(r, kHuberDelta) * std::min(r, kHuberDelta);
  }
  std::ranges::sort(residuals);
  const Centre centre = centre_of(residuals, fit.theta.size());
  const double inside = kHuberDelta / centre.window * centre.share;
  const double correction = 1 + p / n * (1 - centre.share) / centre.share;
  fit.freedom = n - p;
  fit.scale = correction * std::sqrt(clipped / fit.freedom) / inside;
  fit.run_spread = quantile_of(residuals) * std::sqrt(n / fit.freedom);
}
}  // namespace

double LawFit::run_spread_at(const LawInput& input) const {
  constexpr size_t kFewest = 20;
  const size_t n = runs.size(), nearest = std::max(kFewest, n / 4);
  if (kind != FitObjective::kHuber || nearest >= n) return run_spread;
  const Quantity q = law->needs.front();
  std::vector<std::pair<double, double>> by_distance;  // and the size of the residual
  for (size_t i = 0; i < n; ++i)
    by_distance.emplace_back(std::abs(runs[i].at.log_x[q] - input.log_x[q]),
                             std::abs(residuals[i]));
  std::ranges::sort(by_distance);
  std::vector<double> sizes;
  for (size_t i = 0; i < nearest; ++i) sizes.push_back(by_distance[i].second);
  std::ranges::sort(sizes);
  return quantile_of(sizes) * std::sqrt(double(n) / freedom);
}

void require_inputs(const Law& law, const std::vector<LawRun>& runs) {
  if (const size_t inputs = different_inputs(law, runs); inputs < fewest_sites(law))
    throw UserError(
        str("law '", law.name, "' has ", law.parameters.size(), " parameters and needs ",
            fewest_sites(law), " different configurations, got ", inputs),
        "add runs of other sizes, or choose a law of fewer parameters");
  const bool floor = law.parameters.front().name == "E";
  for (Quantity q : law.needs) {
    std::set<double> values;
    for (const LawRun& r : runs) values.insert(r.at.x[q]);
    const size_t least = floor || law.needs[0] == kLoss ? 3 : 2;
    if (values.size() < least)
      throw UserError(
          str("law '", law.name, "' needs ", least, " different values of ", quantity_name(q),
              ", got ", values.size()),
          str("add runs with other ", quantity_name(q),
              law.needs.size() > 1 ? ", or choose a law of the other quantity alone" : ""));
  }
}

size_t fewest_sites(const Law& law) {
  return law.parameters.size() + 1;
}

LawModel model_of(const Law& law, const std::vector<LawInput>& at) {
  return {at.size(), law.parameters.size(),
          [&law, &at](std::span<const double> theta, double* values, double* jacobian) {
            law.values(theta, at, values, jacobian);
          }};
}

std::vector<size_t> sites_of(const std::vector<LawRun>& runs) {
  std::map<std::vector<double>, size_t> known;
  std::vector<size_t> out;
  for (const LawRun& r : runs) {
    std::vector<double> x;
    for (double v : r.at.x) x.push_back(std::isnan(v) ? -1 : v);
    out.push_back(known.emplace(x, known.size()).first->second);
  }
  return out;
}

Minimum least_of(const Law& law, const std::vector<LawInput>& at,
                 const std::vector<double>& answers, FitObjective kind, const Theta* from) {
  const LawModel model = model_of(law, at);
  Minimum best{{}, HUGE_VAL};
  for (const Theta& start : from ? std::vector<Theta>{*from} : law.starts(at, answers)) {
    Minimum m = least_squares(model, answers, start);
    if (kind == FitObjective::kHuber)
      m = least_huber(model, answers, std::move(m.theta), kHuberDelta);
    if (m.objective < best.objective) best = std::move(m);
  }
  return best;
}

LawFit fit_law(const Law& law, std::vector<LawRun> runs, FitObjective kind, const Theta* from) {
  LawFit fit;
  fit.law = &law;
  fit.kind = kind;
  fit.runs = std::move(runs);
  const std::vector<size_t> site = sites_of(fit.runs);
  fit.sites = site.empty() ? 0 : *std::ranges::max_element(site) + 1;
  check_room(law, fit.runs);
  const std::vector<LawInput> at = inputs_of(fit.runs);
  const std::vector<double> answers = answers_of(fit.runs);
  Minimum least = least_of(law, at, answers, kind, from);
  fit.objective = least.objective;
  fit.theta = std::move(least.theta);
  fit.converged = least.converged;
  if (!std::isfinite(fit.objective))
    throw UserError(str("law '", law.name, "' cannot be fitted to these ", fit.runs.size(),
                        " runs: no start has a value at all of them"),
                    "look at the points, or choose another law");
  const size_t p = law.parameters.size();
  std::vector<double> residuals(at.size()), jacobian(at.size() * p);
  law.values(fit.theta, at, residuals.data(), jacobian.data());
  for (size_t i = 0; i < at.size(); ++i) residuals[i] = answers[i] - residuals[i];
  if (kind == FitObjective::kSquares) {
    fit.lack = lack_of_fit(law, fit.theta, fit.runs, site, residuals, jacobian);
    spread_of_squares(fit, residuals);
  } else {
    if (fit.sites < fit.runs.size())
      fit.lack = fit_law(law, fit.runs, FitObjective::kSquares, &fit.theta).lack;
    spread_of_huber(fit, residuals);
  }
  fit.residuals = residuals;
  fit.covariance = inverse_of(gram(jacobian, p), p);
  for (double& v : fit.covariance) v *= fit.scale * fit.scale;
  return fit;
}
}  // namespace cambium
