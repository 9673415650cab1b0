#include "search/answer/findings.h"

#include <algorithm>
#include <cmath>

#include "core/text/csv.h"
#include "core/text/json.h"
#include "search/answer/front.h"

namespace cambium {
namespace {
bool qualifies(const FoundTrial& t) {
  return t.whole && !t.outcome.failed && t.outcome.violation == 0;
}

std::vector<double> reference_of(const Findings& f) {
  std::vector<double> out;
  for (const FoundObjective& o : f.objectives) out.push_back(o.loss(o.reference));
  return out;
}

// What each member of the front encloses alone, largest first; the front's ends before all.
std::vector<size_t> by_gain(const Findings& f, const FoundAnswer& a) {
  std::vector<std::vector<double>> front;
  for (const size_t i : a.front) front.push_back(f.trials[i].outcome.losses);
  const std::vector<double> reference = reference_of(f);
  std::vector<std::pair<double, size_t>> gains;
  for (size_t i = 0; i < front.size(); ++i) {
    std::vector<std::vector<double>> others = front;
    others.erase(others.begin() + int64_t(i));
    const bool end = i == 0 || i + 1 == front.size();
    const double gain =
        a.volume ? hypervolume(front, reference) - hypervolume(others, reference) : 0;
    gains.emplace_back(end ? -HUGE_VAL : -gain, a.front[i]);
  }
  std::ranges::sort(gains);
  std::vector<size_t> out;
  for (const auto& [gain, trial] : gains) out.push_back(trial);
  return out;
}

std::string_view state_of(const FoundTrial& t) {
  if (t.refused) return "refused";
  if (t.outcome.failed) return "failed";
  return t.whole ? "done" : "not continued";
}

// What chance alone found: the trials before the method had anything to go by.
void compare_with_draws(const Findings& f, FoundAnswer& a) {
  std::vector<std::vector<double>> losses;
  for (const FoundTrial& t : f.trials)
    if (t.number < f.drawn)
      losses.push_back(qualifies(t) ? t.outcome.losses : std::vector<double>());
  if (losses.empty() || losses.size() == f.trials.size()) return;
  a.drawn = int64_t(losses.size());
  if (a.volume) a.drawn_volume = hypervolume(losses, reference_of(f));
  for (const std::vector<double>& l : losses)
    if (!l.empty() && f.objectives.size() == 1)
      a.drawn_best = std::min(l[0], a.drawn_best.value_or(l[0]));
}

std::vector<FoundRung> rungs_of(const Findings& f) {
  size_t most = 1;
  for (const FoundTrial& t : f.trials) most = std::max(most, t.at_rungs.size());
  std::vector<FoundRung> out(most - 1);
  for (size_t r = 0; r < out.size(); ++r) {
    std::vector<double> here, end;
    for (const FoundTrial& t : f.trials) {
      out[r].trials += t.at_rungs.size() > r;
      if (!qualifies(t) || t.at_rungs.size() < most || std::isnan(t.at_rungs[r])) continue;
      here.push_back(t.at_rungs[r]);
      end.push_back(t.at_rungs.back());
    }
    out[r].agreement = kendall_tau_interval(here, end);
  }
  return out;
}
}  // namespace

void settle_references(Findings& f) {
  for (size_t m = 0; m < f.objectives.size(); ++m) {
    FoundObjective& o = f.objectives[m];
    if (!o.reference_is_worst) continue;
    std::optional<double> worst;
    for (const FoundTrial& t : f.trials)
      if (t.whole && !t.outcome.failed)
        worst = std::max(t.outcome.losses[m], worst.value_or(t.outcome.losses[m]));
    o.reference = worst ? o.loss(*worst) : NAN;
  }
}

FoundAnswer answer_of(const Space& space, const Findings& f) {
  FoundAnswer a;
  std::vector<Losses> results;
  std::vector<std::vector<double>> losses;
  std::vector<SpacePoint> points;
  std::vector<const FoundTrial*> whole;
  for (const FoundTrial& t : f.trials) {
    const bool out = t.outcome.failed || !t.whole;
    results.push_back(
        {out ? std::vector<double>() : t.outcome.losses, out ? HUGE_VAL : t.outcome.violation});
    losses.push_back(qualifies(t) ? t.outcome.losses : std::vector<double>());
    a.refused += t.refused;
    a.failed += t.outcome.failed && !t.refused;
    if (out) continue;
    whole.push_back(&t);
    points.push_back(t.point);
  }
  a.front = front_of(results);
  const size_t count = f.objectives.size();
  if (count == 1) a.front.resize(std::min<size_t>(a.front.size(), 1));
  if ((count == 2 || count == 3) && !whole.empty()) a.volume = hypervolume(losses, reference_of(f));
  compare_with_draws(f, a);
  a.rungs = rungs_of(f);
  for (size_t m = 0; m < count; ++m) {
    std::vector<double> values;
    for (const FoundTrial* t : whole) values.push_back(t->outcome.losses[m]);
    a.importance.push_back(importances(space, points, values));
  }
  return a;
}

std::vector<size_t> best_trials(const Findings& f, const FoundAnswer& a, int64_t count) {
  std::vector<size_t> out;
  if (f.objectives.size() > 1) {
    out = by_gain(f, a);
  } else {
    for (size_t i = 0; i < f.trials.size(); ++i)
      if (qualifies(f.trials[i])) out.push_back(i);
  }
  const auto first = [&](size_t i) { return f.trials[i].outcome.losses[0]; };
  if (f.objectives.size() == 1) std::ranges::stable_sort(out, {}, first);
  out.resize(std::min(out.size(), size_t(count)));
  std::ranges::stable_sort(out, {}, first);
  return out;
}

Json trial_json(const Space& space, const Findings& f, size_t trial) {
  const FoundTrial& t = f.trials[trial];
  Json out = {{"trial", t.number}, {"key", t.key}, {"values", space.json(t.point)}};
  for (size_t m = 0; m < f.objectives.size(); ++m)
    out["results"][f.objectives[m].name] =
        t.outcome.failed ? Json() : Json(f.objectives[m].loss(t.outcome.losses[m]));
  for (size_t k = 0; k < t.on_tasks.size(); ++k)
    for (size_t m = 0; m < f.objectives.size(); ++m)
      out["on_tasks"][f.tasks[k]][f.objectives[m].name] = t.on_tasks[k][m];
  if (t.outcome.violation > 0) out["violation"] = t.outcome.violation;
  if (state_of(t) != "done") out["state"] = state_of(t);
  if (!t.reason.empty()) out["reason"] = t.reason;
  if (!t.parents.empty()) out["parents"] = t.parents;
  if (t.at_rungs.size() > 1 || !t.whole) out["at_rungs"] = t.at_rungs;
  return out;
}

Json objectives_json(const Findings& f) {
  Json out = Json::array();
  for (const FoundObjective& o : f.objectives)
    out.push_back({{"name", o.name},
                   {"goal", o.maximize ? "max" : "min"},
                   {"reference", o.reference},
                   {"reference_from", !o.reference_is_worst ? "study"
                                      : f.of_table          ? "worst row"
                                                            : "worst trial"}});
  return out;
}

Json rungs_json(const FoundAnswer& a) {
  Json out = Json::array();
  for (const FoundRung& r : a.rungs) {
    Json rung = {{"trials", r.trials}};
    if (r.agreement) {
      rung["tau_to_end"] = r.agreement->tau;
      rung["of"] = r.agreement->n;
      if (r.agreement->interval)
        rung["interval"] = {r.agreement->interval->low, r.agreement->interval->high};
    }
    out.push_back(rung);
  }
  return out;
}

Json importance_json(const Findings& f, const FoundAnswer& a) {
  Json out = Json::object();
  for (size_t m = 0; m < a.importance.size(); ++m) {
    Json list = Json::array();
    for (const Importance& i : a.importance[m])
      list.push_back(
          {{"of", i.what}, {"share", i.share}, {"interval", {i.interval.low, i.interval.high}}});
    out[f.objectives[m].name] = list;
  }
  return out;
}

std::string trials_csv(const Space& space, const Findings& f) {
  std::string out = "trial,key";
  for (const Dimension& d : space.dimensions()) out += "," + csv_cell("space." + d.name);
  for (const FoundObjective& o : f.objectives) out += "," + csv_cell(o.name);
  for (const std::string& task : f.tasks)
    for (const FoundObjective& o : f.objectives) out += "," + csv_cell(str(o.name, "@", task));
  out += ",violation,state,reason\n";
  for (const FoundTrial& t : f.trials) {
    out += str(t.number, ",", csv_cell(t.key));
    for (size_t d = 0; d < t.point.genes.size(); ++d)
      out += "," + (t.point.genes[d].active
                        ? csv_cell(text_of(space.dimensions()[d], t.point.genes[d]))
                        : std::string());
    for (size_t m = 0; m < f.objectives.size(); ++m)
      out +=
          "," + (t.outcome.failed ? std::string() : str(f.objectives[m].loss(t.outcome.losses[m])));
    for (size_t k = 0; k < f.tasks.size(); ++k)
      for (size_t m = 0; m < f.objectives.size(); ++m)
        out += "," + (std::isnan(t.on_tasks[k][m]) ? std::string() : str(t.on_tasks[k][m]));
    out += str(",", t.outcome.violation, ",", state_of(t), ",", csv_cell(t.reason), "\n");
  }
  return out;
}
}  // namespace cambium
