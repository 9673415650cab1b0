#include "search/explore/exploration.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/hash.h"
#include "core/text/json.h"
#include "search/study/cell.h"
#include "search/study/study_plan.h"
#include "search/verdict/stats.h"

namespace cambium {
namespace {
constexpr int64_t kMostCounted = 5000;  // points that are built to find one that is left

// One a task. All are refused where the model cannot be trained on one of them though it can be
// built, as one that sees its answers.
std::vector<Trial> planned_trials(ModelSpace& models, const SpacePoint& p, int64_t index) {
  const std::string name = str("trial-", index);
  std::vector<Trial> out;
  for (const SearchTask& task : models.tasks())
    out.push_back({.key = models.candidate(p).key,
                   .seed = kSearchSeed,
                   .folder = str("runs/", cell_name(name, task.name))});
  try {
    const std::vector<PlannedVariant> planned = models.plan(name, p);
    for (size_t i = 0; i < planned.size(); ++i) {
      const PlannedVariant& v = planned[i];
      out[i].spec = to_yaml(run_spec(models.study(), v, kSearchSeed).root);
      out[i].steps = v.steps;
      out[i].needed_bytes = v.needed_bytes;
      out[i].cost = v.cost.flops_per_step * double(v.steps);
    }
  } catch (const UserError& e) {
    for (Trial& t : out) {
      t.state = TrialState::kRefused;
      t.reason = e.what();
    }
  }
  return out;
}

double value_of(const Trial& t, const std::string& name) {
  const auto value = t.values.find(name);
  const bool known = t.state == TrialState::kDone && value != t.values.end() && value->is_number();
  return known ? value->get<double>() : NAN;
}

// An objective is its mean over tasks.
TrialOutcome outcome_of(const ModelSpace& models, std::span<const Trial> on_tasks) {
  TrialOutcome out;
  for (const ModelObjective& o : models.objectives()) {
    std::vector<double> values;
    for (const Trial& t : on_tasks) values.push_back(value_of(t, o.name));
    out.losses.push_back(o.loss(mean_of(values)));
    out.failed = out.failed || std::isnan(out.losses.back());
  }
  if (out.failed) out.losses.clear();
  return out;
}

std::string reason_of(const ModelSpace& models, std::span<const Trial> on_tasks) {
  for (size_t i = 0; i < on_tasks.size(); ++i) {
    const Trial& t = on_tasks[i];
    if (t.reason.empty()) continue;
    const bool one = on_tasks.size() == 1 || t.state == TrialState::kRefused;
    return one ? t.reason : str("on task '", models.tasks()[i].name, "': ", t.reason);
  }
  return "";
}

// One rung of a trial on all tasks, those before it being there.
void add_piece(FoundTrial& f, const ModelSpace& models, std::span<const Trial> on_tasks) {
  const Trial& t = on_tasks.front();
  f.outcome = outcome_of(models, on_tasks);
  f.at_rungs.resize(size_t(t.rung), NAN);  // of rungs before its bracket's first
  f.at_rungs.push_back(f.outcome.failed ? NAN : models.objectives()[0].loss(f.outcome.losses[0]));
  f.on_tasks.assign(models.study().tasks.size(), {});
  for (size_t k = 0; k < f.on_tasks.size(); ++k)
    for (const ModelObjective& o : models.objectives())
      f.on_tasks[k].push_back(value_of(on_tasks[k], o.name));
  f.whole = t.pause_at == 0;
  f.refused = t.state == TrialState::kRefused;
  f.reason = reason_of(models, on_tasks);
  if (f.reason.empty() && f.outcome.failed) f.reason = "a result is no number";
  if (const auto parents = t.origin.find("parents"); parents != t.origin.end())
    f.parents = parents->get<std::vector<int64_t>>();
}

// Points and rungs that have ended on all tasks, in the order in which they were begun.
std::vector<std::vector<Trial>> ended_pieces(std::span<const Trial> trials, size_t tasks) {
  std::vector<std::vector<Trial>> out;
  std::map<std::pair<int64_t, int64_t>, size_t> places;
  for (const Trial& t : trials) {
    if (!has_ended(t.state)) continue;
    const auto [place, fresh] = places.try_emplace({point_index(t), t.rung}, out.size());
    if (fresh) out.emplace_back();
    out[place->second].push_back(t);
  }
  std::erase_if(out, [&](const auto& piece) { return piece.size() < tasks; });
  return out;
}
}  // namespace

StudyRecord record_of(ModelSpace& models) {
  const Study& s = models.study();
  Json settings = {{"method", models.method().method->name},
                   {"options", models.method().options.text()},
                   {"seed", s.search->settings.seed}};
  if (s.search->rungs) settings["rungs"] = s.search->rungs->text();
  for (const auto& [what, text] : models.sections()) settings[what] = text;
  // The store counts trainings: so many of a point's are on tasks.
  return {.name = s.name,
          .settings = std::move(settings),
          .lag = s.search->settings.lag * int64_t(models.tasks().size())};
}

ProposeTrial exploration(ModelSpace& models) {
  const SearchPart& search = *models.study().search;
  ArmSettings arm{.name = "search",
                  .space = &models.space(),
                  .proposer = {.method = models.method().method,
                               .options = models.method().options,
                               .seed = uint64_t(search.settings.seed),
                               .lag = search.settings.lag},
                  .points = search.settings.trials,
                  .parts = int64_t(models.tasks().size())};
  arm.proposer.most_counted = kMostCounted;
  if (search.rungs) arm.rungs = search.rungs->plan(search.settings.trials);
  arm.proposer.key = [&](const SpacePoint& p) { return models.candidate(p).key; };
  arm.plan = [&](const SpacePoint& p, int64_t index) { return planned_trials(models, p, index); };
  arm.outcome = [&](std::span<const Trial> on_tasks) { return outcome_of(models, on_tasks); };
  return by_turns({std::make_shared<Arm>(std::move(arm))});
}

Json values_of(ModelSpace& models, const Trial& trial, const std::string& run_folder) {
  Json values = run_values(run_folder);
  const Candidate& c = models.candidate(models.space().point_of(trial.point));
  for (const auto& [name, value] : c.on(size_t(part_index(trial))).built) values[name] = value;
  return values;
}

Findings findings_of(ModelSpace& models, std::span<const Trial> trials) {
  Findings out;
  const MethodChoice& method = models.method();
  if (method.method->draws) out.drawn = method.method->draws(method.options);
  for (const ModelObjective& o : models.objectives())
    out.objectives.push_back(
        {o.name, o.maximize, o.reference.value_or(0), !o.reference.has_value()});
  if (!models.study().tasks.empty())
    for (const SearchTask& task : models.tasks()) out.tasks.push_back(task.name);
  std::map<int64_t, size_t> places;  // by point
  for (const std::vector<Trial>& piece : ended_pieces(trials, models.tasks().size())) {
    const Trial& t = piece.front();
    const int64_t point = point_index(t);
    const auto [place, fresh] = places.try_emplace(point, out.trials.size());
    if (fresh)
      out.trials.push_back(
          {.number = point, .key = t.key, .point = models.space().point_of(t.point)});
    add_piece(out.trials[place->second], models, piece);
  }
  std::ranges::sort(out.trials, {}, &FoundTrial::number);
  settle_references(out);
  return out;
}
}  // namespace cambium
