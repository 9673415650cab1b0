#include "core/yaml/expr.h"

#include <algorithm>
#include <tuple>

#include "core/text/number.h"
#include "core/text/suggest.h"
#include "core/text/utf8.h"
#include "core/yaml/expr_parser.h"

namespace cambium {
namespace {
constexpr int kDeepestChain = 48;         // of variables; each takes a piece of the stack
constexpr size_t kLongestText = 1 << 16;  // that variables put together

// The place of text[offset] when the scalar stands plainly on one line, else of the whole scalar.
Mark mark_inside(const Yaml& scalar, size_t offset, size_t bytes) {
  Mark m = scalar.mark;
  const bool as_written = !scalar.quoted && m.length == characters(scalar.text);
  if (!as_written) return m;
  m.column += int(characters(std::string_view(scalar.text).substr(0, offset)));
  m.length = int(std::max<int64_t>(
      1, characters(
             std::string_view(scalar.text).substr(std::min(offset, scalar.text.size()), bytes))));
  return m;
}

// The expression text[begin, end) of a scalar.
ArgValue evaluate_part(const Yaml& scalar, size_t begin, size_t end, const Vars& vars) {
  const ExpressionContext context = {
      [&](std::string_view name, size_t offset) {
        return vars.get(name, mark_inside(scalar, begin + offset, name.size()));
      },
      [&](size_t offset, size_t length, const std::string& what, const std::string& help) {
        throw UserError(what, help, mark_inside(scalar, begin + offset, length));
      }};
  return evaluate_expression(std::string_view(scalar.text).substr(begin, end - begin), context);
}

// "data/${name}.txt"; the whole of "${...}" keeps the kind of its value, and "$${" is "${".
ArgValue evaluate_braces(const Yaml& scalar, const Vars& vars) {
  const std::string& text = scalar.text;
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t open = text.find("${", at);
    out += text.substr(at, open == text.npos ? open : open - at);
    if (open == text.npos) break;
    if (open > at && text[open - 1] == '$') {
      out += "{";
      at = open + 2;
      continue;
    }
    const size_t close = text.find('}', open);
    if (close == text.npos)
      throw UserError("this ${ is never closed", "add the missing }", mark_inside(scalar, open, 2));
    ArgValue value = evaluate_part(scalar, open + 2, close, vars);
    if (open == 0 && close + 1 == text.size()) return value;
    out += value.text();
    at = close + 1;
    if (out.size() > kLongestText)
      throw UserError(str("the text grows past ", kLongestText, " bytes here"),
                      "put it into a file", mark_inside(scalar, open, at - open));
  }
  return out;
}

ArgValue evaluate_scalar(const Yaml& s, const Vars& vars) {
  const bool dollar = s.text.size() > 1 && s.text[0] == '$' && s.text[1] != '{';
  const std::string_view name = std::string_view(s.text).substr(dollar ? 1 : 0);
  // Quotes keep text from being a number or a boolean. They cannot keep $ from meaning a variable:
  // in {width: "${dim * 4}"} YAML itself asks for them.
  const bool braces = s.text.find("${") != s.text.npos;
  if (dollar && !braces && name[0] == '$') return std::string(name);  // "$$x" is the text "$x"
  if (s.quoted && !(dollar && is_name(name)) && !braces) return s.text;
  if (s.text == "true" || s.text == "false") return s.text == "true";
  if (dollar && !braces) {
    if (!is_name(name))
      throw UserError(str("'", s.text, "' is not a variable"),
                      str("write \"${", name, "}\" for arithmetic, or quote it for text"), s.mark);
    return vars.get(name, s.mark);
  }
  if (braces) return evaluate_braces(s, vars);
  try {
    if (auto number = read_number(s.text)) return std::move(*number);
  } catch (UserError& e) {
    e.mark = s.mark;
    throw;
  }
  return s.text;
}

// Who asks, whose variable it is, and its name.
using Question = std::tuple<const void*, const void*, std::string>;

// One variable being computed, inside others that need it. As long as the outermost is under way no
// variable changes, and what was computed is remembered: variables that use one another twice would
// else take twice as long with each.
class Computation {
 public:
  Computation(Question question, std::set<std::string, std::less<>>& names, const Mark& mark)
      : question_(std::move(question)), names_(names), detours_(known().detours) {
    if (known().depth >= kDeepestChain)
      throw UserError(str("more than ", kDeepestChain, " variables need one another here"),
                      "give some of them a value of their own", mark);
    entry_ = names_.insert(std::get<std::string>(question_)).first;
    ++known().depth;
  }

  Computation(const Computation&) = delete;
  Computation& operator=(const Computation&) = delete;

  ~Computation() {
    names_.erase(entry_);
    if (--known().depth == 0) known().values.clear();
  }

  template <class F> ArgValue value(const F& compute) {
    std::map<Question, ArgValue>& values = known().values;
    if (const auto v = values.find(question_); v != values.end()) return v->second;
    ArgValue value = compute();
    // A value that went round a name under way is another one where that name is free.
    if (known().detours == detours_) values.emplace(question_, value);
    return value;
  }

  // A lookup passed over a name because that is being computed.
  static void note_detour() { ++known().detours; }

 private:
  struct Known {
    std::map<Question, ArgValue> values = {};
    int depth = 0;
    int64_t detours = 0;
  };

  static Known& known() {
    thread_local Known known;
    return known;
  }

  const Question question_;
  std::set<std::string, std::less<>>& names_;
  std::set<std::string, std::less<>>::iterator entry_;
  const int64_t detours_;
};

template <class T> std::vector<T> gather(const std::vector<ArgValue>& values) {
  std::vector<T> out;
  for (const ArgValue& v : values) out.push_back(std::get<T>(v.variant()));
  return out;
}

ArgValue evaluate_list(const Yaml& list, const Vars& vars) {
  std::vector<ArgValue> values;
  size_t whole = 0, real = 0, text = 0;
  for (const Yaml& item : list.items) {
    if (item.is_list() || item.is_map())
      throw UserError("a list of values cannot hold lists or maps", "", item.mark);
    values.push_back(evaluate(item, vars));
    const auto& v = values.back().variant();
    whole += std::holds_alternative<int64_t>(v);
    real += std::holds_alternative<double>(v);
    text += std::holds_alternative<std::string>(v);
    if (whole + real + text != values.size())
      throw UserError(str("a list cannot hold ", detail::type_name(values.back())),
                      "lists hold numbers or text", item.mark);
  }
  if (text == values.size() && text > 0) return gather<std::string>(values);
  if (text > 0) throw UserError("a list cannot mix numbers and text", "", list.mark);
  if (real == 0) return gather<int64_t>(values);
  std::vector<double> numbers;
  for (const ArgValue& v : values) {
    const auto* i = std::get_if<int64_t>(&v.variant());
    numbers.push_back(i ? double(*i) : std::get<double>(v.variant()));
  }
  return numbers;
}
}  // namespace

void Vars::set(std::string name, ArgValue value) {
  expressions_.erase(name);
  values_.insert_or_assign(std::move(name), std::move(value));
}

void Vars::set(std::string name, const Yaml& expression) {
  values_.erase(name);
  expressions_.insert_or_assign(std::move(name), expression);
}

ArgValue Vars::get(std::string_view name, const Mark& mark) const {
  return lookup(name, mark, *this);
}

ArgValue Vars::lookup(std::string_view name, const Mark& mark, const Vars& asker) const {
  if (const auto v = values_.find(name); v != values_.end()) return v->second;
  const auto e = expressions_.find(name);
  const bool busy = evaluating_.contains(name);
  if (e != expressions_.end() && !busy) {
    Computation c({&asker, this, e->first}, evaluating_, mark);
    return c.value([&] { return evaluate(e->second, asker); });
  }
  if (busy) Computation::note_detour();
  if (parent_) {
    try {
      return parent_->lookup(name, mark, asker);
    } catch (const UserError& error) {
      if (!busy || !(error.mark.line == mark.line && error.mark.column == mark.column)) throw;
    }
  }
  if (busy) throw UserError(str("variable '", name, "' needs itself"), "break the circle", mark);
  throw UserError(str("unknown variable '", name, "'"), suggestion(name, asker.names()), mark);
}

std::vector<std::string> Vars::names() const {
  std::set<std::string> all;
  for (const Vars* v = this; v; v = v->parent_) {
    for (const auto& [name, value] : v->values_) all.insert(name);
    for (const auto& [name, value] : v->expressions_) all.insert(name);
  }
  return {all.begin(), all.end()};
}

ArgValue evaluate(const Yaml& value, const Vars& vars) {
  switch (value.kind) {
    case Yaml::kScalar:
      return evaluate_scalar(value, vars);
    case Yaml::kList:
      return evaluate_list(value, vars);
    case Yaml::kNull:
      throw UserError("the value is missing", "", value.mark);
    case Yaml::kMap:
      break;
  }
  throw UserError("expected a value, got a map", "", value.mark);
}

Args evaluate_entries(std::span<const YamlEntry> entries, const Vars& vars, Diagnostics* errors) {
  Args args;
  for (const YamlEntry& e : entries) {
    try {
      args.push_back({e.key, evaluate(e.value, vars), e.key_mark, e.value.mark});
    } catch (UserError& error) {
      if (!error.mark.known()) error.mark = e.value.mark;
      if (!errors) throw;
      errors->add(error);
    }
  }
  return args;
}
}  // namespace cambium
