// Whether the form of a law holds: its misfit against the noise among repeats.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "search/laws/law.h"

namespace cambium {
// A run's answer as a law hears it.
struct LawRun {
  LawInput at;
  double log_answer = 0;
};

constexpr double kLackLevel = 0.01;  // of the test of the form
// With one or two degrees of freedom a chance closeness of repeats would refuse a true form.
constexpr double kFewestRepeats = 3;
constexpr double kLeastNoise = 1e-6;  // of a run's logarithm: below it losses are rounded
constexpr double kShareOfAll = 0.2;   // of the level, for the test of all configurations

// F tests of a form against the noise among runs of equal inputs (Fisher 1922; Draper and Smith
// 1998, section 2.2). Of all configurations: how far means of repeats lie from the curve, against
// how far repeats differ; it sees any misfit, but spreads over all degrees of freedom. Of a bend
// along each quantity: whether the means follow the curve's slope times the square and the cube of
// its logarithm, which the form cannot; two degrees of freedom that see a smooth break early. Of a
// bend along two at once: the first's slope times the product of both logarithms, as where some
// ratios of tokens to parameters are trained badly; one degree. Together they refuse a true form at
// kLackLevel: a fifth of it is the first's, the rest the others' (a weighted Bonferroni
// correction).
struct LackOfFit {
  enum class Untested {
    kNo,
    kNoRepeats,
    kNoSites,     // as many parameters as different inputs
    kEqual,       // repeats do not differ: copies, or a program without chance
    kFewRepeats,  // below kFewestRepeats degrees of freedom
    kRounding     // repeats differ by less than kLeastNoise
  };

  struct Bend {
    Quantity along;
    double p;
    std::optional<Quantity> with = {};  // along both at once
  };

  Untested untested = Untested::kNoRepeats;
  double f = 0, p_all = 1;  // of all configurations
  std::vector<Bend> bends;  // along what varies enough
  double p = 1;             // of all tests together
  double noise = 0;         // deviation of a run's logarithm among repeats
  double misfit = 0;  // deviation of the true answer's logarithm about the curve; 0: none is seen
  double repeats = 0, sites = 0;  // degrees of freedom of the first
  LawInput closest;               // whose repeats differ least, where there are any

  bool testable() const { return untested == Untested::kNo; }

  bool refused() const { return testable() && p < kLackLevel; }
};

// Of a fit by least squares: `site` is each run's place among the different inputs, residuals [n]
// are measured less fitted, the jacobian [n,p] is of the fitted logarithms.
LackOfFit lack_of_fit(const Law& law, std::span<const double> theta,
                      const std::vector<LawRun>& runs, const std::vector<size_t>& site,
                      std::span<const double> residuals, std::span<const double> jacobian);
}  // namespace cambium
