#include "search/replay/table_answer.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "search/answer/front.h"
#include "search/replay/expected.h"

namespace cambium {
namespace {
bool qualifies(const TrialOutcome& o) {
  return !o.failed && o.violation == 0;
}

std::vector<double> reference_of(const TableStudy& study) {
  std::vector<double> out;
  for (const Objective& o : study.objectives) out.push_back(o.loss(o.reference));
  return out;
}

// Of every point of the space that has a row, each key once; counts those that have none.
std::vector<TrialOutcome> all_outcomes(const TableStudy& study, TableAnswer& a) {
  std::vector<TrialOutcome> out;
  std::vector<bool> seen(size_t(study.table->size()));
  int64_t points = 0, without = 0;
  const auto take = [&](const SpacePoint& p) {
    const std::string key = study.key(p);
    const std::optional<int64_t> row = study.table->row_of(key);
    ++points;
    if (!row && without++ == 0) a.first_without = key;
    if (!row || seen[size_t(*row)]) return true;
    out.push_back(study.outcome(p));
    seen[size_t(*row)] = true;
    return true;
  };
  if (study.asked && study.asked->size()) {
    study.asked->for_each(take);
    a.points = points;
    a.without_row = without;
  } else if (study.space->size()) {
    study.space->for_each(take);
  }
  return out;
}

std::vector<std::vector<double>> losses_of(const std::vector<TrialOutcome>& outcomes) {
  // What does not qualify encloses nothing, and is drawn all the same.
  std::vector<std::vector<double>> out;
  for (const TrialOutcome& o : outcomes)
    out.push_back(qualifies(o) ? o.losses : std::vector<double>());
  return out;
}

void compare_one(const std::vector<TrialOutcome>& all, int64_t trials, TableAnswer& a) {
  std::vector<double> values;
  for (const TrialOutcome& o : all) values.push_back(qualifies(o) ? o.losses[0] : NAN);
  const bool any = std::ranges::any_of(values, [](double v) { return !std::isnan(v); });
  a.best_of_table = a.random_best = NAN;
  if (!any || trials < 1) return;
  a.best_of_table = expected_least(values, int64_t(values.size()));
  a.random_best = expected_least(values, std::min(trials, int64_t(values.size())));
}

void compare_volume(const TableStudy& study, const std::vector<TrialOutcome>& all,
                    const TableSearch& search, TableAnswer& a) {
  const std::vector<double> reference = reference_of(study);
  std::vector<TrialOutcome> found;
  for (const TableTrial& t : search.trials) found.push_back(t.outcome);
  a.volume = hypervolume(losses_of(found), reference);
  if (all.empty()) return;
  a.volume_of_table = hypervolume(losses_of(all), reference);
  const auto n = std::min(int64_t(found.size()), int64_t(all.size()));
  a.random_volume = mean_random_hypervolume(losses_of(all), n, reference);
}

void follow(const TableStudy& study, const std::vector<TrialOutcome>& all,
            const TableSearch& search, TableAnswer& a) {
  if (study.objectives.size() > 3) return;
  std::vector<TrialOutcome> found;
  for (const TableTrial& t : search.trials) found.push_back(t.outcome);
  const bool one = study.objectives.size() == 1;
  a.progress = progress_of(losses_of(found), losses_of(all),
                           one ? std::vector<double>() : reference_of(study));
  if (one) return;
  std::vector<Losses> results;
  for (const TrialOutcome& o : all)
    if (qualifies(o)) results.push_back({o.losses, 0});
  for (const size_t i : front_of(results))
    if (a.front_of_table.empty() || a.front_of_table.back() != results[i].values)
      a.front_of_table.push_back(results[i].values);
}

// The best by the first objective; of several the front's ends, then what encloses most alone.
std::vector<size_t> finalists_of(const TableStudy& study, const TableSearch& search,
                                 const TableAnswer& a) {
  const auto count = size_t(study.finalists.count);
  std::vector<size_t> out;
  if (study.objectives.size() == 1) {
    for (size_t i = 0; i < search.trials.size(); ++i)
      if (qualifies(search.trials[i].outcome)) out.push_back(i);
    std::ranges::stable_sort(out, {}, [&](size_t i) { return search.trials[i].outcome.losses[0]; });
    out.resize(std::min(out.size(), count));
    return out;
  }
  const std::vector<double> reference = reference_of(study);
  std::vector<std::vector<double>> front;
  for (const size_t i : a.front) front.push_back(search.trials[i].outcome.losses);
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
  for (size_t i = 0; i < std::min(count, gains.size()); ++i) out.push_back(gains[i].second);
  return out;
}

void judge(const TableStudy& study, const TableSearch& search, TableAnswer& a) {
  if (study.judgements.empty()) return;
  std::vector<std::vector<double>> values;
  const Objective& o = study.objectives[0];
  for (const size_t i : finalists_of(study, search, a)) {
    std::vector<double> of;
    for (const std::vector<double>& column : study.judgements)
      of.push_back(-o.loss(column[size_t(search.trials[i].row)]));
    const auto empty = std::ranges::find_if(of, [](double v) { return std::isnan(v); });
    if (empty != of.end()) {
      a.unjudged.push_back({i, study.finalists.judged_by[size_t(empty - of.begin())]});
      continue;
    }
    a.finalists.push_back(i);
    values.push_back(std::move(of));
  }
  if (values.size() > 1) a.judged = best_of(values);
}

void time(const TableStudy& study, const TableSearch& search, TableAnswer& a) {
  if (study.seconds.empty()) return;
  std::vector<double> durations;
  for (const TableTrial& t : search.trials) {
    const double s = study.seconds[size_t(t.row)];
    a.untimed += std::isnan(s);
    durations.push_back(std::isnan(s) ? 0 : s);
  }
  for (const int64_t workers : {1, 2, 4, 8})
    a.times.push_back({workers, simulated_time(durations, workers, study.settings.lag)});
}
}  // namespace

TableAnswer answer_of(const TableStudy& study, const TableSearch& search) {
  TableAnswer a;
  std::vector<Losses> results;
  std::vector<SpacePoint> points;
  std::vector<size_t> good;
  for (size_t i = 0; i < search.trials.size(); ++i) {
    const TableTrial& t = search.trials[i];
    results.push_back({t.outcome.losses, t.outcome.failed ? HUGE_VAL : t.outcome.violation});
    a.failed += t.outcome.failed;
    if (t.outcome.failed) continue;
    good.push_back(i);
    points.push_back(t.point);
  }
  const std::vector<TrialOutcome> all = all_outcomes(study, a);
  a.space_size = int64_t(all.size());
  a.front = front_of(results);
  a.best = a.front.empty() ? NAN : results[a.front[0]].values[0];
  if (study.objectives.size() == 1) {
    a.front.resize(std::min<size_t>(a.front.size(), 1));
    compare_one(all, int64_t(search.trials.size()), a);
  } else if (study.objectives.size() <= 3) {
    compare_volume(study, all, search, a);
  }
  follow(study, all, search, a);
  for (size_t m = 0; m < study.objectives.size(); ++m) {
    std::vector<double> values;
    for (const size_t i : good) values.push_back(search.trials[i].outcome.losses[m]);
    a.importance.push_back(importances(*study.space, points, values));
  }
  judge(study, search, a);
  time(study, search, a);
  return a;
}
}  // namespace cambium
