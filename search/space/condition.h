// Condition: a sentence about named values, for `when:` and `where:`:
//   dim % heads == 0        arithmetic of core/yaml/expr.h; 64k is 64000
//   pattern has A           a letter of a pattern
//   mixer == attention      a name of a choice
// joined by `and` and `or` (`and` binds closer).
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/fields.h"
#include "core/yaml/yaml.h"

namespace cambium {
class Condition {
 public:
  // The value of a name; none where it has none now (its own condition does not hold).
  using Lookup = std::function<std::optional<ArgValue>(std::string_view name)>;

  // UserError with a place for what is no such sentence.
  explicit Condition(const Yaml& text);

  // Those that it may ask for; words beside == and != may be values as well as names.
  const std::vector<std::string>& names() const { return names_; }

  // What `has` asks for: a pattern's name and a letter.
  const std::vector<std::pair<std::string, char>>& letters() const { return letters_; }

  // How far it is from holding: 0 when it does; of a comparison the distance over the right side's
  // size, of `and` the sum, of `or` the least. None when a name that it needs has no value.
  // UserError with a place for arithmetic that has no value.
  std::optional<double> violation(const Lookup& lookup) const;

  // Without a value: `otherwise`.
  bool holds(const Lookup& lookup, bool otherwise) const;

  const std::string& text() const { return text_; }

  const Mark& mark() const { return mark_; }

 private:
  struct Term {
    std::string left, right, op;  // op: has, ==, !=, <=, >=, <, >
  };

  std::vector<std::vector<Term>> any_of_all_;
  std::vector<std::string> names_;
  std::vector<std::pair<std::string, char>> letters_;
  std::string text_;
  Mark mark_;

  void add_term(std::string_view text);
  std::optional<double> term_violation(const Term& term, const Lookup& lookup) const;
  std::optional<ArgValue> side(const std::string& text, bool may_be_word,
                               const Lookup& lookup) const;
};
}  // namespace cambium
