#include "search/laws/answers/exponents.h"

#include <algorithm>
#include <cmath>

#include "core/text/fmt.h"
#include "search/laws/answers/divide.h"

namespace cambium {
namespace {
// The same runs with parameters counted by another column.
std::vector<LawRun> recounted(std::vector<LawRun> runs,
                              const std::vector<std::vector<double>>& counts, size_t column) {
  for (size_t i = 0; i < runs.size(); ++i) runs[i].at.set(kParams, counts[i][column]);
  return runs;
}

// C ~ D N^power through the runs, and why there is none.
struct TokenCost {
  double power = 0;
  std::string none;
};

TokenCost token_cost(const std::vector<LawRun>& runs) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (const LawRun& r : runs) {
    const double log_n = r.at.log_x[kParams], log_f = r.at.log_x[kFlops] - r.at.log_x[kTokens];
    ++n;
    x += log_n;
    y += log_f;
    xx += log_n * log_n;
    xy += log_n * log_f;
  }
  TokenCost out{(xy - x * y / n) / (xx - x * x / n), {}};
  if (!(out.power > 0)) {
    out.none = "FLOPs of a token do not grow with these parameters";
    return out;
  }
  Interval ends{HUGE_VAL, 0};
  for (const LawRun& r : runs) {
    const double k = std::exp(r.at.log_x[kFlops] - r.at.log_x[kTokens] -
                              out.power * (r.at.log_x[kParams] - x / n));
    ends = {std::min(ends.low, k), std::max(ends.high, k)};
  }
  if (ends.high > kMostUneven * ends.low)
    out.none = fmt::format("C strays from a power of N times D by a factor of {:.3g}",
                           ends.high / ends.low);
  return out;
}

std::string why_untold(const LawFit& f) {
  if (f.lack.refused()) return "the form does not hold";
  if (line_of(*f.law, f.runs)) return "N and D vary together";
  if (open_parameter(f)) return "parameters are left open";
  return "";
}

Located located(const LawFit& fit, const std::vector<Theta>& resampled, const ThetaFunction& g) {
  const Spanned s = spanned(fit, resampled, g, false);
  return {s.value, s.interval};
}

// With C = k D N^p the loss A / N^a + B / D^b is least at N ~ C^(b / (a + p b)).
void add_law(CountedExponents& e, const LawFit& fit, const std::vector<Theta>& resampled) {
  const TokenCost cost = token_cost(fit.runs);
  if (e.none = cost.none; !e.none.empty()) return;
  const double p = e.power = cost.power;
  const auto a = [](std::span<const double> t) { return t[3]; };
  const auto b = [](std::span<const double> t) { return t.back(); };
  const auto n = [p](std::span<const double> t) { return t.back() / (t[3] + p * t.back()); };
  const auto d = [p](std::span<const double> t) { return t[3] / (t[3] + p * t.back()); };
  e.of_params = located(fit, resampled, a);
  e.of_tokens = located(fit, resampled, b);
  e.params = located(fit, resampled, n);
  e.tokens = located(fit, resampled, d);
}

void by_law(CountedExponents& e, const Law& law, const std::vector<LawRun>& runs, FitObjective kind,
            int draws) {
  try {
    const LawFit fit = fit_law(law, runs, kind);
    require_follows(fit, {});
    if (e.none = why_untold(fit); e.none.empty()) add_law(e, fit, bootstrap_fits(fit, draws));
  } catch (const UserError& fault) {
    e.none = fault.what();
  }
}

bool countless(const std::vector<LawRun>& runs) {
  return std::ranges::any_of(runs, [](const LawRun& r) { return std::isnan(r.at.x[kParams]); });
}

void add_ways(GroupAnswer& g, const std::string& counted, const std::vector<LawRun>& runs,
              bool divides, int draws) {
  if (countless(runs)) {
    g.exponents.push_back({.way = "-", .counted = counted, .none = "some runs have none of them"});
    return;
  }
  if (divides) {
    CountedExponents law{.way = "law", .counted = counted, .none = {}};
    if (!counted.empty())
      by_law(law, *g.fit.law, runs, g.fit.kind, draws);
    else if (law.none = why_untold(g.fit); law.none.empty())
      add_law(law, g.fit, g.resampled);
    g.exponents.push_back(std::move(law));
  }
  const IsoFlop iso = isoflop_of(runs);
  if (iso.curves.empty()) return;
  CountedExponents e{.way = "isoFLOP", .counted = counted, .none = {}};
  e.params = iso.params_exponent;
  e.tokens = iso.tokens_exponent;
  if (!e.params) e.none = str("fewer than ", kFewestMinima, " curves have a minimum");
  g.exponents.push_back(std::move(e));
}
}  // namespace

void fill_exponents(GroupAnswer& g, const std::vector<std::string>& counted,
                    const std::vector<std::vector<double>>& counts, int draws) {
  if (g.fit.law->answers != "loss") return;
  const std::vector<LawRun>& runs = g.fit.runs;
  const bool divides = divides_compute(*g.fit.law);
  g.isoflop = isoflop_of(runs);
  if (counted.empty() && g.isoflop.curves.empty()) return;  // what the law says stands above
  add_ways(g, "", runs, divides, draws);
  for (size_t i = 0; i < counted.size(); ++i)
    add_ways(g, counted[i], recounted(runs, counts, i), divides, draws);
}
}  // namespace cambium
