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

void compare_volume(const TableStudy& study, const std::vector<TrialOutcome>& all, int64_t trials,
                    TableAnswer& a) {
  const std::vector<double> reference = reference_of(study);
  if (!a.volume) a.volume = 0;  // no trial has a result
  if (all.empty()) return;
  a.volume_of_table = hypervolume(losses_of(all), reference);
  a.random_volume =
      mean_random_hypervolume(losses_of(all), std::min(trials, int64_t(all.size())), reference);
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

void judge(const TableStudy& study, const TableSearch& search, const Findings& findings,
           TableAnswer& a) {
  if (study.judgements.empty()) return;
  std::vector<std::vector<double>> values;
  const Objective& o = study.objectives[0];
  for (const size_t i : best_trials(findings, a, study.finalists.count)) {
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
  const Findings findings = findings_of(study, search);
  TableAnswer a{answer_of(*study.space, findings)};
  const std::vector<TrialOutcome> all = all_outcomes(study, a);
  const auto trials = int64_t(search.trials.size());
  a.space_size = int64_t(all.size());
  a.best = a.front.empty() ? NAN : search.trials[a.front[0]].outcome.losses[0];
  if (study.objectives.size() == 1)
    compare_one(all, trials, a);
  else if (study.objectives.size() <= 3)
    compare_volume(study, all, trials, a);
  follow(study, all, search, a);
  judge(study, search, findings, a);
  time(study, search, a);
  return a;
}
}  // namespace cambium
