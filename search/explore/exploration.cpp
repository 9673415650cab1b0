#include "search/explore/exploration.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/hash.h"
#include "core/text/json.h"
#include "search/study/study_plan.h"

namespace cambium {
namespace {
constexpr int64_t kMostCounted = 5000;  // points that are built to find one that is left

// Refused where the model cannot be trained though it can be built, as one that
// sees its answers.
Trial planned_trial(ModelSpace& models, const SpacePoint& p, int64_t index) {
  Trial t{.key = models.candidate(p).key, .seed = kSearchSeed, .folder = str("runs/trial-", index)};
  try {
    const PlannedVariant v = models.plan(str("trial-", index), p);
    t.spec = to_yaml(run_spec(models.study(), v, kSearchSeed).root);
    t.steps = v.steps;
    t.needed_bytes = v.needed_bytes;
    t.cost = v.cost.flops_per_step * double(v.steps);
  } catch (const UserError& e) {
    t.state = TrialState::kRefused;
    t.reason = e.what();
  }
  return t;
}

TrialOutcome outcome_of(const ModelSpace& models, const Trial& t) {
  TrialOutcome out;
  for (const ModelObjective& o : models.objectives()) {
    const auto value = t.values.find(o.name);
    const bool known = value != t.values.end() && value->is_number();
    out.losses.push_back(known ? o.loss(value->get<double>()) : NAN);
    out.failed = out.failed || std::isnan(out.losses.back());
  }
  if (out.failed) out.losses.clear();
  return out;
}

// One rung of a trial, those before it being there.
void add_piece(FoundTrial& f, const ModelSpace& models, const Trial& t) {
  f.outcome = {.failed = true};
  if (t.state == TrialState::kDone) f.outcome = outcome_of(models, t);
  f.at_rungs.resize(size_t(t.rung), NAN);  // of rungs before its bracket's first
  f.at_rungs.push_back(f.outcome.failed ? NAN : models.objectives()[0].loss(f.outcome.losses[0]));
  f.whole = t.pause_at == 0;
  f.refused = t.state == TrialState::kRefused;
  f.reason = t.reason;
  if (f.reason.empty() && f.outcome.failed) f.reason = "a result is no number";
  if (const auto parents = t.origin.find("parents"); parents != t.origin.end())
    f.parents = parents->get<std::vector<int64_t>>();
}
}  // namespace

StudyRecord record_of(ModelSpace& models) {
  const Study& s = models.study();
  Json settings = {{"method", models.method().method->name},
                   {"options", models.method().options.text()},
                   {"seed", s.search->settings.seed}};
  if (s.search->rungs) settings["rungs"] = s.search->rungs->text();
  for (const auto& [what, text] : models.sections()) settings[what] = text;
  return {.name = s.name, .settings = std::move(settings), .lag = s.search->settings.lag};
}

ProposeTrial exploration(ModelSpace& models) {
  const SearchPart& search = *models.study().search;
  ArmSettings arm{.name = "search",
                  .space = &models.space(),
                  .proposer = {.method = models.method().method,
                               .options = models.method().options,
                               .seed = uint64_t(search.settings.seed),
                               .lag = search.settings.lag},
                  .points = search.settings.trials};
  arm.proposer.most_counted = kMostCounted;
  if (search.rungs) arm.rungs = search.rungs->plan(search.settings.trials);
  arm.proposer.key = [&](const SpacePoint& p) { return models.candidate(p).key; };
  arm.plan = [&](const SpacePoint& p, int64_t index) { return planned_trial(models, p, index); };
  arm.outcome = [&](const Trial& t) { return outcome_of(models, t); };
  return by_turns({std::make_shared<Arm>(std::move(arm))});
}

Json values_of(ModelSpace& models, const Trial& trial, const std::string& run_folder) {
  Json values = run_values(run_folder);
  for (const auto& [name, value] : models.candidate(models.space().point_of(trial.point)).built)
    values[name] = value;
  return values;
}

Findings findings_of(ModelSpace& models, std::span<const Trial> trials) {
  Findings out;
  const MethodChoice& method = models.method();
  if (method.method->draws) out.drawn = method.method->draws(method.options);
  for (const ModelObjective& o : models.objectives())
    out.objectives.push_back(
        {o.name, o.maximize, o.reference.value_or(0), !o.reference.has_value()});
  std::map<int64_t, size_t> places;  // by point
  for (const Trial& t : trials) {
    if (!has_ended(t.state)) continue;
    const int64_t point = point_index(t);
    const auto [place, fresh] = places.try_emplace(point, out.trials.size());
    if (fresh)
      out.trials.push_back(
          {.number = point, .key = t.key, .point = models.space().point_of(t.point)});
    add_piece(out.trials[place->second], models, t);
  }
  std::ranges::sort(out.trials, {}, &FoundTrial::number);
  settle_references(out);
  return out;
}
}  // namespace cambium
