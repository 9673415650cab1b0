#include "search/laws/answers/divide.h"

#include <cmath>

namespace cambium {
namespace {
Allocation allocation_at(const LawFit& f, const std::vector<Theta>& resampled, double flops,
                         double k, IntervalKind kind) {
  const ThetaFunction n = log_best_params(flops, k);
  const auto d = [=](std::span<const double> t) { return std::log(flops / k) - n(t); };
  const auto ratio = [=](std::span<const double> t) { return std::log(flops / k) - 2 * n(t); };
  Allocation a{flops,
               spanned(f, resampled, n, true),
               spanned(f, resampled, d, true),
               spanned(f, resampled, ratio, true),
               {}};
  LawInput at;
  at.set(kParams, a.params.value);
  at.set(kTokens, a.tokens.value);
  a.loss = predict(f, at, kind);
  return a;
}

bool bounded(Interval i) {
  return std::isfinite(i.low) && std::isfinite(i.high);
}

bool bounded(const Allocation& a) {
  return a.params.interval.low > 0 && a.tokens.interval.low > 0 && bounded(a.params.interval) &&
         bounded(a.tokens.interval) && bounded(a.loss.run);
}

}  // namespace

bool divides_compute(const Law& law) {
  return law.needs == std::vector<Quantity>{kParams, kTokens};
}

ThetaFunction log_best_params(double flops, double k) {
  return [=](std::span<const double> theta) {
    const double a = theta[3], b = theta.back();
    return (std::log(a / b) + theta[1] - theta[2] + b * std::log(flops / k)) / (a + b);
  };
}

void divide_compute(GroupAnswer& g, const std::vector<Theta>& resampled, double most_flops) {
  const LawFit& f = g.fit;
  if (!divides_compute(*f.law) || f.lack.refused() || !g.untold.empty()) return;
  for (size_t i = 1; i < g.parameters.size(); ++i)  // all but the floor
    if (!(g.parameters[i].interval.low > 0) || !bounded(g.parameters[i].interval)) {
      g.no_allocation = str("the allocation cannot be told: nothing bounds ",
                            f.law->parameters[i].name, " above zero and below infinity");
      return;
    }
  const auto n = [](std::span<const double> t) { return t.back() / (t[3] + t.back()); };
  const auto d = [](std::span<const double> t) { return t[3] / (t[3] + t.back()); };
  g.params_exponent = spanned(f, resampled, n, false);
  g.tokens_exponent = spanned(f, resampled, d, false);
  bool ends = bounded(g.params_exponent->interval) && bounded(g.tokens_exponent->interval);
  for (double times : {1.0, 10.0, 100.0}) {
    g.allocations.push_back(
        allocation_at(f, resampled, times * most_flops, g.flops_per_nd, IntervalKind::kProfile));
    ends = ends && bounded(g.allocations.back());
  }
  if (ends) return;
  g.params_exponent = g.tokens_exponent = {};
  g.allocations.clear();
  g.no_allocation = "the allocation cannot be told: nothing bounds its intervals";
}
}  // namespace cambium
