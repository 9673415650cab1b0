#include "search/candidates/candidate.h"

#include <algorithm>
#include <array>

#include "core/failures.h"
#include "core/hash.h"
#include "graph/cost.h"
#include "graph/structural_hash.h"
#include "train/generate/generation_state.h"
#include "train/graphs/plans.h"
#include "train/weights/resize.h"
#include "train/weights/transfer_spec.h"

namespace cambium {
namespace {
constexpr std::array<std::string_view, 4> kQuantities = {"params", "flops", "state_bytes",
                                                         "peak_bytes"};

// Everything of `train:` that shapes a run, with its values, but for seed, length and reports.
std::string training_text(const TrainSpec& train) {
  TrainOptions o = train.options;
  const TrainOptions plain;
  o.seed = plain.seed;
  o.epochs = plain.epochs;
  o.steps = plain.steps;
  o.eval_every = plain.eval_every;
  o.log_every = plain.log_every;
  o.checkpoint_every = plain.checkpoint_every;
  std::string out = Attrs(o).text();
  for_each_choice([&](const ChoiceKey& key, auto, auto place) {
    const auto& choice = train.*place;
    if (choice) out += str("; ", key.name, " ", choice.record->name, " ", choice.attrs.text());
  });
  for (const GroupRule& g : train.groups)
    out += str("; group ", g.match, " ", g.group.lr_scale, " ", g.group.weight_decay.value_or(-1));
  return out;
}

// What of `init:` decides which numbers a training starts from: not where they lie. Empty without.
std::string start_text(const Experiment& e) {
  Diagnostics errors;
  const std::optional<InitSpec> init = parse_init(e.spec, e.vars, errors);
  errors.throw_if_any();
  if (!init) return "";
  ensure(!init->hash.empty(), "a key of a training whose source is not pinned");
  std::string out = init->hash;
  for (const WarmRule& r : init->map) out += str("; map ", r.from, " > ", r.to);
  for (const ResizeRule& r : init->resize) out += str("; resize ", r.match.text, " ", r.kind->name);
  for (const NamePattern& p : init->fresh) out += str("; fresh ", p.text);
  return out;
}

int64_t training_memory(const Experiment& e) {
  KeptPlans plans;
  return memory_of_run(e, plans).total();
}

void measure(Candidate& c, const Experiment& e, const AskedQuantities& asked) {
  const int64_t batch = e.train.options.batch;
  const ScopeCost cost = total_cost(model_of(e, batch, true).graph);
  c.built["params"] = double(cost.parameters);
  c.built["flops"] = cost.forward_flops / double(batch);
  if (asked.state) {
    const auto state = generation_state(e);
    c.built["state_bytes"] = state ? double(state->bytes) : 0;
  }
  if (asked.peak) c.built["peak_bytes"] = double(training_memory(e));
}

// "state_bytes = 123456", of the names that the condition asks for and the candidate answers.
std::string values_text(const Condition& c, const Condition::Lookup& lookup) {
  std::string out;
  for (const std::string& name : c.names()) try {
      if (const auto v = lookup(name)) out += str(out.empty() ? "" : ", ", name, " = ", *v);
    } catch (const UserError&) {  // a word that is a value
    }
  return out;
}

void judge(Candidate& c, const Experiment& e, std::span<const Condition> where,
           const Condition::Lookup& known) {
  const Condition::Lookup lookup = [&](std::string_view name) -> std::optional<ArgValue> {
    const auto built = c.built.find(name);
    if (built != c.built.end()) return ArgValue(built->second);
    try {
      return known(name);
    } catch (const UserError&) {  // no name of the search
      return e.vars.get(name, {});
    }
  };
  for (const Condition& condition : where) {
    if (condition.holds(lookup, true)) continue;
    c.broken = &condition;
    c.refusal = str("breaks '", condition.text(), "': ", values_text(condition, lookup));
    c.refusal_mark = condition.mark();
    return;
  }
}
}  // namespace

std::span<const std::string_view> built_quantities() {
  return kQuantities;
}

std::string training_key(const Experiment& e, const AskedQuantities& asked, DataCache& data) {
  const Graph& model = model_of(e, e.train.options.batch, true).graph;
  std::string identity;
  for (const auto& [part, value] : data.identity(e).parts) identity += str(part, "=", value, "\n");
  uint64_t key =
      joined_hash({structural_hash(model), hash_text(training_text(e.train)), uint64_t(e.precision),
                   hash_text(identity), asked.length ? uint64_t(e.total_steps()) : 0});
  if (const std::string start = start_text(e); !start.empty())
    key = joined_hash({key, hash_text(start)});
  return hash_name(key);
}

std::string joined_key(std::span<const std::string> keys) {
  ensure(!keys.empty(), "a key of nothing");
  if (keys.size() == 1) return keys.front();
  std::string all;
  for (const std::string& key : keys) all += key + "\n";
  return hash_name(hash_text(all));
}

Candidate on_all_tasks(std::vector<Candidate> tasks) {
  Candidate out;
  std::vector<std::string> keys;
  for (const Candidate& c : tasks) {
    ensure(c.ok(), "a candidate that is refused on a task: ", c.refusal);
    keys.push_back(c.key);
    for (const auto& [name, value] : c.built) out.built[name] += value / double(tasks.size());
  }
  out.key = joined_key(keys);
  out.tasks = std::move(tasks);
  return out;
}

Candidate build_candidate(const Spec& spec, const std::optional<MatchGoal>& match,
                          std::span<const Condition> where, const Condition::Lookup& known,
                          const AskedQuantities& asked, DataCache& data) {
  Candidate c;
  try {
    Spec matched = spec;
    data.pin(matched);
    if (match) {
      c.match = solve_match(spec, *match, data);
      apply_match(matched, *match, *c.match);
    }
    const Experiment e = data.open_to_measure(matched);
    measure(c, e, asked);
    c.key = training_key(e, asked, data);
    judge(c, e, where, known);
  } catch (const UserError& error) {
    c.refusal = error.what();
    c.refusal_mark = error.mark;
  } catch (const MemoryError& error) {
    c.refusal = error.what();
  }
  return c;
}
}  // namespace cambium
