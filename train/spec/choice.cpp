#include "train/spec/choice.h"

namespace cambium {
ChoiceText read_choice(const Yaml& yaml, std::string_view what) {
  if (yaml.is_scalar()) return {yaml.text, yaml.mark, {}};
  if (!yaml.is_map() || yaml.entries.size() != 1)
    throw UserError(str("'", what, "' takes one name, or one name with its options"),
                    str("write ", what, ": name or ", what, ": {name: {option: value}}"),
                    yaml.mark);
  const YamlEntry& e = yaml.entries.front();
  if (e.value.is_null()) return {e.key, e.key_mark, {}};
  if (!e.value.is_map())
    throw UserError(str("the options of '", e.key, "' are a map"),
                    str("write ", what, ": {", e.key, ": {option: value}}"), e.value.mark);
  return {e.key, e.key_mark, e.value.entries};
}
}  // namespace cambium
