#include "search/laws/answers/scale.h"

#include <algorithm>
#include <cmath>

#include "search/laws/answers/compare_groups.h"
#include "search/laws/answers/divide.h"
#include "search/laws/answers/exponents.h"
#include "search/laws/answers/runs.h"
#include "search/laws/fit/identify.h"

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
  if (law.of_schedules)
    throw UserError(
        str("law '", law.name, "' is of whole trainings, not of points of finished runs"),
        "give it curves: columns curve, step, lr, loss", t.marks[size_t(PointRole::kLoss)]);
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
UserError placed(const UserError& e, const Law& law, const PointTable& t) {
  const std::string what = e.what();
  Mark mark = t.marks[size_t(PointRole::kLoss)];
  for (Quantity q : law.needs)
    if (what.find(str("values of ", quantity_name(q))) != what.npos && t.has(role_of(q)))
      mark = t.marks[size_t(role_of(q))];
  return UserError(what, e.help, mark);
}

std::string untold_of(const LawFit& f, const std::optional<PowerLine>& line) {
  if (line) {
    std::string names;
    for (const LawParameter& p : f.law->parameters)
      if (p.name != "E") names += str(p.name, ", ");
    names.resize(names.size() - 2);
    return str(quantity_symbol(line->x), " and ", quantity_symbol(line->y), " vary together (",
               line->text(), "): ", names,
               " and the allocation cannot be told; what is foretold holds along that line only");
  }
  if (const std::optional<size_t> open = open_parameter(f))
    return str("these runs leave parameters open (", f.law->parameters[*open].name,
               " changes the curve as others do): parameters and allocation cannot be told");
  return "";
}

void tell_parameters(GroupAnswer& g, const std::vector<Theta>& resampled) {
  if (g.fit.lack.refused() || !g.untold.empty()) return;
  for (size_t i = 0; i < g.fit.law->parameters.size(); ++i) {
    g.parameters.push_back(spanned(
        g.fit, resampled, [i](std::span<const double> x) { return x[i]; },
        g.fit.law->parameters[i].positive));
    Spanned& s = g.parameters.back();
    if (at_bound(g.fit, i)) s.interval = s.delta = s.bootstrap = {NAN, NAN};
  }
}

GroupAnswer answer_group(const PointTable& t, const Law& law, const std::string& name,
                         const ScaleSettings& s) {
  GroupAnswer g;
  g.name = name;
  GroupRuns group = runs_of_group(t, law, name, s.hold_out_largest);
  g.most_passes = group.most_passes;
  g.ignored = group.ignored;
  const std::vector<size_t> site = sites_of(group.runs);
  const bool repeats = !site.empty() && *std::ranges::max_element(site) + 1 < site.size();
  const FitObjective kind =
      s.objective.value_or(repeats ? FitObjective::kSquares : FitObjective::kHuber);
  const std::optional<PowerLine> line = line_of(law, group.runs);
  try {
    g.fit = fit_law(law, group.runs, kind);
    require_follows(g.fit, line);
  } catch (const UserError& e) {
    g.failure = placed(e, law, t);
    return g;
  }
  g.untold = untold_of(g.fit, line);
  const std::vector<Theta> resampled = bootstrap_fits(g.fit, s.draws);
  g.resampled = resampled;
  tell_parameters(g, resampled);
  g.flops_per_nd = group.flops_per_nd;
  g.flops_contradict = group.flops_contradict;
  g.line = line;
  if (!group.flops_contradict) divide_compute(g, resampled, group.most_flops);
  g.reach = reach_of(g.fit);
  fill_exponents(g, t.counts, group.counts, s.draws);
  if (line)
    g.off_line = std::erase_if(group.held, [&](const LawRun& r) { return !line->holds(r.at); });
  g.held_out = judge(g.fit, group.held);
  return g;
}

// The reasons of all groups, where none could be fitted.
void refuse_all(const std::vector<GroupAnswer>& groups) {
  Diagnostics errors;
  for (const GroupAnswer& g : groups) {
    if (!g.failure) return;
    const std::string what = g.failure->what();
    errors.add(UserError(g.name.empty() ? what : str("group '", g.name, "': ", what),
                         g.failure->help, g.failure->mark));
  }
  if (errors.errors().size() == 1) throw errors.errors().front();
  errors.throw_if_any();
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
  refuse_all(answer.groups);
  answer.comparisons = compare_groups(answer.groups);
  return answer;
}
}  // namespace cambium
