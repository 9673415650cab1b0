// Text building: str("heads = ", 6) joins anything printable.
#pragma once
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace cambium {
namespace detail {
// Numbers in shortest form. Out of line, so that no file compiles a number printer of its own.
void append_number(std::string& out, int64_t value);
void append_number(std::string& out, uint64_t value);
void append_number(std::string& out, float value);
void append_number(std::string& out, double value);

template <class T> void append_text(std::string& out, const T& value) {
  if constexpr (std::convertible_to<const T&, std::string_view>)
    out += std::string_view(value);
  else if constexpr (std::same_as<T, bool>)
    out += value ? "true" : "false";
  else if constexpr (std::same_as<T, char>)
    out += value;
  else if constexpr (std::floating_point<T>)
    append_number(out, value);
  else if constexpr (std::signed_integral<T>)
    append_number(out, int64_t(value));
  else if constexpr (std::unsigned_integral<T>)
    append_number(out, uint64_t(value));
  else
    out += value.text();
}
}  // namespace detail

// Joins the parts: strings as they are, numbers in shortest form, values through their text().
template <class... T> std::string str(const T&... parts) {
  std::string out;
  (detail::append_text(out, parts), ...);
  return out;
}
}  // namespace cambium
