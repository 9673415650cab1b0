// A task's error by the loss of the model, the second half of predicting tasks from compute.
#include <algorithm>
#include <cmath>

#include "search/laws/fit/linear.h"
#include "search/laws/law.h"

namespace cambium::law_downstream {
namespace {
enum { kWorst, kScale, kRate };

void values(std::span<const double> theta, std::span<const LawInput> at, double* log_values,
            double* jacobian) {
  const double worst = std::exp(theta[kWorst]), rate = std::exp(theta[kRate]);
  for (size_t i = 0; i < at.size(); ++i) {
    const double loss = at[i].x[kLoss], gain = std::exp(theta[kScale] - rate * loss);
    const double error = worst - gain;
    log_values[i] = error > 0 ? std::log(error) : NAN;
    if (!jacobian) continue;
    double* row = jacobian + 3 * i;
    row[kWorst] = worst / error;
    row[kScale] = -gain / error;
    row[kRate] = gain * rate * loss / error;
  }
}

// On a grid of rates the rest is linear: error = worst - k exp(-rate L), k and worst positive.
std::vector<Theta> starts(std::span<const LawInput> at, std::span<const double> log_answers) {
  const size_t n = at.size();
  std::vector<double> ones(n, 1.0), worst(n), falls(n);
  for (size_t i = 0; i < n; ++i) worst[i] = std::exp(-log_answers[i]);
  double best = HUGE_VAL;
  Theta start = {std::log(1.0), std::log(0.1), std::log(1.0)};
  for (double rate = 0.05; rate < 12; rate *= 1.25) {
    for (size_t i = 0; i < n; ++i) falls[i] = -worst[i] * std::exp(-rate * at[i].x[kLoss]);
    const std::vector<const double*> columns = {worst.data(), falls.data()};
    const NonNegative found = non_negative_least_squares(columns, ones);
    if (found.squares >= best || found.x[0] <= 0 || found.x[1] <= 0) continue;
    const Theta theta = {std::log(found.x[0]), std::log(found.x[1]), std::log(rate)};
    std::vector<double> log_values(n);
    values(theta, at, log_values.data(), nullptr);
    if (!std::ranges::all_of(log_values, [](double v) { return std::isfinite(v); })) continue;
    best = found.squares;
    start = theta;
  }
  return {start};
}
}  // namespace

extern const Law law_downstream;
const Law law_downstream = {.name = "downstream",
                            .doc = "a task's error by the loss",
                            .paper = "Gadre et al. 2024, arXiv 2403.08540",
                            .formula = "error = w - k exp(-g L)",
                            .needs = {kLoss},
                            .answers = "error",
                            .parameters = {{"w", "error at high loss, of guessing", true},
                                           {"k", "amplitude of what is learned", true},
                                           {"g", "rate: how fast error falls with loss", true}},
                            .values = values,
                            .starts = starts};
}  // namespace cambium::law_downstream
