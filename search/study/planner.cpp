#include "search/study/planner.h"

#include <algorithm>

#include "blocks/compose/families.h"
#include "graph/cost.h"
#include "search/runs/timing.h"
#include "search/study/budget.h"
#include "search/study/spec_edit.h"
#include "train/generate/generation_state.h"
#include "train/graphs/plans.h"

namespace cambium {
namespace {
constexpr int64_t kMostValue = 1 << 16;  // of a free variable

// The data section, and everything it may refer to.
std::string data_key(const Spec& spec, std::string_view free) {
  std::string key;
  if (const Yaml* data = spec.section("data")) key += canonical_text(*data);
  if (const Yaml* train = spec.section("train"))
    if (const Yaml* seed = train->find("data_seed")) key += canonical_text(*seed);
  if (const Yaml* vars = spec.section("vars")) {
    Yaml rest = *vars;
    std::erase_if(rest.entries, [&](const YamlEntry& e) { return free == str("vars.", e.key); });
    key += canonical_text(rest);
  }
  return key;
}

// The value that the free variable has in the file, to start the search from.
int64_t start_of(const Spec& spec, std::string_view free) {
  if (!free.starts_with("vars.")) return 64;
  try {
    const ArgValue v = vars_of(spec).get(free.substr(5), {});
    if (const auto* n = std::get_if<int64_t>(&v.variant())) return std::max<int64_t>(1, *n);
  } catch (const UserError&) {  // the override that follows says what is wrong
  }
  return 64;
}

Match match_of(std::string_view name, const Spec& spec, const MatchGoal& goal, DataCache& data) {
  try {
    return solve_match(spec, goal, data);
  } catch (const UserError& e) {
    UserError named(str("variant '", name, "': ", e.what()), e.help, e.mark);
    named.notes = e.notes;
    throw named;
  }
}

void settle_evaluation(PlannedVariant& p, const Experiment& e) {
  const TrainOptions& o = e.train.options;
  p.evaluation_flops = p.cost.evaluation_flops_per_example;
  p.validation_examples = e.data->count(Split::kValidation);
  if (o.eval_batches > 0)
    p.validation_examples = std::min(p.validation_examples, o.eval_batches * o.batch);
  p.test_examples = e.data->count(Split::kTest);
}

void settle_memory(PlannedVariant& p, const Experiment& e) {
  if (const auto state = generation_state(e)) p.state_bytes = state->bytes;
  p.domains = families_text(model_of(e, 1, false).graph, e.spec.root);
  Engine engine;
  const TrainPlans plans = compile_plans(e, engine);
  forget_models(e);
  p.needed_bytes = predicted_peak_bytes(memory_need(e, plans));
}
}  // namespace

Experiment DataCache::open(const Spec& spec, std::string_view free) {
  const std::string key = data_key(spec, free);
  const auto known = opened_.find(key);
  Experiment e = open_experiment(spec, known == opened_.end() ? nullptr : known->second);
  opened_[key] = e.data;
  return e;
}

const Identity& DataCache::identity(const Experiment& e) {
  const auto [known, fresh] = identities_.try_emplace(e.data.get());
  if (fresh) known->second = identity_of(*e.data);
  return known->second;
}

double match_cost(const Experiment& e, MatchGoal::Kind kind) {
  const int64_t batch = e.train.options.batch;
  const ScopeCost cost = total_cost(model_of(e, batch, true).graph);
  return kind == MatchGoal::kParameters ? double(cost.parameters)
                                        : cost.forward_flops / double(batch);
}

Match solve_match(const Spec& spec, const MatchGoal& goal, DataCache& data) {
  ensure(goal.target.has_value(), "a match without a target");
  std::optional<UserError> first;
  const auto cost_at = [&](int64_t value) -> std::optional<double> {
    Spec tried = spec;
    apply_override(tried.root, goal.free, scalar_yaml(str(value)), goal.mark);
    try {
      return match_cost(data.open(tried, goal.free), goal.kind);
    } catch (const UserError& e) {
      if (!first) first = e;
      return std::nullopt;
    }
  };
  const std::string_view unit =
      goal.kind == MatchGoal::kParameters ? "parameters" : "FLOPs an example";
  try {
    return match_value(cost_at, *goal.target, goal.tolerance, goal.free, unit,
                       start_of(spec, goal.free), kMostValue);
  } catch (const UserError& e) {
    UserError placed(e.what(), e.help, goal.mark);
    if (first) placed.notes.push_back({first->what(), first->mark});
    throw placed;
  }
}

void apply_match(Spec& spec, const MatchGoal& goal, const Match& match) {
  apply_override(spec.root, goal.free, scalar_yaml(str(match.value)), goal.mark);
}

void set_steps(DraftVariant& draft, int64_t steps, const PlanOptions& options) {
  PlannedVariant& p = draft.variant;
  p.steps = steps;
  drop_train(p.spec.root, "epochs");
  set_train(p.spec.root, "steps", str(steps));
  if (const int64_t n = options.evaluations; n > 0)
    set_train(p.spec.root, "eval_every", str(std::max<int64_t>(1, (steps + n - 1) / n)));
  change_length(draft.experiment, with_seed(p.spec, options.vary, options.seed));
  p.notes = draft.experiment.notes;
}

int64_t steps_within(const Budget& budget, const PlannedVariant& variant,
                     const std::optional<StepTime>& step_time) {
  return steps_for(budget, variant.cost, variant.examples_per_step,
                   step_time ? step_time->median / 1e3 : 0);
}

DraftVariant draft_variant(std::string name, Spec spec, const PlanOptions& options,
                           DataCache& data) {
  PlannedVariant p{.name = std::move(name), .spec = std::move(spec)};
  std::string_view free;
  if (options.match) {
    free = options.match->free;
    p.match = match_of(p.name, p.spec, *options.match, data);
    apply_match(p.spec, *options.match, *p.match);
  }
  set_train(p.spec.root, "best", options.metric, options.metric_mark);
  Experiment opened = data.open(with_seed(p.spec, options.vary, options.seed), free);
  DraftVariant d{std::move(p), std::move(opened)};
  const Experiment& e = d.experiment;
  d.variant.cost = step_cost(e);
  d.variant.examples_per_step = e.examples_per_update();
  d.variant.steps = e.total_steps();
  d.variant.planned = options.budget ? options.budget->value : double(d.variant.steps);
  d.variant.notes = e.notes;
  if (options.steps)
    set_steps(d, *options.steps, options);
  else if (options.budget && options.budget->kind != Budget::kSeconds)
    set_steps(d, steps_within(*options.budget, d.variant, {}), options);
  d.variant.data = data.identity(e);
  d.variant.forward_flops = d.variant.cost.forward_flops_per_example;
  settle_evaluation(d.variant, e);
  settle_memory(d.variant, e);
  return d;
}

PlannedVariant plan_variant(std::string name, Spec spec, const PlanOptions& options,
                            DataCache& data) {
  DraftVariant d = draft_variant(std::move(name), std::move(spec), options, data);
  if (options.budget && options.budget->kind == Budget::kSeconds && !options.steps) {
    d.variant.step_time = step_times_in_turn({&d.experiment, 1}).front();
    set_steps(d, steps_within(*options.budget, d.variant, d.variant.step_time), options);
  }
  return std::move(d.variant);
}
}  // namespace cambium
