#include "search/study/planner.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "blocks/compose/families.h"
#include "core/failures.h"
#include "search/runs/timing.h"
#include "search/study/budget.h"
#include "search/study/spec_edit.h"
#include "train/adapters/source.h"
#include "train/generate/generation_state.h"
#include "train/graphs/plans.h"
#include "train/weights/transfer.h"

namespace cambium {
namespace {
// The words of all texts of the tree that are computed from variables.
void add_names(const Yaml& tree, std::set<std::string>& names) {
  for (const Yaml& item : tree.items) add_names(item, names);
  for (const YamlEntry& e : tree.entries) add_names(e.value, names);
  if (!tree.is_scalar() || tree.text.find('$') == std::string::npos) return;
  std::string word;
  for (const char c : tree.text + " ") {
    if (std::isalnum(uint8_t(c)) || c == '_') {
      word += c;
    } else if (!word.empty()) {
      names.insert(std::exchange(word, {}));
    }
  }
}

// The data section, and every variable that it may refer to.
std::string data_key(const Spec& spec) {
  std::string key;
  std::set<std::string> names;
  const auto add = [&](const Yaml* part) {
    if (!part) return;
    key += canonical_text(*part);
    add_names(*part, names);
  };
  add(spec.section("data"));
  if (const Yaml* sets = spec.section("evaluate")) {
    key += "\nevaluate: ";
    add(sets);
  }
  if (const Yaml* train = spec.section("train")) add(train->find("data_seed"));
  const Yaml* vars = spec.section("vars");
  std::set<std::string> added;
  for (bool more = vars != nullptr; more;) {
    more = false;
    for (const YamlEntry& e : vars->entries)
      if (names.contains(e.key) && added.insert(e.key).second) {
        key += str("\n", e.key, ": ");
        add(&e.value);
        more = true;
      }
  }
  return key;
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
  p.validation_examples = e.evaluated_examples(Split::kValidation);
  if (o.eval_batches > 0)
    p.validation_examples =
        std::min(p.validation_examples, o.eval_batches * o.batch * int64_t(1 + e.sets.size()));
  p.test_examples = e.evaluated_examples(Split::kTest);
}

void settle_blocks(PlannedVariant& p, const Experiment& e) {
  if (const auto state = generation_state(e)) p.state_bytes = state->bytes;
  p.domains = families_text(model_of(e, 1, false).graph, e.spec.root);
}

void settle_memory(PlannedVariant& p, const Experiment& e) {
  KeptPlans plans;
  const MemoryNeed need = memory_of_run(e, plans);
  forget_models(e);
  p.needed_bytes = predicted_peak_bytes(need);
}
}  // namespace

Experiment DataCache::opened(const Spec& spec, bool checked) {
  const std::string key = data_key(spec);
  const auto known = opened_.find(key);
  const Opened was = known == opened_.end() ? Opened() : known->second;
  Experiment e = checked ? open_experiment(spec, was.data, was.sets)
                         : cambium::open_to_measure(spec, was.data, was.sets);
  opened_[key] = {e.data, e.sets};
  return e;
}

Experiment DataCache::open(const Spec& spec) {
  return opened(spec, true);
}

Experiment DataCache::open_to_measure(const Spec& spec) {
  return opened(spec, false);
}

void DataCache::pin(Spec& spec) {
  const Vars vars = vars_of(spec);
  settle_adapters(spec, vars);
  Diagnostics errors;
  const std::optional<InitSpec> init = parse_init(spec, vars, errors);
  errors.throw_if_any();
  if (!init || !init->hash.empty()) return;
  if (const auto known = sources_.find(init->from); known != sources_.end()) {
    set_hash(spec, known->second);
    return;
  }
  pin_source(spec, vars);
  sources_[init->from] = spec.section("init")->find("hash")->text;
}

const Identity& DataCache::identity(const Experiment& e) {
  const auto [known, fresh] = identities_.try_emplace(e.data.get());
  if (fresh) known->second = identity_of(e);
  return known->second;
}

const Judged& DataCache::judged(const Experiment& e, std::string_view metric) {
  const std::string_view part = part_of(metric), name = part.substr(0, part.find('.'));
  const auto set = std::ranges::find(e.sets, name, &EvaluationSet::name);
  const Dataset& data = set == e.sets.end() ? *e.data : *set->data;
  const auto [known, fresh] = judged_.try_emplace(&data);
  if (fresh) known->second = judged_by(data);
  return known->second;
}

void set_steps(DraftVariant& draft, int64_t steps, const PlanOptions& options) {
  PlannedVariant& p = draft.variant;
  p.steps = steps;
  drop_train(p.spec.root, "epochs");
  set_train(p.spec.root, "steps", str(steps));
  if (const int64_t n = options.evaluations; n > 0)
    set_train(p.spec.root, "eval_every", str(std::max<int64_t>(1, (steps + n - 1) / n)));
  change_length(draft.experiment, with_seed(p.spec, options.vary, options.seed));
  p.cost = step_cost(draft.experiment);  // of its phases, where it unfreezes
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
  set_train(p.spec.root, "best", options.metric, options.metric_mark);
  data.pin(p.spec);
  if (options.match) {
    p.match = match_of(p.name, p.spec, *options.match, data);
    apply_match(p.spec, *options.match, *p.match);
  }
  Experiment opened = data.open(with_seed(p.spec, options.vary, options.seed));
  DraftVariant d{std::move(p), std::move(opened)};
  const Experiment& e = d.experiment;
  d.variant.cost = step_cost(e);
  d.variant.examples_per_step = e.examples_per_update();
  d.variant.steps = e.total_steps();
  d.variant.planned = options.budget ? options.budget->value : double(d.variant.steps);
  d.variant.notes = e.notes;
  if (options.steps)
    set_steps(d, *options.steps, options);
  else if (options.budget && options.budget->kind == Budget::kFlops && e.spec.section("unfreeze"))
    set_steps(d, steps_of_flops(e, options.budget->value), options);
  else if (options.budget && options.budget->kind != Budget::kSeconds)
    set_steps(d, steps_within(*options.budget, d.variant, {}), options);
  d.variant.data = data.identity(e);
  d.variant.judged = data.judged(e, options.metric);
  d.variant.held_out = data.judged(e, "");
  d.variant.forward_flops = d.variant.cost.forward_flops_per_example;
  settle_evaluation(d.variant, e);
  settle_blocks(d.variant, e);
  if (options.memory) settle_memory(d.variant, e);
  return d;
}

DraftVariant draft_trial(std::string name, Spec spec, const PlanOptions& options, DataCache& data) {
  try {
    return draft_variant(std::move(name), std::move(spec), options, data);
  } catch (const MemoryError& e) {
    throw UserError(e.what(), e.help, e.mark);
  }
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
