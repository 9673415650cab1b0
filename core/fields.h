// Fields: a config struct lists its members once; parsing, checking, printing, equality, docs and
// the JSON schema follow from that list:
//   struct Ffn { int64_t expand = 4; static constexpr auto fields = std::tuple{
//       field("expand", &Ffn::expand, "inner width / C").in(1, 64)}; };
// Member types: bool, int64_t, double, std::string, and vectors of the last three.
#pragma once
#include <array>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <typeinfo>
#include <variant>
#include <vector>

#include "core/error.h"

namespace cambium {
// The size of a whole number whose field says no other limit: it fits 32 bits, and the product of
// two of them 64.
inline constexpr double kMostWhole = std::numeric_limits<int32_t>::max();
inline constexpr double kNoLimit = std::numeric_limits<double>::infinity();

template <class C, class T> struct Field {
  static constexpr double kLimit = std::is_same_v<T, int64_t> ? kMostWhole : kNoLimit;

  std::string_view name;
  T C::*member;
  std::string_view doc;
  double min = -kLimit, max = kLimit;
  std::string_view choices{};  // "relu|gelu": what a string may be; empty = anything

  // Numbers (or every element of a vector) must lie in [lo, hi].
  constexpr Field in(double lo, double hi = kLimit) const {
    Field f = *this;
    f.min = lo;
    f.max = hi;
    return f;
  }

  // Whole numbers may take all of their 64 bits: hashes, not sizes.
  constexpr Field any() const { return in(-kNoLimit, kNoLimit); }

  // Strings must be one of these, separated by '|'.
  constexpr Field one_of(std::string_view names) const {
    Field f = *this;
    f.choices = names;
    return f;
  }
};

template <class C, class T>
constexpr Field<C, T> field(std::string_view name, T C::*member, std::string_view doc) {
  return {name, member, doc};
}

// One argument's value, from C++ or YAML.
class ArgValue {
 public:
  using Variant = std::variant<bool, int64_t, double, std::string, std::vector<int64_t>,
                               std::vector<double>, std::vector<std::string>>;

  ArgValue(bool v) : value_(v) {}

  ArgValue(int v) : value_(int64_t(v)) {}

  ArgValue(int64_t v) : value_(v) {}

  ArgValue(double v) : value_(v) {}

  ArgValue(const char* v) : value_(std::string(v)) {}

  ArgValue(std::string v) : value_(std::move(v)) {}

  ArgValue(std::vector<int64_t> v) : value_(std::move(v)) {}

  ArgValue(std::vector<double> v) : value_(std::move(v)) {}

  ArgValue(std::vector<std::string> v) : value_(std::move(v)) {}

  const Variant& variant() const { return value_; }

  std::string text() const;

 private:
  Variant value_;
};

struct Arg {  // one named argument; a YAML one carries the marks of its key and its value
  std::string name;
  ArgValue value;
  Mark name_mark = {}, mark = {};
};

using Args = std::vector<Arg>;

// What docs, the JSON schema and error messages need to know of one field.
struct FieldInfo {
  std::string name, type, doc, default_text;
  double min, max;
  std::vector<std::string> choices;
};

struct NoAttrs {
  static constexpr auto fields = std::tuple{};
};

namespace detail {
// A field whose struct's type is forgotten, so that the code that reads and writes fields is
// compiled once.
struct FieldSlot {
  std::string_view name, doc, choices;
  double min, max;
  size_t offset;  // in bytes, from the start of the struct
  size_t type;    // index into ArgValue::Variant
};

template <class T, size_t I = 0> constexpr size_t type_index() {
  if constexpr (std::is_same_v<T, std::variant_alternative_t<I, ArgValue::Variant>>)
    return I;
  else
    return type_index<T, I + 1>();
}

// The field may be one of A's base.
template <class A, class C, class T> FieldSlot slot_of(const A& a, const Field<C, T>& f) {
  const auto at = reinterpret_cast<const char*>(&(a.*f.member)) - reinterpret_cast<const char*>(&a);
  return {f.name, f.doc, f.choices, f.min, f.max, size_t(at), type_index<T>()};
}

template <class A> std::span<const FieldSlot> slots_of() {
  static const auto slots = std::apply(
      [](const auto&... f) {
        [[maybe_unused]] const A a;
        return std::array<FieldSlot, sizeof...(f)>{slot_of(a, f)...};
      },
      A::fields);
  return slots;
}

std::vector<FieldInfo> describe(std::span<const FieldSlot> slots, const void* defaults);
void parse_into(void* object, std::span<const FieldSlot> slots, std::span<const Arg> args,
                Diagnostics* errors);
std::string print(std::span<const FieldSlot> slots, const void* object);
std::optional<ArgValue> find(std::span<const FieldSlot> slots, const void* object,
                             std::string_view name);
std::string_view type_name(const ArgValue& value);
std::vector<std::string> split_choices(std::string_view choices);
// These convert, and throw UserError when the value has the wrong type.
void assign(bool& to, const Arg& arg);
void assign(int64_t& to, const Arg& arg);
void assign(double& to, const Arg& arg);
void assign(std::string& to, const Arg& arg);
void assign(std::vector<int64_t>& to, const Arg& arg);
void assign(std::vector<double>& to, const Arg& arg);
void assign(std::vector<std::string>& to, const Arg& arg);
}  // namespace detail

// Attrs: an immutable config struct behind a printable, comparable handle.
class Attrs {
 public:
  Attrs() : Attrs(NoAttrs{}) {}

  template <class A>
  requires requires { A::fields; }

  Attrs(A a)
      : type_(&typeid(A)),
        slots_(detail::slots_of<A>()),
        text_(detail::print(detail::slots_of<A>(), &a)),
        value_(std::make_shared<const A>(std::move(a))) {}

  // The struct itself; InternalError when it is another type.
  template <class A> const A& as() const {
    ensure(*type_ == typeid(A), "attributes are ", type_->name(), ", asked for ", typeid(A).name());
    return *static_cast<const A*>(value_.get());
  }

  // "axis=1,keep=true"; fields that equal their default are printed too.
  const std::string& text() const { return text_; }

  // One field's value; none when there is no such field.
  std::optional<ArgValue> find(std::string_view name) const {
    return detail::find(slots_, value_.get(), name);
  }

  bool operator==(const Attrs& o) const { return *type_ == *o.type_ && text_ == o.text_; }

 private:
  const std::type_info* type_;
  std::span<const detail::FieldSlot> slots_;
  std::string text_;
  std::shared_ptr<const void> value_;
};

template <class A> std::vector<FieldInfo> describe_fields() {
  const A defaults;
  return detail::describe(detail::slots_of<A>(), &defaults);
}

// Fills the struct from arguments. UserError with the argument's mark for an unknown name (with the
// nearest names as help), a wrong type, range or choice. With `errors`, all of them are collected.
template <class A> A parse_fields(std::span<const Arg> args, Diagnostics* errors = nullptr) {
  A a;
  detail::parse_into(&a, detail::slots_of<A>(), args, errors);
  return a;
}

// The fields of a struct, type-erased: what a record (op, block, optimizer ...) keeps of them.
struct FieldSet {
  std::vector<FieldInfo> (*describe)() = describe_fields<NoAttrs>;
  Attrs (*parse)(std::span<const Arg>, Diagnostics*) = [](std::span<const Arg> args,
                                                          Diagnostics* errors) {
    return Attrs(parse_fields<NoAttrs>(args, errors));
  };
};

template <class A>
constexpr FieldSet fields_of = {describe_fields<A>,
                                [](std::span<const Arg> args, Diagnostics* errors) {
                                  return Attrs(parse_fields<A>(args, errors));
                                }};
}  // namespace cambium
