// A law of whole schedules: the loss along a training by the rates it ran under, fitted to curves.
#pragma once
#include "search/laws/fit/minimise.h"
#include "search/laws/law.h"
#include "search/laws/schedule/curve.h"

namespace cambium {
// What a law of schedules fills in place of values and starts (Law::of_schedules). Theta are
// logarithms where parameters are positive, as for every law.
struct ScheduleForm {
  // Logarithms of the losses at the curve's steps [n], and when `jacobian` is given their
  // derivatives [n,p]. NaN where the formula has no positive answer.
  void (*values)(std::span<const double> theta, const ScheduleCurve& curve, double* log_values,
                 double* jacobian);
  // Where descent may begin, the best guess first; empty when the curves cannot tell.
  std::vector<Theta> (*starts)(std::span<const ScheduleCurve> curves);
};

struct CurveAnswer {
  const ScheduleCurve* curve = nullptr;
  bool fitted = false;
  std::vector<double> law;                                   // the loss at each of its steps
  size_t points = 0;                                         // measured; 0: the rest is not known
  double mean_error = 0, largest_error = 0, largest_at = 0;  // relative, and the step
  double last_measured = 0, last_foretold = 0;               // at the last step measured
};

struct ScheduleAnswer {
  const Law* law = nullptr;
  std::vector<ScheduleCurve> curves;
  Theta theta;
  double objective = 0;    // the sum of Huber(1e-3) of the log loss
  bool converged = false;  // whether descent ended by itself
  size_t points = 0;       // fitted
  // Which parameter the curves leave open where the fit stands: it changes the law as those before
  // it do, and has no value of its own. Empty: none.
  std::string open;
  std::vector<CurveAnswer> answers;  // of each curve

  // Over the curves that were measured and not fitted: the mean of their mean errors and of their
  // largest. NaN when there are none.
  double mean_error() const;
  double largest_error() const;
};

// Fits to the curves named, to all that were measured when none is. Steps of one curve are no runs
// of their own: they stray together, and what is foretold has no interval. UserError: no curve of
// that name, none that changes its rate after warm-up, or fewer steps than parameters.
ScheduleAnswer fit_schedules(const Law& law, std::vector<ScheduleCurve> curves,
                             const std::vector<std::string>& fit_on);
}  // namespace cambium
