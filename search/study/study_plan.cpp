#include "search/study/study_plan.h"

#include <algorithm>

#include "blocks/compose/families.h"
#include "graph/cost.h"
#include "search/results/every_seed.h"
#include "search/runs/timing.h"
#include "search/study/budget.h"
#include "search/study/study_models.h"
#include "train/generate/generation_state.h"
#include "train/graphs/plans.h"

namespace cambium {
namespace {
Yaml scalar(std::string text) {
  Yaml yaml;
  yaml.kind = Yaml::kScalar;
  yaml.text = std::move(text);
  return yaml;
}

// Sets train.<key>; the section is made when the spec has none.
void set_train(Yaml& root, std::string_view key, std::string text, const Mark& mark = {}) {
  if (!root.find("train")) {
    root.entries.push_back({"train", {}, {}});
    root.entries.back().value.kind = Yaml::kMap;
  }
  Yaml& train = *root.find("train");
  Yaml value = scalar(std::move(text));
  value.mark = mark;
  if (Yaml* old = train.find(key))
    *old = std::move(value);
  else
    train.entries.push_back({std::string(key), {}, std::move(value)});
}

void drop_train(Yaml& root, std::string_view key) {
  if (Yaml* train = root.find("train"))
    std::erase_if(train->entries, [&](const YamlEntry& e) { return e.key == key; });
}

// The spec with the seed under every path of `vary:`.
Spec with_seed(Spec spec, const Study& study, int64_t seed) {
  for (const YamlEntry& e : study.vary)
    apply_override(spec.root, e.key, scalar(str(seed)), e.key_mark);
  return spec;
}

// Datasets by what describes them, so that ten variants read the pictures once.
class DataCache {
 public:
  Experiment open(const Spec& spec, std::string_view free) {
    const std::string key = key_of(spec, free);
    const auto known = opened_.find(key);
    Experiment e = open_experiment(spec, known == opened_.end() ? nullptr : known->second);
    opened_[key] = e.data;
    return e;
  }

  const Identity& identity(const Experiment& e) {
    const auto [known, fresh] = identities_.try_emplace(e.data.get());
    if (fresh) known->second = identity_of(*e.data);
    return known->second;
  }

 private:
  // The data section, and everything it may refer to.
  static std::string key_of(const Spec& spec, std::string_view free) {
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

  std::map<std::string, std::shared_ptr<const Dataset>> opened_;
  std::map<const Dataset*, Identity> identities_;  // of those above, which live on
};

double measure(const Experiment& e, MatchGoal::Kind kind) {
  const int64_t batch = e.train.options.batch;
  const ScopeCost cost = total_cost(model_of(e, batch, true).graph);
  return kind == MatchGoal::kParameters ? double(cost.parameters)
                                        : cost.forward_flops / double(batch);
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

class Planner {
 public:
  Planner(StudyPlan& plan, const std::map<std::string, int64_t>& known_steps)
      : plan_(plan), known_steps_(known_steps), errors_(plan.study) {}

  void plan(const StepTimer& timer) {
    check_model_files(plan_.study);
    settle_target();
    for (const Variant& v : plan_.study.variants) errors_.collect(v, [&] { plan_variant(v); });
    errors_.throw_if_any();
    if (!to_time_.empty()) time_steps(timer);
  }

 private:
  // Not a conditional expression: its type would be a string that dies here.
  std::string_view free() const {
    if (plan_.study.match) return plan_.study.match->free;
    return {};
  }

  void settle_target();
  Match solve(const Variant& v, const Spec& spec);
  void settle_steps(PlannedVariant& p, const Experiment& e);
  void set_steps(PlannedVariant& p, int64_t steps);
  void time_steps(const StepTimer& timer);
  void plan_variant(const Variant& v);

  StudyPlan& plan_;
  const std::map<std::string, int64_t>& known_steps_;
  DataCache data_;
  VariantErrors errors_;
  double target_ = 0;
  std::vector<Experiment> to_time_;  // of all variants, when the steps of one are not known
};

void Planner::settle_target() {
  const Study& s = plan_.study;
  if (!s.match) return;
  if (s.match->target) {
    target_ = *s.match->target;
    return;
  }
  for (const Variant& v : s.variants)
    if (v.name == s.baseline)
      errors_.collect(v, [&] {
        target_ = measure(data_.open(variant_spec(s, v), s.match->free), s.match->kind);
      });
  errors_.throw_if_any();  // there is nothing to match the others with
}

Match Planner::solve(const Variant& v, const Spec& spec) {
  const MatchGoal& goal = *plan_.study.match;
  std::optional<UserError> first;
  const auto cost_at = [&](int64_t value) -> std::optional<double> {
    Spec tried = spec;
    apply_override(tried.root, goal.free, scalar(str(value)), goal.mark);
    try {
      return measure(data_.open(tried, goal.free), goal.kind);
    } catch (const UserError& e) {
      if (!first) first = e;
      return std::nullopt;
    }
  };
  const std::string_view unit =
      goal.kind == MatchGoal::kParameters ? "parameters" : "FLOPs an example";
  try {
    return match_value(cost_at, target_, goal.tolerance, goal.free, unit, start_of(spec, goal.free),
                       1 << 16);
  } catch (const UserError& e) {
    UserError placed(str("variant '", v.name, "': ", e.what()), e.help, goal.mark);
    if (first) placed.notes.push_back({first->what(), first->mark});
    throw placed;
  }
}

void Planner::settle_steps(PlannedVariant& p, const Experiment& e) {
  const Study& s = plan_.study;
  p.examples_per_step = e.examples_per_update();
  p.steps = e.total_steps();
  p.planned = double(p.steps);
  if (!s.budget) return;
  p.planned = s.budget->value;
  if (s.budget->kind != Budget::kSeconds)
    return set_steps(p, steps_for(*s.budget, p.cost, p.examples_per_step, 0));
  const auto is_known = [&](const Variant& v) { return known_steps_.contains(v.name); };
  if (std::ranges::all_of(s.variants, is_known)) return set_steps(p, known_steps_.at(p.name));
  to_time_.push_back(e);
}

// A variant that was planned before keeps its steps: its runs may have been trained.
void Planner::time_steps(const StepTimer& timer) {
  std::vector<StepTime> times;
  if (timer) times = timer(plan_);
  if (times.empty()) times = step_times_in_turn(to_time_);
  for (size_t i = 0; i < plan_.variants.size(); ++i) {
    PlannedVariant& p = plan_.variants[i];
    p.step_time = times[i];
    const auto known = known_steps_.find(p.name);
    set_steps(p, known != known_steps_.end()
                     ? known->second
                     : steps_for(*plan_.study.budget, p.cost, p.examples_per_step,
                                 times[i].median / 1e3));
  }
}

void Planner::set_steps(PlannedVariant& p, int64_t steps) {
  const Study& s = plan_.study;
  p.steps = steps;
  drop_train(p.spec.root, "epochs");
  set_train(p.spec.root, "steps", str(p.steps));
  if (s.evaluations > 0)
    set_train(p.spec.root, "eval_every",
              str(std::max<int64_t>(1, (p.steps + s.evaluations - 1) / s.evaluations)));
}

void settle_evaluation(PlannedVariant& p, const Experiment& e) {
  const TrainOptions& o = e.train.options;
  p.evaluation_flops = step_cost(e).evaluation_flops_per_example;
  p.validation_examples = e.data->count(Split::kValidation);
  if (o.eval_batches > 0)
    p.validation_examples = std::min(p.validation_examples, o.eval_batches * o.batch);
  p.test_examples = e.data->count(Split::kTest);
}

void Planner::plan_variant(const Variant& v) {
  const Study& s = plan_.study;
  PlannedVariant p{.name = v.name, .spec = variant_spec(s, v)};
  if (s.match) {
    p.match = solve(v, p.spec);
    apply_override(p.spec.root, s.match->free, scalar(str(p.match->value)), s.match->mark);
  }
  set_train(p.spec.root, "best", s.metric, s.metric_mark);
  Experiment e = data_.open(with_seed(p.spec, s, s.seeds.front()), free());
  plan_.values = e.predicts_values();
  p.cost = step_cost(e);
  settle_steps(p, e);
  p.notes = s.budget ? data_.open(with_seed(p.spec, s, s.seeds.front()), free()).notes : e.notes;
  p.data = data_.identity(e);
  p.forward_flops = p.cost.forward_flops_per_example;
  settle_evaluation(p, e);
  if (const auto state = generation_state(e)) p.state_bytes = state->bytes;
  p.domains = families_text(model_of(e, 1, false).graph, e.spec.root);
  Engine engine;
  const TrainPlans plans = compile_plans(e, engine);
  forget_models(e);
  p.needed_bytes = predicted_peak_bytes(memory_need(e, plans));
  plan_.variants.push_back(std::move(p));
}
}  // namespace

const PlannedVariant& StudyPlan::at(std::string_view name) const {
  const auto found = std::ranges::find(variants, name, &PlannedVariant::name);
  ensure(found != variants.end(), "the plan has no variant '", name, "'");
  return *found;
}

StudyPlan plan_study(Study study, const std::map<std::string, int64_t>& known_steps,
                     const StepTimer& timer) {
  StudyPlan plan{std::move(study), {}};
  Planner(plan, known_steps).plan(timer);
  look_at_every_seed(plan);
  return plan;
}

Spec run_spec(const Study& study, const PlannedVariant& variant, int64_t seed) {
  Spec spec = with_seed(variant.spec, study, seed);
  set_train(spec.root, "seed", str(seed));
  return spec;
}
}  // namespace cambium
