#include "search/laws/schedule/schedule_law.h"

#include <algorithm>
#include <cmath>

#include "core/text/suggest.h"
#include "search/laws/fit/fit.h"
#include "search/laws/fit/identify.h"

namespace cambium {
namespace {
bool is_measured(double loss) {
  return std::isfinite(loss);
}

// Of the curves fitted, what was measured alone, so that descent looks at nothing else.
ScheduleCurve measured_part(const ScheduleCurve& c) {
  ScheduleCurve out = c;
  size_t kept = 0;
  for (size_t i = 0; i < c.steps.size(); ++i) {
    if (!is_measured(c.losses[i])) continue;
    out.steps[kept] = c.steps[i];
    out.rates[kept] = c.rates[i];
    out.losses[kept] = c.losses[i];
    out.sums[kept++] = c.sums[i];
  }
  for (auto* v : {&out.steps, &out.rates, &out.losses, &out.sums}) v->resize(kept);
  return out;
}

std::vector<ScheduleCurve> chosen(const std::vector<ScheduleCurve>& curves,
                                  const std::vector<std::string>& fit_on) {
  std::vector<std::string> known;
  for (const ScheduleCurve& c : curves) known.push_back(c.name);
  for (const std::string& name : fit_on)
    if (!std::ranges::count(known, name))
      throw UserError(str("'--fit-on': there is no curve '", name, "'"), suggestion(name, known));
  std::vector<ScheduleCurve> out;
  for (const ScheduleCurve& c : curves) {
    if (!fit_on.empty() && !std::ranges::count(fit_on, c.name)) continue;
    if (c.measured())
      out.push_back(measured_part(c));
    else if (!fit_on.empty())
      throw UserError(str("'--fit-on': no loss was measured of curve '", c.name, "'"),
                      "fit to curves that have losses", c.mark);
  }
  return out;
}

constexpr int kMostDescents = 50;
constexpr double kLittleGain = 1e-7;

Minimum descend(const Law& law, const std::vector<ScheduleCurve>& curves, size_t points) {
  std::vector<double> targets;
  for (const ScheduleCurve& c : curves)
    for (double loss : c.losses) targets.push_back(std::log(loss));
  const size_t p = law.parameters.size();
  const LawModel model{points, p, [&](std::span<const double> theta, double* values, double* j) {
                         for (const ScheduleCurve& c : curves) {
                           law.of_schedules->values(theta, c, values, j);
                           values += c.steps.size();
                           if (j) j += p * c.steps.size();
                         }
                       }};
  Minimum best{{}, HUGE_VAL};
  for (const Theta& start : law.of_schedules->starts(curves)) {
    // Squares may lead into another valley than the sum's.
    for (const Theta& from : {least_squares(model, targets, start).theta, start}) {
      Minimum m = least_huber(model, targets, from, kHuberDelta);
      if (m.objective < best.objective) best = std::move(m);
    }
  }
  // In a valley as flat as that of few curves each descent ends early, and its end is a new start.
  for (int again = 0; again < kMostDescents && std::isfinite(best.objective); ++again) {
    Minimum m = least_huber(model, targets, best.theta, kHuberDelta);
    const bool little = !(m.objective < best.objective * (1 - kLittleGain));
    if (m.objective < best.objective) best = std::move(m);
    if (little) break;
  }
  return best;
}

// [points, p] as the curves stand one after the other.
std::vector<double> jacobian_of(const Law& law, const std::vector<ScheduleCurve>& curves,
                                std::span<const double> theta, size_t points) {
  std::vector<double> values(points), out(points * theta.size());
  size_t at = 0;
  for (const ScheduleCurve& c : curves) {
    law.of_schedules->values(theta, c, values.data() + at, out.data() + at * theta.size());
    at += c.steps.size();
  }
  return out;
}

CurveAnswer answer_of(const Law& law, std::span<const double> theta, const ScheduleCurve& c) {
  CurveAnswer a{.curve = &c};
  a.law.resize(c.steps.size());
  law.of_schedules->values(theta, c, a.law.data(), nullptr);
  for (size_t i = 0; i < c.steps.size(); ++i) {
    a.law[i] = std::exp(a.law[i]);
    if (!is_measured(c.losses[i])) continue;
    const double error = std::abs(a.law[i] / c.losses[i] - 1);
    a.mean_error += (error - a.mean_error) / double(++a.points);
    if (error > a.largest_error) a.largest_error = error, a.largest_at = c.steps[i];
    a.last_measured = c.losses[i];
    a.last_foretold = a.law[i];
  }
  return a;
}

double mean_over_foretold(const ScheduleAnswer& s, double CurveAnswer::*error) {
  double sum = 0, n = 0;
  for (const CurveAnswer& a : s.answers)
    if (!a.fitted && a.points > 0) sum += a.*error, n += 1;
  return n > 0 ? sum / n : NAN;
}
}  // namespace

double ScheduleAnswer::mean_error() const {
  return mean_over_foretold(*this, &CurveAnswer::mean_error);
}

double ScheduleAnswer::largest_error() const {
  return mean_over_foretold(*this, &CurveAnswer::largest_error);
}

ScheduleAnswer fit_schedules(const Law& law, std::vector<ScheduleCurve> curves,
                             const std::vector<std::string>& fit_on) {
  ScheduleAnswer out{.law = &law, .curves = std::move(curves), .theta = {}, .answers = {}};
  const std::vector<ScheduleCurve> fitted = chosen(out.curves, fit_on);
  for (const ScheduleCurve& c : fitted) out.points += c.steps.size();
  const Mark mark = out.curves.front().mark;
  if (out.points <= law.parameters.size())
    throw UserError(str("law '", law.name, "' has ", law.parameters.size(),
                        " parameters and needs more steps with a loss, got ", out.points),
                    "log the loss more often, or fit to more curves", mark);
  if (std::ranges::all_of(fitted, [](const ScheduleCurve& c) { return c.changes.empty(); }))
    throw UserError("no curve changes its rate after warm-up: what decay gives cannot be told",
                    "fit to a curve that decays too, or take --law tokens for ends of runs", mark);
  Minimum least = descend(law, fitted, out.points);
  if (!std::isfinite(least.objective))
    throw UserError(str("law '", law.name, "' cannot be fitted: no start has a value at all steps"),
                    "look at the curves", mark);
  out.theta = std::move(least.theta);
  if (const auto open =
          dependent_column(jacobian_of(law, fitted, out.theta, out.points), law.parameters.size()))
    out.open = law.parameters[*open].name;
  out.objective = least.objective;
  out.converged = least.converged;
  for (const ScheduleCurve& c : out.curves) {
    out.answers.push_back(answer_of(law, out.theta, c));
    out.answers.back().fitted =
        c.measured() && (fit_on.empty() || std::ranges::count(fit_on, c.name) > 0);
  }
  return out;
}
}  // namespace cambium
