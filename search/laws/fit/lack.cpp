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

// How the curve may bend at each site, times the root of its repeats.
class Bends {
 public:
  Bends(const Law& law, std::span<const double> theta, const std::vector<LawRun>& runs,
        const Sites& sites)
      : law_(law), theta_(theta), runs_(runs), sites_(sites) {}

  // The slope times the square and the cube of the logarithm about its middle.
  std::vector<Column> along(Quantity q) const {
    const Column slope = slopes(q), x = centred(q);
    std::vector<Column> out(2, slope);
    for (size_t s = 0; s < x.size(); ++s) {
      out[0][s] *= x[s] * x[s];
      out[1][s] *= x[s] * x[s] * x[s];
    }
    return out;
  }

  // The slope of the first times the product of both logarithms.
  std::vector<Column> along(Quantity q, Quantity with) const {
    Column out = slopes(q);
    const Column x = centred(q), y = centred(with);
    for (size_t s = 0; s < x.size(); ++s) out[s] *= x[s] * y[s];
    return {out};
  }

 private:
  const LawInput& at(size_t site) const { return runs_[sites_.first[site]].at; }

  Column slopes(Quantity q) const {
    Column c;
    for (size_t s = 0; s < sites_.count.size(); ++s)
      c.push_back(std::sqrt(sites_.count[s]) * slope_at(law_, theta_, at(s), q));
    return c;
  }

  Column centred(Quantity q) const {
    Column c;
    double middle = 0;
    for (size_t s = 0; s < sites_.count.size(); ++s) {
      c.push_back(at(s).log_x[q]);
      middle += c.back() / double(sites_.count.size());
    }
    for (double& v : c) v -= middle;
    return c;
  }

  const Law& law_;
  std::span<const double> theta_;
  const std::vector<LawRun>& runs_;
  const Sites& sites_;
};

struct Explained {
  double squares = 0, freedom = 0;
};

// What columns explain of the sites' means beside the tangent's units.
Explained explained_by(std::vector<Column> columns, const Sites& sites, std::vector<Column> units) {
  Explained out;
  for (Column& c : columns) {
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
  const Bends bends(law, theta, runs, sites);
  const double tests = law.needs.size() > 1 ? double(law.needs.size()) + 1 : 1;
  const auto test = [&](const std::vector<Column>& columns, LackOfFit::Bend bend) {
    const Explained e = explained_by(columns, sites, units);
    if (e.freedom == 0) return;
    bend.p = 1 - f_cdf(e.squares / e.freedom / variance, e.freedom, l.repeats);
    l.bends.push_back(bend);
    l.p = std::min(l.p, bend.p * tests / (1 - kShareOfAll));
    misfit = std::max(misfit, (e.squares - e.freedom * variance) / n);
  };
  for (Quantity q : law.needs) test(bends.along(q), {q, 1});
  if (law.needs.size() > 1)
    test(bends.along(law.needs[0], law.needs[1]), {law.needs[0], 1, law.needs[1]});
  l.misfit = std::sqrt(std::max(0.0, misfit));
  return l;
}
}  // namespace cambium
