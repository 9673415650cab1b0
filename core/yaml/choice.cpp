#include "core/yaml/choice.h"

namespace cambium {
ChoiceText read_choice(const Yaml& yaml, std::string_view what, bool takes_primary) {
  if (yaml.is_scalar()) return {yaml.text, yaml.mark, {}};
  if (!yaml.is_map() || yaml.entries.size() != 1)
    throw UserError(str("'", what, "' takes one name, or one name with its options"),
                    str("write ", what, ": name or ", what, ": {name: {option: value}}"),
                    yaml.mark);
  const YamlEntry& e = yaml.entries.front();
  if (e.value.is_null()) return {e.key, e.key_mark, {}};
  if (takes_primary && !e.value.is_map()) return {e.key, e.key_mark, {}, &e};
  if (!e.value.is_map())
    throw UserError(str("the options of '", e.key, "' are a map"),
                    str("write ", what, ": {", e.key, ": {option: value}}"), e.value.mark);
  return {e.key, e.key_mark, e.value.entries};
}

Args evaluate_options(const ChoiceText& text, std::string_view primary, const Vars& vars,
                      Diagnostics& errors) {
  if (!text.primary) return evaluate_entries(text.options, vars, &errors);
  if (primary.empty()) {
    errors.add(UserError(str("the options of '", text.name, "' are a map"),
                         str("write ", text.name, ": {option: value}"), text.primary->value.mark));
    return {};
  }
  const YamlEntry entry{std::string(primary), text.mark, text.primary->value};
  return evaluate_entries(std::span(&entry, 1), vars, &errors);
}
}  // namespace cambium
