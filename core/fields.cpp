#include "core/fields.h"

#include <algorithm>
#include <cmath>

#include "core/text/number.h"
#include "core/text/suggest.h"
#include "core/text/synonyms.h"

namespace cambium {
namespace {
constexpr std::string_view kBoolean = "true or false";

template <class T> std::string list_text(const std::vector<T>& items) {
  std::string out = "[";
  for (size_t i = 0; i < items.size(); ++i) out += str(i ? "," : "", items[i]);
  return out + "]";
}

// What text was meant to be: a boolean of another language, or a number in quotes.
std::string type_help(const Arg& arg, std::string_view wanted) {
  const auto* real = std::get_if<double>(&arg.value.variant());
  if (real && wanted == "a whole number" && std::abs(*real) > 0x1p53)
    return "with an exponent, whole numbers go up to 9007199254740992 (2^53)";
  const auto* text = std::get_if<std::string>(&arg.value.variant());
  if (!text) return {};
  const std::string word = plain_word(*text);
  const bool yes = word == "yes" || word == "on" || word == "true" || word == "y";
  const bool no = word == "no" || word == "off" || word == "false" || word == "n";
  if (wanted == kBoolean && (yes || no))
    return str("write ", arg.name, ": ", yes ? "true" : "false",
               *text == "true" || *text == "false" ? ", without quotes" : "");
  if (wanted.find("number") == wanted.npos) return {};
  try {
    if (read_number(*text)) return str("write ", arg.name, ": ", *text, ", without quotes");
  } catch (const UserError&) {
    return {};
  }
  return {};
}

[[noreturn]] void wrong_type(const Arg& arg, std::string_view wanted) {
  throw UserError(str("'", arg.name, "' takes ", wanted, ", got ", detail::type_name(arg.value),
                      " ", arg.value.text()),
                  type_help(arg, wanted));
}
}  // namespace

std::string ArgValue::text() const {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, bool>)
          return v ? "true" : "false";
        else if constexpr (requires { v.begin(); } && !std::is_same_v<T, std::string>)
          return list_text(v);
        else
          return str(v);
      },
      value_);
}

namespace detail {
std::string_view type_name(const ArgValue& value) {
  constexpr std::string_view names[] = {"true/false",  "whole number",          "number",
                                        "text",        "list of whole numbers", "list of numbers",
                                        "list of text"};
  return names[value.variant().index()];
}

std::vector<std::string> split_choices(std::string_view choices) {
  std::vector<std::string> out;
  while (!choices.empty()) {
    const size_t bar = choices.find('|');
    out.emplace_back(choices.substr(0, bar));
    choices = bar == std::string_view::npos ? "" : choices.substr(bar + 1);
  }
  return out;
}

void assign(bool& to, const Arg& arg) {
  const bool* v = std::get_if<bool>(&arg.value.variant());
  if (!v) wrong_type(arg, kBoolean);
  to = *v;
}

void assign(int64_t& to, const Arg& arg) {
  if (const auto* v = std::get_if<int64_t>(&arg.value.variant())) {
    to = *v;
    return;
  }
  // 1e3 and ${d / 2} are whole numbers too when nothing is lost.
  const auto* d = std::get_if<double>(&arg.value.variant());
  if (!d || *d != std::floor(*d) || std::abs(*d) > 0x1p53) wrong_type(arg, "a whole number");
  to = int64_t(*d);
}

void assign(double& to, const Arg& arg) {
  if (const auto* v = std::get_if<double>(&arg.value.variant()))
    to = *v;
  else if (const auto* i = std::get_if<int64_t>(&arg.value.variant()))
    to = double(*i);
  else
    wrong_type(arg, "a number");
}

void assign(std::string& to, const Arg& arg) {
  const auto* v = std::get_if<std::string>(&arg.value.variant());
  if (!v) wrong_type(arg, "text");
  to = *v;
}

void assign(std::vector<int64_t>& to, const Arg& arg) {
  if (const auto* v = std::get_if<std::vector<int64_t>>(&arg.value.variant()))
    to = *v;
  else if (const auto* i = std::get_if<int64_t>(&arg.value.variant()))
    to = {*i};
  else
    wrong_type(arg, "a list of whole numbers");
}

void assign(std::vector<double>& to, const Arg& arg) {
  if (const auto* v = std::get_if<std::vector<double>>(&arg.value.variant()))
    to = *v;
  else if (const auto* i = std::get_if<std::vector<int64_t>>(&arg.value.variant()))
    to.assign(i->begin(), i->end());
  else {
    double one = 0;
    assign(one, arg);
    to = {one};
  }
}

void assign(std::vector<std::string>& to, const Arg& arg) {
  if (const auto* v = std::get_if<std::vector<std::string>>(&arg.value.variant()))
    to = *v;
  else if (const auto* s = std::get_if<std::string>(&arg.value.variant()))
    to = {*s};
  else if (const auto* i = std::get_if<std::vector<int64_t>>(&arg.value.variant()); i && i->empty())
    to = {};
  else
    wrong_type(arg, "a list of text");
}

}  // namespace detail

namespace {
// "at least 1", "between 0 and 1".
std::string range_text(const FieldInfo& f) {
  if (std::isinf(f.max)) return str("at least ", f.min);
  return std::isinf(f.min) ? str("at most ", f.max) : str("between ", f.min, " and ", f.max);
}

// A limit that no machine's memory or time reaches is not worth saying to who wrote 0.
bool only_too_small(const FieldInfo& f, double v) {
  return v < f.min && f.max == kMostWhole;
}

void check_range(const FieldInfo& f, const ArgValue& value) {
  const auto check_number = [&](auto v) {
    if (double(v) >= f.min && double(v) <= f.max) return;
    FieldInfo said = f;
    if (only_too_small(f, double(v))) said.max = kNoLimit;
    throw UserError(str("'", f.name, "' must be ", range_text(said), ", got ", v));
  };
  const auto check_choice = [&](const std::string& v) {
    if (f.choices.empty() || std::ranges::count(f.choices, v)) return;
    throw UserError(str("'", f.name, "' cannot be '", v, "'"), suggestion(v, f.choices));
  };
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, int64_t> || std::is_same_v<T, double>)
          check_number(v);
        else if constexpr (std::is_same_v<T, std::string>)
          check_choice(v);
        else if constexpr (std::is_same_v<T, std::vector<std::string>>)
          for (const auto& s : v) check_choice(s);
        else if constexpr (!std::is_same_v<T, bool>)
          for (auto n : v) check_number(n);
      },
      value.variant());
}

[[noreturn]] void unknown_field(const Arg& arg, std::span<const detail::FieldSlot> slots) {
  std::vector<std::string> known;
  for (const detail::FieldSlot& s : slots) known.emplace_back(s.name);
  throw UserError(str("unknown key '", arg.name, "'"),
                  known.empty() ? "it takes no options" : suggestion(arg.name, known),
                  arg.name_mark);
}

// Calls f with the field as what it is: bool&, int64_t& ...
template <size_t I = 0, class F>
auto visit_field(const detail::FieldSlot& slot, void* object, F f) {
  using T = std::variant_alternative_t<I, ArgValue::Variant>;
  if constexpr (I + 1 < std::variant_size_v<ArgValue::Variant>)
    if (slot.type != I) return visit_field<I + 1>(slot, object, f);
  return f(*reinterpret_cast<T*>(static_cast<char*>(object) + slot.offset));
}

ArgValue value_of(const detail::FieldSlot& slot, const void* object) {
  return visit_field(slot, const_cast<void*>(object),
                     [](const auto& value) { return ArgValue(value); });
}

FieldInfo info_of(const detail::FieldSlot& slot, const void* defaults) {
  const ArgValue value = value_of(slot, defaults);
  return {std::string(slot.name),
          std::string(detail::type_name(value)),
          std::string(slot.doc),
          value.text(),
          slot.min,
          slot.max,
          detail::split_choices(slot.choices)};
}

void set_one(void* object, std::span<const detail::FieldSlot> slots, const Arg& arg) {
  const auto slot = std::ranges::find(slots, arg.name, &detail::FieldSlot::name);
  if (slot == slots.end()) unknown_field(arg, slots);
  visit_field(*slot, object, [&](auto& member) {
    auto given = member;
    detail::assign(given, arg);
    check_range(info_of(*slot, object), ArgValue(given));
    member = std::move(given);  // what is refused is not kept: nobody divides by a batch of 0
  });
}
}  // namespace

namespace detail {
std::vector<FieldInfo> describe(std::span<const FieldSlot> slots, const void* defaults) {
  std::vector<FieldInfo> out;
  for (const FieldSlot& s : slots) out.push_back(info_of(s, defaults));
  return out;
}

void parse_into(void* object, std::span<const FieldSlot> slots, std::span<const Arg> args,
                Diagnostics* errors) {
  for (const Arg& arg : args) {
    try {
      set_one(object, slots, arg);
    } catch (UserError& e) {
      if (!e.mark.known()) e.mark = arg.mark;
      if (!errors) throw;
      errors->add(e);
    }
  }
}

std::string print(std::span<const FieldSlot> slots, const void* object) {
  std::string out;
  for (const FieldSlot& s : slots)
    out += str(out.empty() ? "" : ",", s.name, '=', value_of(s, object).text());
  return out;
}

std::optional<ArgValue> find(std::span<const FieldSlot> slots, const void* object,
                             std::string_view name) {
  for (const FieldSlot& s : slots)
    if (s.name == name) return value_of(s, object);
  return std::nullopt;
}
}  // namespace detail
}  // namespace cambium
