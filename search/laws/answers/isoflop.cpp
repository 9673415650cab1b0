#include "search/laws/answers/isoflop.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "core/error.h"
#include "search/laws/fit/linear.h"
#include "search/support/boost_math.h"

namespace cambium {
namespace {
using Runs = std::vector<LawRun>;

size_t sizes_of(std::span<const LawRun> runs) {
  std::set<double> sizes;
  for (const LawRun& r : runs) sizes.insert(r.at.x[kParams]);
  return sizes.size();
}

// Taken out of `runs`, which are in the order of their compute: the widest set of sizes.
Runs take_curve(Runs& runs) {
  size_t best_begin = 0, best_end = 0, most = 0;
  for (size_t begin = 0, end = 0; begin < runs.size(); ++begin) {
    while (end < runs.size() && runs[end].at.x[kFlops] <= kSameFlops * runs[begin].at.x[kFlops])
      ++end;
    const size_t sizes = sizes_of(std::span(runs).subspan(begin, end - begin));
    if (sizes > most) most = sizes, best_begin = begin, best_end = end;
  }
  const auto from = runs.begin() + std::ptrdiff_t(best_begin),
             to = runs.begin() + std::ptrdiff_t(best_end);
  Runs out(from, to);
  runs.erase(from, to);
  return out;
}

// y = c[0] + c[1] x + c[2] x^2, x about its middle.
struct Parabola {
  std::array<double, 3> c;
  std::vector<double> covariance;  // [3,3]
  double middle = 0, critical = 0;
  Interval range = {HUGE_VAL, -HUGE_VAL};  // of x

  Parabola(const Runs& runs, Quantity q) {
    const auto n = double(runs.size());
    for (const LawRun& r : runs) middle += r.at.log_x[q] / n;
    std::vector<double> rows, right(3, 0.0);
    for (const LawRun& r : runs) {
      const double x = r.at.log_x[q] - middle;
      range = {std::min(range.low, x), std::max(range.high, x)};
      for (double v : {1.0, x, x * x}) rows.push_back(v);
      for (size_t k = 0; k < 3; ++k) right[k] += rows[rows.size() - 3 + k] * r.log_answer;
    }
    const std::vector<double> squares = gram(rows, 3);
    const std::vector<double> found = cholesky_solve(cholesky(squares, 3), right);
    std::ranges::copy(found, c.begin());
    double left = 0;
    for (size_t i = 0; i < runs.size(); ++i)
      left += std::pow(runs[i].log_answer - at(rows[3 * i + 1]), 2);
    covariance = inverse_of(squares, 3);
    for (double& v : covariance) v *= left / (n - 3);
    critical = t_quantile(0.975, n - 3);
  }

  double at(double x) const { return c[0] + x * (c[1] + x * c[2]); }

  double place() const { return -c[1] / (2 * c[2]); }

  // Where the slope cannot be told from zero; none: everywhere far enough out.
  std::optional<Interval> places() const {
    const double t = critical * critical;
    const double a = 4 * (c[2] * c[2] - t * covariance[8]),
                 b = 4 * (c[1] * c[2] - t * covariance[5]), d = c[1] * c[1] - t * covariance[4];
    const double root = b * b - 4 * a * d;
    if (!(a > 0) || !(root >= 0)) return {};
    return Interval{(-b - std::sqrt(root)) / (2 * a), (-b + std::sqrt(root)) / (2 * a)};
  }
};

// The least along the quantity, or why there is none.
std::optional<Located> least_along(const Runs& runs, Quantity q, std::string& none, double& loss) {
  const Parabola p(runs, q);
  const std::optional<Interval> places = p.places();
  if (!places || !(p.c[2] > 0)) {
    none = "no minimum is seen: the curve does not bend up beyond its noise";
    return {};
  }
  if (!(p.range.low < places->low && places->high < p.range.high)) {
    const bool below = p.place() <= p.range.low || places->low <= p.range.low;
    none = str("the minimum may lie ", below ? "below" : "above", " the sizes tried: add runs of ",
               (q == kParams) == below ? "fewer" : "more", " parameters");
    return {};
  }
  loss = std::exp(p.at(p.place()));
  const auto shown = [&](double x) { return std::exp(x + p.middle); };
  return Located{shown(p.place()), {shown(places->low), shown(places->high)}};
}

IsoFlopCurve curve_of(const Runs& runs) {
  IsoFlopCurve c{.flops = runs[runs.size() / 2].at.x[kFlops],
                 .runs = runs.size(),
                 .sizes = sizes_of(runs),
                 .none = {}};
  double loss = 0;
  c.tokens = least_along(runs, kTokens, c.none, loss);
  c.params = least_along(runs, kParams, c.none, c.loss);
  if (c.params) c.none.clear();
  return c;
}

// The slope of ln x* by ln C.
std::optional<Located> exponent_of(const std::vector<IsoFlopCurve>& curves,
                                   std::optional<Located> IsoFlopCurve::*place) {
  double w = 0, wx = 0, wy = 0, wxx = 0, wxy = 0, n = 0;

  struct Minimum {
    double x, y, weight;
  };

  std::vector<Minimum> minima;
  for (const IsoFlopCurve& c : curves) {
    if (!(c.*place)) continue;
    const Located& l = *(c.*place);
    const double spread = std::log(l.interval.high / l.interval.low);
    if (spread > 0) minima.push_back({std::log(c.flops), std::log(l.value), 1 / (spread * spread)});
  }
  n = double(minima.size());
  if (minima.size() < kFewestMinima) return {};
  for (const Minimum& m : minima) w += m.weight, wx += m.weight * m.x, wy += m.weight * m.y;
  for (const Minimum& m : minima) {
    wxx += m.weight * (m.x - wx / w) * (m.x - wx / w);
    wxy += m.weight * (m.x - wx / w) * (m.y - wy / w);
  }
  if (!(wxx > 0)) return {};
  const double slope = wxy / wxx;
  double left = 0;
  for (const Minimum& m : minima)
    left += m.weight * std::pow(m.y - wy / w - slope * (m.x - wx / w), 2);
  const double reach = t_quantile(0.975, n - 2) * std::sqrt(left / (n - 2) / wxx);
  return Located{slope, {slope - reach, slope + reach}};
}
}  // namespace

IsoFlop isoflop_of(const std::vector<LawRun>& runs) {
  Runs left;
  for (const LawRun& r : runs)
    if (std::isfinite(r.at.x[kParams] + r.at.x[kTokens] + r.at.x[kFlops])) left.push_back(r);
  std::ranges::stable_sort(left, {}, [](const LawRun& r) { return r.at.x[kFlops]; });
  IsoFlop out;
  while (!left.empty()) {
    const Runs curve = take_curve(left);
    if (sizes_of(curve) < kFewestSizes) break;
    out.curves.push_back(curve_of(curve));
  }
  std::ranges::sort(out.curves, {}, &IsoFlopCurve::flops);
  out.params_exponent = exponent_of(out.curves, &IsoFlopCurve::params);
  out.tokens_exponent = exponent_of(out.curves, &IsoFlopCurve::tokens);
  return out;
}
}  // namespace cambium
