#include "train/parameterisation/support/parameterisation.h"

#include <algorithm>
#include <cmath>

#include "core/text/suggest.h"
#include "core/yaml/choice.h"

namespace cambium {
namespace {
constexpr std::string_view kSection = "parameterisation";
constexpr std::string_view kSized[] = {"vars", "model", "encoder", "decoder", "define"};

const Parameterisation* record_called(std::string_view name) {
  for (const Parameterisation* p : builtin_parameterisations())
    if (p->name == name) return p;
  return nullptr;
}

std::string help_of(std::string_view name) {
  return str("write ", kSection, ": {", name, ": {base: {vars.dim: 64}}}");
}

// A path must stand in the spec: an override would add it, and the base would be the model itself.
void check_base_entry(const Spec& spec, const YamlEntry& e) {
  const std::string first = e.key.substr(0, e.key.find('.'));
  if (!std::ranges::count(kSized, first))
    throw UserError(str("base: '", e.key, "' is no size of the model"),
                    "name a variable, such as vars.dim, or a path in the model", e.key_mark);
  if (!e.value.is_scalar())
    throw UserError(str("base: '", e.key, "' takes one value"), help_of("mup"), e.value.mark);
  if (first != "vars") return;  // apply_override knows the places of a list
  const Yaml* vars = spec.section("vars");
  const std::string name = e.key.size() > 5 ? e.key.substr(5) : std::string();
  if (vars && vars->is_map() && vars->find(name)) return;
  std::vector<std::string> known;
  if (vars && vars->is_map())
    for (const YamlEntry& v : vars->entries) known.push_back("vars." + v.key);
  throw UserError(str("base: the spec has no variable '", name, "'"), suggestion(e.key, known),
                  e.key_mark);
}

std::vector<YamlEntry> base_of(const Spec& spec, const ChoiceText& text, Diagnostics& errors) {
  const YamlEntry* base = nullptr;
  for (const YamlEntry& option : text.options)
    if (option.key == "base")
      base = &option;
    else
      errors.add(UserError(str("'", text.name, "' has no option '", option.key, "'"),
                           suggestion(option.key, std::vector<std::string>{"base"}),
                           option.key_mark));
  if (!base || !base->value.is_map() || base->value.entries.empty()) {
    errors.add(UserError(str("'", text.name, "' needs `base`: the sizes that its settings are of"),
                         help_of(text.name), base ? base->value.mark : text.mark));
    return {};
  }
  for (const YamlEntry& e : base->value.entries) try {
      check_base_entry(spec, e);
    } catch (const UserError& error) {
      errors.add(error);
    }
  return base->value.entries;
}
}  // namespace

ParameterisationChoice parse_parameterisation(const Spec& spec, Diagnostics& errors) {
  ParameterisationChoice choice{.record = record_called("standard")};
  const ParameterisationChoice standard = choice;
  const Yaml* section = spec.section(kSection);
  const size_t before = errors.errors().size();
  if (!section || section->is_null()) return choice;
  try {
    const ChoiceText text = read_choice(*section, kSection);
    const Parameterisation* record = record_called(text.name);
    if (!record) {
      std::vector<std::string> known;
      for (const Parameterisation* p : builtin_parameterisations()) known.emplace_back(p->name);
      throw UserError(str("unknown ", kSection, " '", text.name, "'"), suggestion(text.name, known),
                      text.mark);
    }
    choice = {.record = record, .mark = text.mark};
    if (record->weight)
      choice.base = base_of(spec, text, errors);
    else
      for (const YamlEntry& option : text.options)
        errors.add(UserError(str("'", text.name, "' has no options, got '", option.key, "'"),
                             str("write ", kSection, ": ", text.name), option.key_mark));
  } catch (const UserError& e) {
    errors.add(e);
  }
  // A base that is wrong would only be wrong once more when it is built.
  return errors.errors().size() > before ? standard : choice;
}

Spec base_spec(const Spec& spec, const ParameterisationChoice& choice) {
  Spec base = spec;
  std::erase_if(base.root.entries, [](const YamlEntry& e) { return e.key == kSection; });
  for (const YamlEntry& e : choice.base) apply_override(base.root, e.key, e.value, e.key_mark);
  return base;
}

double width_rate(StepKind steps, const WeightGrowth& g) {
  const WidthKind kind = width_kind(g);
  if (steps == StepKind::kAdam) return kind == WidthKind::kMatrix ? 1 / g.fan_in : 1;
  const double others = g.fan_out * g.copies;  // gradients are shared out among them
  if (kind == WidthKind::kMatrix) return others / g.fan_in;
  return kind == WidthKind::kReadout ? others * g.fan_in : others;
}

WeightFactors width_factors(const WeightGrowth& g) {
  const WidthKind kind = width_kind(g);
  if (kind == WidthKind::kMatrix) return {.start = 1 / std::sqrt(g.fan_in)};
  if (kind == WidthKind::kReadout) return {.forward = 1 / g.fan_in};
  return {};
}
}  // namespace cambium
