#include "search/ladder/ladder_sizes.h"

#include <algorithm>

#include "search/study/spec_edit.h"

namespace cambium {
namespace {
constexpr int64_t kMostValue = 1 << 16;

// The model's variables over those of its data.
Vars known_vars(const Spec& spec, const Vars& data_vars) {
  Vars vars(&data_vars);
  if (const Yaml* own = spec.section("vars"))
    for (const YamlEntry& e : own->entries) vars.set(e.key, e.value);
  return vars;
}

void set_from(Spec& spec, const YamlEntry& entry, const Vars& vars) {
  const ArgValue value = [&] {
    try {
      return expression_value(entry.value, vars);
    } catch (UserError& e) {
      if (!e.mark.known()) e.mark = entry.value.mark;
      throw;
    }
  }();
  Yaml yaml = scalar_yaml(value.text());
  yaml.mark = entry.value.mark;
  apply_override(spec.root, entry.key, yaml, entry.key_mark);
}

int64_t start_of(const Spec& spec, const std::string& path) {
  if (!path.starts_with("vars.")) return 64;
  try {
    const ArgValue v = vars_of(spec).get(path.substr(5), {});
    if (const auto* n = std::get_if<int64_t>(&v.variant())) return std::max<int64_t>(1, *n);
  } catch (const UserError&) {  // the override that follows says what is wrong
  }
  return 64;
}

const Yaml* value_at(const Yaml& root, std::string_view path) {
  const Yaml* at = &root;
  for (size_t begin = 0; at && begin <= path.size();) {
    const size_t dot = std::min(path.find('.', begin), path.size());
    at = at->find(path.substr(begin, dot - begin));
    begin = dot + 1;
  }
  return at;
}
}  // namespace

void set_size(Spec& spec, const ScaleGoal& goal, int64_t value, const Vars& data_vars) {
  const YamlEntry& first = goal.free.front();
  apply_override(spec.root, first.key, scalar_yaml(str(value)), first.key_mark);
  for (size_t i = 1; i < goal.free.size(); ++i) {
    const auto entry = std::ranges::find(goal.aspect, goal.free[i].key, &YamlEntry::key);
    set_from(spec, *entry, known_vars(spec, data_vars));
  }
}

Match solve_size(const Spec& spec, const ScaleGoal& goal, double target, const Experiment& any) {
  for (const YamlEntry& f : goal.free) require_variable(spec, f.key, f.key_mark);
  std::optional<UserError> first;
  bool built = false;
  const auto params_at = [&](int64_t value) -> std::optional<double> {
    try {
      Spec tried = spec;
      set_size(tried, goal, value, any.vars);
      const Experiment e = open_experiment(std::move(tried), any.data);
      built = true;
      return match_cost(e, MatchGoal::kParameters);
    } catch (const UserError& e) {
      if (!first) first = e;
      return std::nullopt;
    }
  };
  const std::string& free = goal.free.front().key;
  try {
    return match_value(params_at, target, goal.tolerance, free, "parameters", start_of(spec, free),
                       kMostValue);
  } catch (const UserError& e) {
    // Where no size can be built at all the reason is the mistake, and stands where it was made.
    if (first && !built) throw *first;
    UserError placed(e.what(),
                     "raise scale.tolerance, choose other sizes, or let aspect: change in smaller "
                     "steps",
                     goal.params_mark);
    if (first) placed.notes.push_back({first->what(), first->mark});
    throw placed;
  }
}

void set_following(Spec& spec, const ScaleGoal& goal, const RunLength& length,
                   const Vars& data_vars, bool that_mention_steps) {
  Diagnostics errors;
  for (const YamlEntry& e : goal.follow) {
    if (mentions(e.value, "steps") != that_mention_steps) continue;
    Vars vars = known_vars(spec, data_vars);
    vars.set("params", int64_t(length.params));
    vars.set("ratio", length.ratio);
    vars.set("tokens", int64_t(length.tokens));
    if (length.steps > 0) vars.set("steps", int64_t(length.steps));
    try {
      set_from(spec, e, vars);
    } catch (const UserError& error) {
      errors.add(error);
    }
  }
  errors.throw_if_any();
}

std::string chosen_text(const Spec& spec, const ScaleGoal& goal) {
  std::string out;
  for (const YamlEntry& f : goal.free)
    if (const Yaml* v = value_at(spec.root, f.key))
      out += str(out.empty() ? "" : ", ", f.key.substr(f.key.rfind('.') + 1), " ", v->text);
  return out;
}
}  // namespace cambium
