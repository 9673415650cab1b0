// Expressions: what a YAML scalar means. true/false are booleans; 12, 1e-3 are numbers (no octal,
// no leading zeros, no yes/no); $dim and ${dim * 4} are computed from variables, quoted or not; the
// rest is text. Quoted text is neither a number nor a boolean; $$dim is the text $dim.
#pragma once
#include <map>
#include <set>

#include "core/fields.h"
#include "core/yaml/yaml.h"

namespace cambium {
// Named values; a name defined later in the chain hides an earlier one. Values given as Yaml are
// evaluated when they are asked for, in the chain that asks, so they may use variables that the
// data provides later; in `dim: $dim` the inner name means the next outer definition.
class Vars {
 public:
  Vars() = default;

  explicit Vars(const Vars* parent) : parent_(parent) {}

  void set(std::string name, ArgValue value);
  void set(std::string name, const Yaml& expression);

  // UserError at `mark` for an unknown name (with suggestions) or a definition that needs itself.
  ArgValue get(std::string_view name, const Mark& mark) const;
  std::vector<std::string> names() const;

 private:
  ArgValue lookup(std::string_view name, const Mark& mark, const Vars& asker) const;

  const Vars* parent_ = nullptr;
  std::map<std::string, ArgValue, std::less<>> values_;
  std::map<std::string, Yaml, std::less<>> expressions_;
  mutable std::set<std::string, std::less<>> evaluating_;
};

// The value of a scalar or of a list of scalars of one kind. `$name` alone is the variable,
// `${...}` alone is the value of the expression, `${...}` inside text is put in as text.
// Arithmetic: + - * / // % ^ ( ), min, max, floor, ceil, round, sqrt, log2; a whole result of whole
// operands stays whole. UserError with the exact column.
ArgValue evaluate(const Yaml& value, const Vars& vars);

// Named arguments from a map's entries, for parse_fields. Errors are collected when given.
Args evaluate_entries(std::span<const YamlEntry> entries, const Vars& vars, Diagnostics* errors);
}  // namespace cambium
