#include "search/space/condition.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "core/text/number.h"
#include "core/yaml/expr_parser.h"

namespace cambium {
namespace {
constexpr std::string_view kHelp =
    "write a comparison such as dim % heads == 0, or `pattern has A`, joined by `and` and `or`";

bool is_word(char c) {
  return std::isalnum(uint8_t(c)) || c == '_' || c == '.';
}

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return s;
}

std::vector<std::string_view> split(std::string_view text, std::string_view word) {
  std::vector<std::string_view> parts;
  for (size_t at; (at = text.find(word)) != text.npos; text.remove_prefix(at + word.size()))
    parts.push_back(trimmed(text.substr(0, at)));
  parts.push_back(trimmed(text));
  return parts;
}

// A name may be a path; its last word is what expressions know.
std::string_view last_word(std::string_view path) {
  return path.substr(path.rfind('.') + 1);
}

// "64k" is "64000".
std::string in_full(std::string_view number) {
  const size_t unit = std::string_view("kMGT").find(number.back());
  double value = 0;
  const char* end = number.data() + number.size() - 1;
  if (unit == std::string_view::npos || std::from_chars(number.data(), end, value).ptr != end)
    return std::string(number);
  value *= std::pow(1000, double(unit + 1));
  return value == std::floor(value) && value < 0x1p53 ? str(int64_t(value)) : str(value);
}

// The words of arithmetic: "vars.dim % 64k" is "dim % 64000"; names are noted.
std::string plain(std::string_view text, std::vector<std::string>& names) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (!is_word(text[i])) {
      out += text[i++];
      continue;
    }
    size_t end = i;
    while (end < text.size() && is_word(text[end])) ++end;
    const std::string_view word = text.substr(i, end - i);
    i = end;
    if (std::isdigit(uint8_t(word[0])) || word[0] == '.') {
      out += in_full(word);
      continue;
    }
    out += last_word(word);
    const size_t next = text.find_first_not_of(' ', end);
    if (next == text.npos || text[next] != '(') names.emplace_back(last_word(word));
  }
  return out;
}

// Cells of a table are texts: one that is a number compares as one.
ArgValue in_numbers(const ArgValue& v) {
  const auto* text = std::get_if<std::string>(&v.variant());
  if (!text) return v;
  const char *begin = text->data(), *end = begin + text->size();
  int64_t whole = 0;
  if (std::from_chars(begin, end, whole).ptr == end && begin != end) return whole;
  double real = 0;
  if (std::from_chars(begin, end, real).ptr == end && begin != end && std::isfinite(real))
    return real;
  return v;
}

bool same(const ArgValue& a, const ArgValue& b) {
  return a.text() == b.text();
}

std::optional<double> number_of(const ArgValue& said) {
  const ArgValue v = in_numbers(said);
  if (const auto* i = std::get_if<int64_t>(&v.variant())) return double(*i);
  if (const auto* d = std::get_if<double>(&v.variant())) return *d;
  return std::nullopt;
}
}  // namespace

Condition::Condition(const Yaml& text) : text_(text.text), mark_(text.mark) {
  if (!text.is_scalar() || trimmed(text_).empty())
    throw UserError("this is no condition", std::string(kHelp), mark_);
  for (const std::string_view any : split(text_, " or ")) {
    any_of_all_.emplace_back();
    for (const std::string_view term : split(any, " and ")) add_term(term);
  }
  std::ranges::sort(names_);
  names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
}

void Condition::add_term(std::string_view text) {
  if (const auto parts = split(text, " has "); parts.size() == 2) {
    if (!std::ranges::all_of(parts[0], is_word) || parts[0].empty() || parts[1].size() != 1)
      throw UserError(str("'", text, "' is no condition"),
                      "`has` stands between a pattern's name and one letter", mark_);
    names_.emplace_back(last_word(parts[0]));
    any_of_all_.back().push_back({names_.back(), std::string(parts[1]), "has"});
    letters_.emplace_back(names_.back(), parts[1][0]);
    return;
  }
  for (const std::string_view op : {"==", "!=", "<=", ">=", "<", ">"}) {
    const size_t at = text.find(op);
    if (at == text.npos) continue;
    const std::string_view left = trimmed(text.substr(0, at)),
                           right = trimmed(text.substr(at + op.size()));
    if (left.empty() || right.empty() || right.find_first_of("=<>") != right.npos) break;
    std::string l = plain(left, names_), r = plain(right, names_);
    any_of_all_.back().push_back({std::move(l), std::move(r), std::string(op)});
    return;
  }
  throw UserError(str("'", text, "' is no condition"), std::string(kHelp), mark_);
}

std::optional<ArgValue> Condition::side(const std::string& text, bool may_be_word,
                                        const Lookup& lookup) const {
  if (is_name(text)) {
    try {
      return lookup(text);
    } catch (const UserError&) {
      if (!may_be_word) throw;
      return text == "true" || text == "false" ? ArgValue(text == "true") : ArgValue(text);
    }
  }
  bool absent = false;
  const ExpressionContext context = {
      [&](std::string_view name, size_t) -> ArgValue {
        const std::optional<ArgValue> v = lookup(name);
        absent = absent || !v;
        return v ? in_numbers(*v) : ArgValue(1);
      },
      [&](size_t, size_t, const std::string& what, const std::string& help) {
        throw UserError(absent ? "" : str(what, " in '", text_, "'"), help, mark_);
      }};
  try {
    ArgValue value = evaluate_expression(text, context);
    if (absent) return std::nullopt;
    return value;
  } catch (const UserError&) {
    if (absent) return std::nullopt;  // what the missing value's place led to means nothing
    throw;
  }
}

std::optional<double> Condition::term_violation(const Term& term, const Lookup& lookup) const {
  const bool words = term.op == "==" || term.op == "!=";
  const std::optional<ArgValue> left = side(term.left, words, lookup);
  if (!left) return std::nullopt;
  if (term.op == "has") {
    const auto* pattern = std::get_if<std::string>(&left->variant());
    if (!pattern)
      throw UserError(str("'", term.left, "' is ", *left, ", no pattern"), std::string(kHelp),
                      mark_);
    return pattern->find(term.right) == std::string::npos;
  }
  const std::optional<ArgValue> right = side(term.right, words, lookup);
  if (!right) return std::nullopt;
  const std::optional<double> a = number_of(*left), b = number_of(*right);
  if (words && (!a || !b)) return same(*left, *right) != (term.op == "==");
  if (!a || !b)
    throw UserError(str("'", a ? term.right : term.left, "' is '", a ? *right : *left,
                        "', no number, which '", term.op, "' cannot compare"),
                    std::string(kHelp), mark_);
  if (term.op == "!=") return *a == *b;
  const double above = (*a - *b) / (*b == 0 ? 1 : std::abs(*b));
  if (term.op == "==") return std::abs(above);
  const double beyond = term.op[0] == '<' ? above : -above;
  if (term.op.size() == 2) return std::max(0.0, beyond);
  return beyond < 0 ? 0.0 : std::max(beyond, 1e-12);
}

std::optional<double> Condition::violation(const Lookup& lookup) const {
  std::optional<double> least;
  for (const std::vector<Term>& all : any_of_all_) {
    double sum = 0;
    bool known = true;
    for (const Term& term : all) {
      const std::optional<double> v = term_violation(term, lookup);
      known = known && v;
      sum += v.value_or(0);
    }
    if (known) least = std::min(sum, least.value_or(sum));
  }
  return least;
}

bool Condition::holds(const Lookup& lookup, bool otherwise) const {
  const std::optional<double> v = violation(lookup);
  return v ? *v == 0 : otherwise;
}
}  // namespace cambium
