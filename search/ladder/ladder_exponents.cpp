#include "search/ladder/ladder_exponents.h"

#include <algorithm>
#include <cmath>

namespace cambium {
namespace {
// The slope of ln(C / D) by ln N, over the different sizes of a fit.
double power_of(const LawFit& fit) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (const LawRun& r : fit.runs) {
    const double log_n = r.at.log_x[kParams], log_f = r.at.log_x[kFlops] - r.at.log_x[kTokens];
    ++n;
    x += log_n;
    y += log_f;
    xx += log_n * log_n;
    xy += log_n * log_f;
  }
  return (xy - x * y / n) / (xx - x * x / n);
}

// With C = k D N^g the loss A / N^a + B / D^b is least at N ~ C^(b / (a + g b)).
void add_exponents(const GroupAnswer& g, const std::vector<Theta>& resampled,
                   ConventionAnswer& out) {
  const double power = out.power;
  const auto a = [](std::span<const double> t) { return t[3]; };
  const auto b = [](std::span<const double> t) { return t.back(); };
  const auto n = [power](std::span<const double> t) {
    return t.back() / (t[3] + power * t.back());
  };
  const auto d = [power](std::span<const double> t) { return t[3] / (t[3] + power * t.back()); };
  out.a = spanned(g.fit, resampled, a, false);
  out.b = spanned(g.fit, resampled, b, false);
  out.params_exponent = spanned(g.fit, resampled, n, false);
  out.tokens_exponent = spanned(g.fit, resampled, d, false);
}

std::string untold_of(const GroupAnswer& g) {
  if (g.failure) return g.failure->what();
  if (g.fit.law->needs != std::vector<Quantity>{kParams, kTokens})
    return "the law is not one of size and length";
  if (g.fit.lack.refused()) return "this form does not hold";
  return g.untold;
}

// Sizes, of which at least two differ, with FLOPs that grow with them.
ConventionAnswer answer_of(const CountConvention& convention, const GroupAnswer& g,
                           const ScaleSettings& settings) {
  ConventionAnswer out{.convention = convention, .untold = untold_of(g)};
  if (!out.untold.empty()) return out;
  out.power = power_of(g.fit);
  if (!(out.power > 0))
    out.untold = "FLOPs of a token do not grow with these parameters";
  else
    add_exponents(g, bootstrap_fits(g.fit, settings.draws), out);
  return out;
}
}  // namespace

std::vector<VariantExponents> exponents_by_convention(const std::string& points,
                                                      const ScaleSettings& settings) {
  std::vector<VariantExponents> out;
  for (const CountConvention& convention : count_conventions()) {
    std::vector<std::pair<std::string, ConventionAnswer>> answers;
    const PointChoice choice{.columns = {str("params=", convention.column)}, .where = {}};
    try {
      const ScaleAnswer scale = scale_points(parse_points(points, "points.csv", choice), settings);
      for (const GroupAnswer& g : scale.groups)
        answers.emplace_back(g.name, answer_of(convention, g, settings));
    } catch (const UserErrors& e) {  // no group has a law: the answer for all parameters says why
      for (const VariantExponents& v : out)
        answers.emplace_back(v.variant,
                             ConventionAnswer{.convention = convention, .untold = e.what()});
    } catch (const UserError& e) {
      for (const VariantExponents& v : out)
        answers.emplace_back(v.variant,
                             ConventionAnswer{.convention = convention, .untold = e.what()});
    }
    for (auto& [name, answer] : answers) {
      auto at = std::ranges::find(out, name, &VariantExponents::variant);
      if (at == out.end()) at = out.insert(at, {name, {}});
      at->conventions.push_back(std::move(answer));
    }
  }
  return out;
}
}  // namespace cambium
