// A law fitted to runs, and whether its form holds.
#pragma once
#include <string>
#include <vector>

#include "search/laws/fit/lack.h"
#include "search/laws/fit/minimise.h"
#include "search/laws/law.h"

namespace cambium {
enum class FitObjective {
  kSquares,  // of the logarithms: for runs of one's own, whose noise is known from repeats
  kHuber     // the sum of huber(., 1e-3) of the logarithms: for points of others, with outliers
};
constexpr double kHuberDelta = 1e-3;

struct LawFit {
  const Law* law = nullptr;
  FitObjective kind = FitObjective::kSquares;
  std::vector<LawRun> runs;
  Theta theta;
  double objective = 0;    // what was minimised: the stated sum, or the sum of squares
  bool converged = false;  // whether descent ended by itself, not after its last step
  size_t sites = 0;        // different inputs
  LackOfFit lack;
  // Of the logarithm: what a new run strays from the curve (a deviation, under Huber's sum a 95 %
  // quantile), and what the covariance is scaled with.
  double run_spread = 0, scale = 0;
  double freedom = 0;
  std::vector<double> residuals;   // of each run's logarithm: measured less fitted
  std::vector<double> covariance;  // of theta, [p,p]

  // run_spread where a new run of these inputs is. Under Huber's sum it is the quantile of the
  // quarter of the runs, 20 at least, that are nearest in the law's first quantity: errors of
  // points read off figures, or of few large runs, are not of one size.
  double run_spread_at(const LawInput& input) const;

  double at(size_t i) const { return shown_parameter(*law, theta, i); }
};

// The fewest different inputs that a law can be fitted to: one more than its parameters.
size_t fewest_sites(const Law& law);

// Whether the law can be fitted where these runs are, whatever they answer: UserError when there
// are fewer different inputs than fewest_sites, or a quantity the law needs has fewer than three
// different values (two without a floor).
void require_inputs(const Law& law, const std::vector<LawRun>& runs);

// Runs of equal inputs are repeats. UserErrors of require_inputs, and when all answers are
// equal or no start leads anywhere. Inputs may hold quantities that the
// law does not need: runs that differ in those are no repeats. `from`: starts from there alone.
LawFit fit_law(const Law& law, std::vector<LawRun> runs, FitObjective kind,
               const Theta* from = nullptr);

// The least objective from the law's own starts, or from `from` alone; HUGE_VAL: none leads
// anywhere.
Minimum least_of(const Law& law, const std::vector<LawInput>& at,
                 const std::vector<double>& answers, FitObjective kind,
                 const Theta* from = nullptr);

// The law of these runs as a model to descend on; `runs` must outlive it.
LawModel model_of(const Law& law, const std::vector<LawInput>& at);

// The place of each run's input among the different inputs, in the order they first stand.
std::vector<size_t> sites_of(const std::vector<LawRun>& runs);
}  // namespace cambium
