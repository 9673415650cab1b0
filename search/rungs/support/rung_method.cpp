#include "search/rungs/support/rung_method.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/text/suggest.h"
#include "core/yaml/spec.h"

namespace cambium {
const RungMethod& find_rung_method(std::string_view name, const Mark& mark) {
  std::vector<std::string> known;
  for (const RungMethod* m : builtin_rung_methods()) {
    if (m->name == name) return *m;
    known.emplace_back(m->name);
  }
  throw UserError(str("unknown method of rungs '", name, "'"), suggestion(name, known), mark);
}

RungPlan plan_of(const RungOptions& o) {
  RungPlan plan{.keep = o.keep};
  for (int64_t r = o.levels - 1; r >= 0; --r) plan.shares.push_back(std::pow(o.keep, double(r)));
  return plan;
}

namespace {
bool is_method(std::string_view name) {
  return std::ranges::any_of(builtin_rung_methods(),
                             [&](const RungMethod* m) { return m->name == name; });
}

// "1/3" as a number; other text as it is.
void evaluate_fraction(Yaml& yaml) {
  if (!yaml.is_scalar() || yaml.quoted) return;
  const char *begin = yaml.text.data(), *end = begin + yaml.text.size();
  double above = 0, below = 0;
  const auto slash = std::from_chars(begin, end, above);
  if (slash.ec != std::errc{} || slash.ptr == end || *slash.ptr != '/') return;
  const auto rest = std::from_chars(slash.ptr + 1, end, below);
  if (rest.ec == std::errc{} && rest.ptr == end && below != 0) yaml.text = str(above / below);
}

// What stands below a method's name; its own map where it has none.
void read_options(const Yaml& options, const Vars& vars, RungChoice& choice, Diagnostics& errors) {
  if (!options.is_map() && !options.is_null())
    throw UserError(str("options of ", choice.method->name, " are a map"), "as {keep: 1/3}",
                    options.mark);
  std::vector<YamlEntry> entries = options.entries;
  for (YamlEntry& e : entries) evaluate_fraction(e.value);
  const Args args = evaluate_entries(entries, vars, &errors);
  choice.options = choice.method->attrs.parse(args, &errors);
}
}  // namespace

RungChoice read_rung_choice(const Yaml& yaml, const Vars& vars, Diagnostics& errors) {
  RungChoice choice{.mark = yaml.mark};
  try {
    if (yaml.is_scalar()) {
      choice.method = &find_rung_method(yaml.text, yaml.mark);
      choice.options = choice.method->attrs.parse({}, nullptr);
    } else if (yaml.is_map() && yaml.entries.size() == 1 &&
               (is_method(yaml.entries[0].key) || yaml.entries[0].value.is_map())) {
      choice.method = &find_rung_method(yaml.entries[0].key, yaml.entries[0].key_mark);
      read_options(yaml.entries[0].value, vars, choice, errors);
    } else if (yaml.is_map()) {
      choice.method = &find_rung_method("halving", yaml.mark);
      read_options(yaml, vars, choice, errors);
    } else {
      throw UserError(
          "rungs: takes a method's name, {name: {option: value}} or the options of "
          "halving",
          "as {keep: 1/3}", yaml.mark);
    }
  } catch (const UserError& e) {
    errors.add(e);
  }
  return choice;
}
}  // namespace cambium
