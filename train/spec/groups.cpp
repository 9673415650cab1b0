#include "train/spec/groups.h"

#include <algorithm>

#include "core/text/suggest.h"
#include "train/spec/glob.h"

namespace cambium {
namespace {
// The parts of a name or pattern between dots and stars.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(".*"), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// The word of the pattern that is in no name, and the nearest ones that are; else some names.
std::string help_for(std::string_view pattern, std::span<const std::string> names) {
  std::vector<std::string> known;
  for (const std::string& name : names)
    for (std::string& word : words_of(name))
      if (!std::ranges::count(known, word)) known.push_back(std::move(word));
  for (const std::string& word : words_of(pattern)) {
    const bool inside = std::ranges::any_of(
        known, [&](const std::string& k) { return k.find(word) != std::string::npos; });
    if (!inside && !nearest_names(word, known).empty()) return suggestion(word, known);
  }
  constexpr size_t kMost = 6;
  const size_t shown = std::min(kMost, names.size());
  return str("the model has ", join_names(names.first(shown), ", "),
             names.size() > shown ? str(" and ", names.size() - shown, " more") : "",
             "; * stands for anything");
}

bool meets_one(const GroupRule& rule, std::span<const std::string> names) {
  return std::ranges::any_of(names,
                             [&](const std::string& n) { return glob_matches(rule.match, n); });
}

GroupRule parse_group(const Yaml& item, const Vars& vars, Diagnostics& errors) {
  if (!item.is_map())
    throw UserError("a group is a map",
                    "write - {match: \"*.norm*\", lr_scale: 0.1, weight_decay: 0}", item.mark);
  const Args args = evaluate_entries(item.entries, vars, &errors);
  const GroupOptions o = parse_fields<GroupOptions>(args, &errors);
  const auto given = [&](std::string_view name) {
    return std::ranges::find(args, name, &Arg::name);
  };
  if (given("match") == args.end())
    throw UserError("a group needs 'match'", "write - {match: \"*.norm*\", lr_scale: 0.1}",
                    item.mark);
  GroupRule rule{o.match, {.lr_scale = o.lr_scale}, given("match")->mark};
  if (given("weight_decay") != args.end()) rule.group.weight_decay = o.weight_decay;
  return rule;
}
}  // namespace

std::vector<GroupRule> parse_groups(const Yaml& groups, const Vars& vars, Diagnostics& errors) {
  std::vector<GroupRule> rules;
  if (!groups.is_list()) {
    errors.add(UserError("'groups' is a list of groups of parameters",
                         "write groups: [{match: \"*.norm*\", weight_decay: 0}]", groups.mark));
    return rules;
  }
  for (const Yaml& item : groups.items) {
    try {
      rules.push_back(parse_group(item, vars, errors));
    } catch (const UserError& e) {
      errors.add(e);
    }
  }
  return rules;
}

void check_groups(std::span<const GroupRule> rules, std::span<const std::string> names,
                  Diagnostics& errors, std::span<const std::string> frozen) {
  std::vector<bool> taken(names.size());
  for (const GroupRule& rule : rules) {
    bool matches = false, serves = false;
    for (size_t i = 0; i < names.size(); ++i) {
      if (!glob_matches(rule.match, names[i])) continue;
      matches = true;
      serves |= !taken[i];
      taken[i] = true;
    }
    if (!matches && meets_one(rule, frozen)) continue;
    if (!matches)
      errors.add(UserError(str("no parameter is called '", rule.match, "'"),
                           help_for(rule.match, names), rule.mark));
    else if (!serves)
      errors.add(UserError(str("'", rule.match, "' matches only parameters of earlier groups"),
                           "the first group that matches counts: put the special ones first",
                           rule.mark));
  }
}

std::vector<GroupRule> groups_of_none(std::span<const GroupRule> rules,
                                      std::span<const std::string> names,
                                      std::span<const std::string> frozen) {
  std::vector<GroupRule> out;
  for (const GroupRule& rule : rules)
    if (!meets_one(rule, names) && meets_one(rule, frozen)) out.push_back(rule);
  return out;
}

std::vector<ParameterGroup> groups_of(std::span<const GroupRule> rules,
                                      std::span<const Value> parameters) {
  std::vector<ParameterGroup> out;
  for (Value p : parameters) {
    const std::string& name = p.graph->node(p.node).scope.path;
    const auto rule = std::ranges::find_if(
        rules, [&](const GroupRule& r) { return glob_matches(r.match, name); });
    out.push_back(rule == rules.end() ? ParameterGroup{} : rule->group);
  }
  return out;
}
}  // namespace cambium
