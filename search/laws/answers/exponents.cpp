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

// Why compute that is no fixed multiple of N D has no exponents by a law; empty: it is one.
std::string uneven(const std::vector<LawRun>& runs) {
  Interval ends{HUGE_VAL, 0};
  for (const LawRun& r : runs) {
    const double k = r.at.x[kFlops] / r.at.x[kParams] / r.at.x[kTokens];
    ends = {std::min(ends.low, k), std::max(ends.high, k)};
  }
  if (!(ends.high > kMostUneven * ends.low)) return "";
  return fmt::format("C is {:.3g} to {:.3g} N D", ends.low, ends.high);
}

std::string why_untold(const LawFit& f) {
  if (f.lack.refused()) return "the form does not hold";
  if (line_of(*f.law, f.runs)) return "N and D vary together";
  if (open_parameter(f)) return "parameters are left open";
  return "";
}

void by_law(CountedExponents& e, const Law& law, const std::vector<LawRun>& runs, FitObjective kind,
            int draws) {
  if (e.none = uneven(runs); !e.none.empty()) return;
  try {
    const LawFit fit = fit_law(law, runs, kind);
    require_follows(fit, false);
    if (e.none = why_untold(fit); !e.none.empty()) return;
    const std::vector<Theta> resampled = bootstrap_fits(fit, draws);
    const auto n = [](std::span<const double> t) { return t.back() / (t[3] + t.back()); };
    const Spanned s = spanned(fit, resampled, n, false);
    e.params = Located{s.value, s.interval};
    e.tokens = Located{1 - s.value, {1 - s.interval.high, 1 - s.interval.low}};
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
    if (counted.empty() && g.params_exponent) {
      law.params = Located{g.params_exponent->value, g.params_exponent->interval};
      law.tokens = Located{g.tokens_exponent->value, g.tokens_exponent->interval};
    } else {
      by_law(law, *g.fit.law, runs, g.fit.kind, draws);
    }
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
