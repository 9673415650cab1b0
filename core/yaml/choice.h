// Choice: one record out of a table, as YAML names it: `adamw`, or `{adamw: {lr: 1e-3}}`.
#pragma once
#include <span>

#include "core/text/suggest.h"
#include "core/yaml/expr.h"
#include "core/yaml/yaml.h"

namespace cambium {
template <class Record> struct Choice {
  const Record* record = nullptr;
  Attrs attrs;
  Mark mark;       // of the name
  Args args = {};  // as they were written, with their marks

  explicit operator bool() const { return record != nullptr; }
};

// The name and the options of a choice, before the name is looked up. UserError for another form.
struct ChoiceText {
  std::string name;
  Mark mark;
  std::span<const YamlEntry> options;
  const YamlEntry* primary = nullptr;  // `name: value`, where the value is no map
};

ChoiceText read_choice(const Yaml& yaml, std::string_view what, bool takes_primary = false);

// The options, among them the one that `name: value` stands for.
Args evaluate_options(const ChoiceText& text, std::string_view primary, const Vars& vars,
                      Diagnostics& errors);

// The name of the option that `name: value` means; empty: none.
template <class Record> std::string_view primary_of(const Record& record) {
  if constexpr (requires { record.primary; })
    return record.primary;
  else
    return {};
}

// Looks the name up and parses the options; every mistake is added to `errors`, and a mistake in
// the name answers an empty choice.
template <class Record>
Choice<Record> choose(const Yaml& yaml, std::string_view what, std::span<const Record* const> table,
                      const Vars& vars, Diagnostics& errors) {
  try {
    const ChoiceText text = read_choice(
        yaml, what, requires(Record r) { r.primary; });
    std::vector<std::string> known;
    for (const Record* r : table) {
      if (r->name == text.name) {
        Args args = evaluate_options(text, primary_of(*r), vars, errors);
        return {r, r->attrs.parse(args, &errors), text.mark, std::move(args)};
      }
      known.emplace_back(r->name);
    }
    errors.add(UserError(str("unknown ", what, " '", text.name, "'"), suggestion(text.name, known),
                         text.mark));
    // Its options are checked as if the one that it can mean stood here.
    const std::vector<std::string> near = nearest_names(text.name, known);
    for (const Record* r : table)
      if (near.size() == 1 && r->name == near[0])
        r->attrs.parse(evaluate_options(text, primary_of(*r), vars, errors), &errors);
  } catch (const UserErrors& e) {
    errors.add_all(e);
  } catch (const UserError& e) {
    errors.add(e);
  }
  return {};
}
}  // namespace cambium
