#include "search/laws/answers/scale.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace cambium {
namespace {
PointRole role_of(Quantity q) {
  constexpr std::array<PointRole, kQuantities> roles = {PointRole::kParams, PointRole::kTokens,
                                                        PointRole::kFlops, PointRole::kLoss};
  return roles[q];
}

bool knows(const PointTable& t, Quantity q) {
  return std::isfinite(t.points.front().at.x[q]);
}

const Law& law_of(const PointTable& t, const std::string& asked) {
  const bool n = knows(t, kParams), d = knows(t, kTokens);
  const Law& law = law_named(!asked.empty()     ? asked
                             : n && d           ? "chinchilla"
                             : n                ? "params"
                             : d                ? "tokens"
                             : knows(t, kFlops) ? "flops"
                                                : "downstream");
  for (Quantity q : law.needs)
    if (!knows(t, q))
      throw UserError(str("law '", law.name, "' needs a column of ", quantity_name(q)),
                      str("name it: --columns ", role_name(role_of(q)), "=NAME"),
                      t.marks[size_t(PointRole::kLoss)]);
  if (law.answers == "error" && !t.has(PointRole::kError))
    throw UserError(str("law '", law.name, "' needs a column of a task's errors"),
                    "name it: --columns error=NAME", t.marks[size_t(PointRole::kLoss)]);
  return law;
}

LawRun run_of(const Law& law, const ScalingPoint& p) {
  LawRun run;
  for (Quantity q : law.needs) run.at.set(q, p.at.x[q]);
  run.log_answer = std::log(law.answers == "error" ? p.error : p.at.x[kLoss]);
  return run;
}

bool divides_compute(const LawFit& f) {
  return f.law->needs == std::vector<Quantity>{kParams, kTokens};
}

// ln N*(C): where A / N^a + B / D^b is least with C = k N D.
ThetaFunction log_best_params(double flops, double k) {
  return [=](std::span<const double> theta) {
    const double a = theta[3], b = theta.back();
    return (std::log(a / b) + theta[1] - theta[2] + b * std::log(flops / k)) / (a + b);
  };
}

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

void divide_compute(GroupAnswer& g, const std::vector<Theta>& resampled, double most_flops,
                    double k) {
  const LawFit& f = g.fit;
  if (!divides_compute(f) || f.lack.refused() || f.theta[3] <= 0 || f.theta.back() <= 0) return;
  const auto n = [](std::span<const double> t) { return t.back() / (t[3] + t.back()); };
  const auto d = [](std::span<const double> t) { return t[3] / (t[3] + t.back()); };
  g.params_exponent = spanned(f, resampled, n, false);
  g.tokens_exponent = spanned(f, resampled, d, false);
  for (double times : {1.0, 10.0, 100.0})
    g.allocations.push_back(
        allocation_at(f, resampled, times * most_flops, k, IntervalKind::kProfile));
}

std::vector<HeldOut> judge(const LawFit& f, const std::vector<LawRun>& runs) {
  std::vector<HeldOut> out;
  const std::vector<size_t> site = sites_of(runs);
  for (size_t i = 0; i < runs.size(); ++i) {
    if (site[i] == out.size())
      out.push_back({runs[i].at, 0, 0, predict(f, runs[i].at, IntervalKind::kProfile), 0});
    HeldOut& h = out[site[i]];
    const double loss = std::exp(runs[i].log_answer);
    h.measured += (loss - h.measured) / double(++h.runs);
    h.inside += h.foretold.run.low <= loss && loss <= h.foretold.run.high;
  }
  return out;
}

// A copy of the error at the name of the column it speaks of.
[[noreturn]] void place_error(const UserError& e, const Law& law, const PointTable& t,
                              const std::string& group) {
  const std::string what =
      group.empty() ? std::string(e.what()) : str("group '", group, "': ", e.what());
  Mark mark = t.marks[size_t(PointRole::kLoss)];
  for (Quantity q : law.needs)
    if (what.find(str("values of ", quantity_name(q))) != what.npos && t.has(role_of(q)))
      mark = t.marks[size_t(role_of(q))];
  throw UserError(what, e.help, mark);
}

GroupAnswer answer_group(const PointTable& t, const Law& law, const std::string& name,
                         const ScaleSettings& s) {
  GroupAnswer g;
  g.name = name;
  const Quantity size = law.needs.front();
  double largest = 0, flops = 0;
  for (const ScalingPoint& p : t.points)
    if (p.group == name) largest = std::max(largest, p.at.x[size]);
  std::vector<LawRun> runs, held;
  for (const ScalingPoint& p : t.points) {
    if (p.group != name) continue;
    const bool out = s.hold_out_largest && p.at.x[size] == largest;
    (out ? held : runs).push_back(run_of(law, p));
    if (p.unique > 0) g.most_passes = std::max(g.most_passes, p.at.x[kTokens] / p.unique);
    if (p.at.x[kFlops] > flops) flops = p.at.x[kFlops];
  }
  const std::vector<size_t> site = sites_of(runs);
  const bool repeats = !site.empty() && *std::ranges::max_element(site) + 1 < site.size();
  const FitObjective kind =
      s.objective.value_or(repeats ? FitObjective::kSquares : FitObjective::kHuber);
  try {
    g.fit = fit_law(law, runs, kind);
  } catch (const UserError& e) {
    place_error(e, law, t, name);
  }
  const std::vector<Theta> resampled = bootstrap_fits(g.fit, s.draws);
  for (size_t i = 0; i < law.parameters.size() && !g.fit.lack.refused(); ++i)
    g.parameters.push_back(spanned(
        g.fit, resampled, [i](std::span<const double> x) { return x[i]; },
        law.parameters[i].positive));
  divide_compute(g, resampled, flops, t.flops_per_nd);
  g.held_out = judge(g.fit, held);
  return g;
}
}  // namespace

Spanned spanned(const LawFit& fit, const std::vector<Theta>& resampled, const ThetaFunction& g,
                bool logarithm) {
  const auto shown = [&](Interval i) {
    return logarithm ? Interval{std::exp(i.low), std::exp(i.high)} : i;
  };
  Spanned s;
  s.value = logarithm ? std::exp(g(fit.theta)) : g(fit.theta);
  s.delta = shown(delta_interval(fit, g));
  s.bootstrap = shown(percentile_interval(resampled, g));
  const bool drawn = fit.kind == FitObjective::kHuber && std::isfinite(s.bootstrap.low);
  s.interval = drawn ? s.bootstrap : shown(profile_interval(fit, g));
  return s;
}

ScaleAnswer scale_points(PointTable table, const ScaleSettings& settings) {
  ScaleAnswer answer;
  answer.table = std::move(table);
  answer.law = &law_of(answer.table, settings.law);
  std::vector<std::string> names;
  for (const ScalingPoint& p : answer.table.points)
    if (!std::ranges::count(names, p.group)) names.push_back(p.group);
  for (const std::string& name : names)
    answer.groups.push_back(answer_group(answer.table, *answer.law, name, settings));
  return answer;
}
}  // namespace cambium
