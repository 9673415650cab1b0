#include "train/thaw/unfreeze.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace cambium {
namespace {
constexpr std::string_view kHelp = "write unfreeze: {residual.ffn: 30%}, or a number of steps";

UnfreezeRule rule_of(const YamlEntry& e, const Vars& vars) {
  if (!e.value.is_scalar())
    throw UserError(str("the time of '", e.key, "' is steps or a share of the run"),
                    std::string(kHelp), e.value.mark);
  UnfreezeRule rule{{e.key, e.key_mark}, evaluate(e.value, vars).text(), e.value.mark};
  try {
    steps_of(rule.time, 1);
  } catch (const UserError& error) {
    throw UserError(error.what(), error.help, rule.time_mark);
  }
  return rule;
}

bool is_share(const UnfreezeRule& rule) {
  return rule.time.ends_with('%');
}

double number_of(const UnfreezeRule& rule) {
  double value = 0;
  std::from_chars(rule.time.data(), rule.time.data() + rule.time.size(), value);
  return value;
}

void check_time(const UnfreezeRule& rule, int64_t total, Diagnostics& errors) {
  if (number_of(rule) == 0)
    errors.add(UserError(str("'", rule.match.text, "' would learn from the first step on"),
                         "leave it out of freeze and unfreeze, or give a later time",
                         rule.time_mark));
  else if (is_share(rule) ? number_of(rule) >= 100 : rule.begin(total) >= total)
    errors.add(UserError(str("'", rule.match.text, "' would never learn: ", rule.time,
                             is_share(rule) ? "" : " steps", " is the end of the run of ", total,
                             " steps or beyond"),
                         "give an earlier time, such as 30%, or leave it out of unfreeze",
                         rule.time_mark));
}

// Rules that begin nothing, because others that meet the same come earlier or as early before it.
void check_served(std::span<const UnfreezeRule> rules, int64_t total,
                  std::span<const std::string> frozen, Diagnostics& errors) {
  std::vector<bool> serves(rules.size(), false);
  const auto begin = [&](size_t i) { return rules[i].begin(total); };
  for (const std::string& name : frozen) {
    size_t first = rules.size();
    for (size_t i = 0; i < rules.size(); ++i)
      if (meets(rules[i].match.text, name) && (first == rules.size() || begin(i) < begin(first)))
        first = i;
    if (first < rules.size()) serves[first] = true;
  }
  for (size_t i = 0; i < rules.size(); ++i)
    if (!serves[i])
      errors.add(UserError(str("all that '", rules[i].match.text, "' meets learns by then"),
                           "leave it out, or give it an earlier time than the others",
                           rules[i].match.mark));
}

std::vector<UnfreezeRule> rules_in(const Experiment& e) {
  Diagnostics reported;  // by check_unfreeze
  return parse_unfreeze(e.spec, e.vars, reported);
}
}  // namespace

int64_t UnfreezeRule::begin(int64_t total) const {
  if (!time.ends_with('%')) return std::max<int64_t>(1, steps_of(time, total));
  return std::max<int64_t>(1, int64_t(std::floor(number_of(*this) / 100 * double(total))));
}

std::vector<UnfreezeRule> parse_unfreeze(const Spec& spec, const Vars& vars, Diagnostics& errors) {
  const Yaml* section = spec.section("unfreeze");
  if (!section || section->is_null()) return {};
  if (!section->is_map()) {
    errors.add(
        UserError("'unfreeze' is a map of names and times", std::string(kHelp), section->mark));
    return {};
  }
  std::vector<UnfreezeRule> out;
  for (const YamlEntry& e : section->entries) {
    try {
      out.push_back(rule_of(e, vars));
    } catch (const UserErrors& error) {
      errors.add_all(error);
    } catch (const UserError& error) {
      errors.add(error);
    }
  }
  return out;
}

void check_unfreeze_times(const Experiment& e, Diagnostics& errors) {
  for (const UnfreezeRule& rule : rules_in(e)) check_time(rule, e.total_steps(), errors);
}

void check_unfreeze(const Experiment& e, const Graph& model, Diagnostics& errors) {
  const size_t before = errors.errors().size();
  const std::vector<UnfreezeRule> rules = parse_unfreeze(e.spec, e.vars, errors);
  if (rules.empty()) return;
  std::vector<std::string> frozen;
  for (const Node& n : model.nodes())
    if (n.role == Role::kParameter && n.parameter.frozen) frozen.push_back(n.scope.path);
  if (frozen.empty()) {
    errors.add(UserError("'unfreeze' without anything frozen",
                         "name what is to wait in freeze: too, or leave unfreeze out",
                         e.spec.section("unfreeze")->mark));
    return;
  }
  std::vector<NamePattern> names;
  for (const UnfreezeRule& rule : rules) names.push_back(rule.match);
  check_patterns(names, frozen, "frozen parameter", errors);
  check_unfreeze_times(e, errors);
  if (errors.errors().size() == before) check_served(rules, e.total_steps(), frozen, errors);
}

std::vector<ThawPhase> phases_of(const Experiment& e, int64_t total) {
  const std::vector<UnfreezeRule> rules = rules_in(e);
  std::vector<int> order(rules.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = int(i);
  std::ranges::stable_sort(order, {}, [&](int i) { return rules[size_t(i)].begin(total); });
  std::vector<ThawPhase> out(1);
  for (const int i : order) {
    const int64_t begin = rules[size_t(i)].begin(total);
    if (begin >= total) break;
    if (begin != out.back().begin) out.push_back({begin, out.back().thawed});
    out.back().thawed.push_back(i);
  }
  return out;
}

size_t phase_at(std::span<const ThawPhase> phases, int64_t number) {
  size_t k = 0;
  while (k + 1 < phases.size() && phases[k + 1].begin < number) ++k;
  return k;
}

int64_t begin_of(std::span<const ThawPhase> phases, int rule) {
  const auto found = std::ranges::find_if(
      phases, [&](const ThawPhase& p) { return std::ranges::count(p.thawed, rule) > 0; });
  ensure(found != phases.end(), "no phase of rule ", rule);
  return found->begin;
}

Experiment in_phase(const Experiment& e, const ThawPhase& phase) {
  Experiment out = e;
  out.thawed = phase.thawed;
  return out;
}

int thawed_by(const Experiment& e, std::span<const UnfreezeRule> rules, std::string_view name) {
  for (const int i : e.thawed)
    if (size_t(i) < rules.size() && meets(rules[size_t(i)].match.text, name)) return i;
  return -1;
}

std::string step_input(int rule) {
  return rule < 0 ? "step" : str("step_of_unfreeze.", rule);
}
}  // namespace cambium
