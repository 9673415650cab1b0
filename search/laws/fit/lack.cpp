#include "search/laws/fit/lack.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "search/support/boost_math.h"

namespace cambium {
namespace {
using Column = std::vector<double>;  // [site]

double dot(const Column& a, const Column& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// Configurations: how many repeats, their mean residual times the root of that.
struct Sites {
  std::vector<double> count;
  Column mean;
  std::vector<size_t> first;  // a run of each

  Sites(const std::vector<size_t>& site, std::span<const double> residuals) {
    const size_t n = *std::ranges::max_element(site) + 1;
    count.assign(n, 0.0);
    mean.assign(n, 0.0);
    first.assign(n, SIZE_MAX);
    for (size_t i = 0; i < site.size(); ++i) {
      if (first[site[i]] == SIZE_MAX) first[site[i]] = i;
      count[site[i]] += 1;
      mean[site[i]] += residuals[i];
    }
    for (size_t k = 0; k < n; ++k) mean[k] /= std::sqrt(count[k]);
  }
};

// Takes away what unit columns hold; false when next to nothing is left.
bool make_unit(Column& c, const std::vector<Column>& units) {
  const double whole = dot(c, c);
  for (int again = 0; again < 2; ++again)
    for (const Column& u : units) {
      const double along = dot(c, u);
      for (size_t i = 0; i < c.size(); ++i) c[i] -= along * u[i];
    }
  const double left = dot(c, c);
  if (!(left > 1e-8 * whole)) return false;
  for (double& v : c) v /= std::sqrt(left);
  return true;
}

std::vector<Column> tangent(const Sites& sites, std::span<const double> jacobian, size_t p) {
  std::vector<Column> units;
  for (size_t k = 0; k < p; ++k) {
    Column c;
    for (size_t s = 0; s < sites.count.size(); ++s)
      c.push_back(std::sqrt(sites.count[s]) * jacobian[sites.first[s] * p + k]);
    if (make_unit(c, units)) units.push_back(std::move(c));
  }
  return units;
}

// d ln answer / d ln x where a run is.
double slope_at(const Law& law, std::span<const double> theta, const LawInput& at, Quantity q) {
  constexpr double kStep = 1e-4;
  std::array<LawInput, 2> two = {at, at};
  two[0].set(q, at.x[q] * std::exp(-kStep));
  two[1].set(q, at.x[q] * std::exp(kStep));
  std::array<double, 2> values{};
  law.values(theta, two, values.data(), nullptr);
  return (values[1] - values[0]) / (2 * kStep);
}

// The slope times powers of the logarithm about its middle.
Column bend_column(const Law& law, std::span<const double> theta, const std::vector<LawRun>& runs,
                   const Sites& sites, Quantity q, int power) {
  double middle = 0;
  for (size_t run : sites.first) middle += runs[run].at.log_x[q] / double(sites.first.size());
  Column c;
  for (size_t s = 0; s < sites.count.size(); ++s) {
    const LawInput& at = runs[sites.first[s]].at;
    c.push_back(std::sqrt(sites.count[s]) * slope_at(law, theta, at, q) *
                std::pow(at.log_x[q] - middle, power));
  }
  return c;
}

struct Explained {
  double squares = 0, freedom = 0;
};

Explained bend_along(const Law& law, std::span<const double> theta, const std::vector<LawRun>& runs,
                     const Sites& sites, std::vector<Column> units, Quantity q) {
  Explained out;
  for (int power : {2, 3}) {
    Column c = bend_column(law, theta, runs, sites, q, power);
    if (!make_unit(c, units)) continue;
    const double along = dot(c, sites.mean);
    out.squares += along * along;
    out.freedom += 1;
    units.push_back(std::move(c));
  }
  return out;
}

// Squares among repeats, in all and by site.
double pure_squares(const Sites& sites, const std::vector<size_t>& site,
                    std::span<const double> residuals, size_t& closest) {
  std::vector<double> among(sites.count.size(), 0.0);
  for (size_t i = 0; i < site.size(); ++i) {
    const double off = residuals[i] - sites.mean[site[i]] / std::sqrt(sites.count[site[i]]);
    among[site[i]] += off * off;
  }
  double least = HUGE_VAL;
  for (size_t s = 0; s < among.size(); ++s)
    if (sites.count[s] > 1 && among[s] < least) least = among[s], closest = s;
  return std::accumulate(among.begin(), among.end(), 0.0);
}

LackOfFit::Untested why_untested(const LackOfFit& l) {
  using Untested = LackOfFit::Untested;
  return l.noise < 1e-13              ? Untested::kEqual
         : l.repeats < kFewestRepeats ? Untested::kFewRepeats
         : l.noise < kLeastNoise      ? Untested::kRounding
                                      : Untested::kNo;
}
}  // namespace

LackOfFit lack_of_fit(const Law& law, std::span<const double> theta,
                      const std::vector<LawRun>& runs, const std::vector<size_t>& site,
                      std::span<const double> residuals, std::span<const double> jacobian) {
  LackOfFit l;
  const Sites sites(site, residuals);
  const auto n = double(runs.size()), m = double(sites.count.size()), p = double(theta.size());
  size_t closest = 0;
  const double pure = pure_squares(sites, site, residuals, closest);
  l.closest = runs[sites.first[closest]].at;
  l.repeats = n - m;
  l.sites = m - p;
  if (l.repeats < 1 || l.sites < 1) {
    l.untested = l.repeats < 1 ? LackOfFit::Untested::kNoRepeats : LackOfFit::Untested::kNoSites;
    return l;
  }
  const double variance = pure / l.repeats, lack = dot(sites.mean, sites.mean);
  l.noise = std::sqrt(variance);
  l.untested = why_untested(l);
  if (!l.testable()) return l;
  l.f = lack / l.sites / variance;
  l.p_all = 1 - f_cdf(l.f, l.sites, l.repeats);
  double misfit = (lack - l.sites * variance) / l.sites * m / n;
  l.p = std::min(1.0, l.p_all / kShareOfAll);
  const std::vector<Column> units = tangent(sites, jacobian, theta.size());
  for (Quantity q : law.needs) {
    const Explained e = bend_along(law, theta, runs, sites, units, q);
    if (e.freedom == 0) continue;
    l.bends.push_back({q, 1 - f_cdf(e.squares / e.freedom / variance, e.freedom, l.repeats)});
    const double share = (1 - kShareOfAll) / double(law.needs.size());
    l.p = std::min(l.p, l.bends.back().p / share);
    misfit = std::max(misfit, (e.squares - e.freedom * variance) / n);
  }
  l.misfit = std::sqrt(std::max(0.0, misfit));
  return l;
}
}  // namespace cambium
