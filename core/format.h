// Text building: str("heads = ", 6) joins anything printable. The only header that sees fmt.
#pragma once
#include <concepts>
#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace cambium {
namespace detail {
template <class T> void append_text(std::string& out, const T& value) {
  if constexpr (std::convertible_to<const T&, std::string_view>)
    out += std::string_view(value);
  else if constexpr (requires {
                       { value.text() } -> std::convertible_to<std::string>;
                     })
    out += value.text();
  else
    fmt::format_to(std::back_inserter(out), "{}", value);
}
}  // namespace detail

// Joins the parts: strings as they are, numbers in shortest form, values through their text().
template <class... T> std::string str(const T&... parts) {
  std::string out;
  (detail::append_text(out, parts), ...);
  return out;
}
}  // namespace cambium
