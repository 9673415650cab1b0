// Searching: what a table answers of a point, and the trials one after another.
#include <algorithm>
#include <cmath>

#include "search/replay/table_study.h"

namespace cambium {
std::string TableStudy::key(const SpacePoint& p) const {
  return table->key_of(space->dimensions(), p);
}

TrialOutcome TableStudy::outcome(const SpacePoint& p) const {
  TrialOutcome out;
  const std::optional<int64_t> row = table->row_of(key(p));
  for (const Objective& o : objectives) {
    const double value = row ? o.of_rows[size_t(*row)] : NAN;
    out.failed = out.failed || std::isnan(value);
    out.losses.push_back(o.loss(value));
  }
  bool unmeasured = false;  // what a condition asks for
  const auto value = [&](std::string_view name) -> std::optional<ArgValue> {
    const auto r = std::ranges::find(result_names, name);
    if (r == result_names.end()) return space->value(name, p);
    const double v = result_values[size_t(r - result_names.begin())][size_t(*row)];
    unmeasured = unmeasured || std::isnan(v);
    return std::isnan(v) ? std::nullopt : std::optional<ArgValue>(v);
  };
  for (const Condition& c : result_conditions) {
    if (out.failed) break;
    unmeasured = false;
    const std::optional<double> violation = c.violation(value);
    out.failed = !violation && unmeasured;
    out.violation += violation.value_or(0);
  }
  if (out.failed) out.losses.clear();
  return out;
}

ProposerSettings TableStudy::proposer() const {
  return {method, options, uint64_t(settings.seed), settings.lag,
          [this](const SpacePoint& p) { return key(p); }};
}

Findings findings_of(const TableStudy& study, const TableSearch& search) {
  Findings out{.objectives = {study.objectives.begin(), study.objectives.end()},
               .trials = {},
               .exhausted = search.exhausted,
               .of_table = true};
  for (const TableTrial& t : search.trials)
    out.trials.push_back({.number = int64_t(out.trials.size()),
                          .key = t.key,
                          .point = t.point,
                          .outcome = t.outcome,
                          .reason = t.outcome.failed ? "a result is missing" : ""});
  return out;
}

TableSearch search_table(const TableStudy& study, const std::function<bool(int64_t)>& stop) {
  Proposer proposer(*study.space, study.proposer());
  TableSearch out;
  while (proposer.size() < study.settings.trials) {
    const Proposer::Next next = proposer.next();
    out.exhausted = next.kind == Proposer::Next::kExhausted;
    if (out.exhausted) break;
    const SpacePoint& p = proposer.point(next.trial);
    out.trials.push_back({p, proposer.key(next.trial),
                          *study.table->row_of(proposer.key(next.trial)), study.outcome(p)});
    proposer.tell(next.trial, out.trials.back().outcome);
    if (stop && stop(proposer.size())) break;
  }
  return out;
}
}  // namespace cambium
