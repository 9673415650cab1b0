#include "search/laws/fit/identify.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/text/fmt.h"
#include "search/laws/fit/linear.h"
#include "search/support/boost_math.h"

namespace cambium {
namespace {
constexpr double kOffLine = 1e-3;  // of the variance
constexpr double kOpen = 1e-11;    // of a column's square, what the columns before leave of it

std::vector<LawInput> inputs_of(const LawFit& f) {
  std::vector<LawInput> at;
  for (const LawRun& r : f.runs) at.push_back(r.at);
  return at;
}

std::vector<double> answers_of(const LawFit& f) {
  std::vector<double> out;
  for (const LawRun& r : f.runs) out.push_back(r.log_answer);
  return out;
}

// [n,p], of the logarithms of answers.
std::vector<double> jacobian_of(const LawFit& f, std::vector<double>& values) {
  const std::vector<LawInput> at = inputs_of(f);
  values.resize(at.size());
  std::vector<double> jacobian(at.size() * f.theta.size());
  f.law->values(f.theta, at, values.data(), jacobian.data());
  return jacobian;
}

// The objective of answers that are all the same.
double least_of_constant(FitObjective kind, std::vector<double> answers) {
  const auto n = double(answers.size());
  double centre = 0, sum = 0;
  for (double v : answers) centre += v / n;
  std::ranges::sort(answers);
  if (kind == FitObjective::kHuber) centre = answers[answers.size() / 2];
  for (double v : answers)
    sum +=
        kind == FitObjective::kHuber ? huber(v - centre, kHuberDelta) : (v - centre) * (v - centre);
  return sum;
}

struct Reduced {
  double objective;
  size_t parameters;
};

// The best law that does not know the quantity; without any: a constant.
Reduced without(const LawFit& f, std::optional<Quantity> q) {
  if (!q || f.law->needs.size() == 1) return {least_of_constant(f.kind, answers_of(f)), 1};
  const Law& law = law_named(*q == kParams ? "tokens" : "params");
  return {least_of(law, inputs_of(f), answers_of(f), f.kind).objective, law.parameters.size()};
}

// p of what the quantity gains.
double chance(const LawFit& f, const Reduced& reduced) {
  std::vector<double> values;
  jacobian_of(f, values);
  const auto n = double(values.size()), p = double(f.theta.size()),
             more = p - double(reduced.parameters);
  double squares = 0, inside = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double r = f.runs[i].log_answer - values[i];
    const double c = f.kind == FitObjective::kHuber ? std::clamp(r, -kHuberDelta, kHuberDelta) : r;
    squares += c * c;
    inside += c == r ? 1 / n : 0;
  }
  const double unit = squares / (n - p) / std::max(inside, 1 / n);
  const double gain = (f.kind == FitObjective::kHuber ? 2 : 1) * (reduced.objective - f.objective);
  if (!(gain > 0)) return 1;
  return unit > 0 ? 1 - f_cdf(gain / more / unit, more, n - p) : 0;
}

// Whether more of the quantity, and of what varies with it, is better. At most of the runs.
bool right_way(const LawFit& f, const std::vector<Quantity>& with) {
  const double sign = f.law->answers == "error" ? 1 : -1;
  size_t right = 0;
  for (const LawRun& r : f.runs) {
    LawInput more = r.at;
    for (Quantity q : with) more.set(q, r.at.x[q] * 1.1);
    right += sign * (law_value(*f.law, f.theta, more) - law_value(*f.law, f.theta, r.at)) >= 0;
  }
  return 2 * right > f.runs.size();
}

// `line`: what quantities follow one another by, where they vary together.
void require_follows(const LawFit& f, const std::vector<Quantity>& of, const Reduced& reduced,
                     const std::string& line) {
  const double p = chance(f, reduced);
  const bool right = right_way(f, of);
  if (right && p < kLackLevel) return;
  std::string names;
  for (Quantity q : of) names += str(names.empty() ? "" : " and ", quantity_symbol(q));
  const std::string_view way = f.law->answers == "error" ? "rise" : "fall";
  const std::string together =
      line.empty() ? ""
                   : str("; they vary together (", line, "), and law '", f.law->name, "' has ",
                         f.law->parameters.size(), " parameters to tell by them");
  const bool one_of_two = f.law->needs.size() > of.size();
  throw UserError(
      str("the ", f.law->answers, " does not ", way, " with ", names,
          right || p >= kLackLevel ? fmt::format(" beyond its noise (p = {:.2g})", p)
                                   : str(" beyond its noise: it goes the other way"),
          together),
      !line.empty() ? str("along a line a law of one quantity, of fewer parameters, may "
                          "be told: --law ",
                          quantity_name(of[0]), "; for this one add runs off it")
      : one_of_two  ? str("choose --law ", of[0] == kParams ? "tokens" : "params",
                          ", or add runs of other ", quantity_name(of[0]))
                    : "there is no law to fit: add runs farther apart, or look at the points");
}
}  // namespace

bool PowerLine::holds(const LawInput& at) const {
  return std::abs(at.log_x[y] - log_y(at.log_x[x])) < 0.05;
}

std::string PowerLine::text() const {
  const bool straight = std::abs(power - 1) < 0.005;
  return str(quantity_symbol(y), " = ", fmt::format("{:.3g}", std::exp(log_factor)), " ",
             quantity_symbol(x), straight ? "" : fmt::format("^{:.3g}", power));
}

std::optional<PowerLine> line_through(const std::vector<LawRun>& runs, Quantity x, Quantity y) {
  std::set<std::pair<double, double>> places;  // repeats count once
  for (const LawRun& r : runs) places.emplace(r.at.log_x[x], r.at.log_x[y]);
  double mean_x = 0, mean_y = 0, xx = 0, xy = 0, yy = 0;
  const auto n = double(places.size());
  for (const auto& [u, v] : places) mean_x += u / n, mean_y += v / n;
  for (const auto& [u, v] : places) {
    xx += (u - mean_x) * (u - mean_x);
    xy += (u - mean_x) * (v - mean_y);
    yy += (v - mean_y) * (v - mean_y);
  }
  const double least = 1e-6 * n;  // a thousandth of a quantity is no variation
  if (!(xx > least && yy > least)) return {};
  if (yy - xy * xy / xx > kOffLine * yy) return {};
  const double power = xy / xx;
  // Of a whole proportion, the mean ratio: the slope's rounding would be multiplied by log x.
  if (std::abs(power - 1) < 0.005) return PowerLine{x, y, mean_y - mean_x, 1};
  return PowerLine{x, y, mean_y - power * mean_x, power};
}

std::optional<PowerLine> line_of(const Law& law, const std::vector<LawRun>& runs) {
  if (law.needs.size() != 2) return {};
  return line_through(runs, law.needs[0], law.needs[1]);
}

void require_follows(const LawFit& fit, const std::optional<PowerLine>& line) {
  if (line) return require_follows(fit, fit.law->needs, without(fit, {}), line->text());
  for (Quantity q : fit.law->needs) require_follows(fit, {q}, without(fit, q), "");
}

std::optional<size_t> dependent_column(std::vector<double> columns, size_t p) {
  const size_t n = columns.size() / p;
  const auto product = [&](size_t a, size_t b) {
    double sum = 0;
    for (size_t i = 0; i < n; ++i) sum += columns[i * p + a] * columns[i * p + b];
    return sum;
  };
  for (size_t k = 0; k < p; ++k) {
    const double whole = product(k, k);
    for (size_t j = 0; j < k; ++j) {  // Gram and Schmidt: columns before are orthogonal
      const double along = product(j, j);
      if (!(along > 0)) continue;
      const double share = product(j, k) / along;
      for (size_t i = 0; i < n; ++i) columns[i * p + k] -= share * columns[i * p + j];
    }
    if (!(product(k, k) > kOpen * whole)) return k;
  }
  return {};
}

std::optional<size_t> open_parameter(const LawFit& fit) {
  std::vector<double> values;
  const std::vector<double> jacobian = jacobian_of(fit, values);
  const size_t p = fit.theta.size();
  std::vector<size_t> kept;  // what stands at its bound changes nothing and is not open
  for (size_t k = 0; k < p; ++k)
    if (!at_bound(fit, k)) kept.push_back(k);
  if (kept.empty()) return {};
  std::vector<double> columns;
  for (size_t i = 0; i < values.size(); ++i)
    for (const size_t k : kept) columns.push_back(jacobian[i * p + k]);
  const std::optional<size_t> open = dependent_column(std::move(columns), kept.size());
  if (!open) return {};
  return kept[*open];
}

bool at_bound(const LawFit& fit, size_t parameter) {
  if (!fit.law->parameters[parameter].positive) return false;
  std::vector<double> values;
  const std::vector<double> jacobian = jacobian_of(fit, values);
  double most = 0;
  for (size_t i = 0; i < values.size(); ++i)
    most = std::max(most, std::abs(jacobian[i * fit.theta.size() + parameter]));
  return !(most > 1e-6);
}
}  // namespace cambium
