#include "core/text/number.h"

#include <algorithm>
#include <charconv>

namespace cambium {
namespace {
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
}  // namespace

bool is_name(std::string_view word) {
  return !word.empty() && !is_digit(word[0]) &&
         std::ranges::all_of(word, [](char c) { return is_letter(c) || is_digit(c); });
}

std::optional<ArgValue> read_number(std::string_view text) {
  std::string_view s = text;
  if (!s.empty() && (s[0] == '-' || s[0] == '+')) s.remove_prefix(1);
  const auto digits = size_t(std::ranges::find_if_not(s, is_digit) - s.begin());
  const bool fraction = digits < s.size() && s[digits] == '.';
  const bool starts_well = digits > 0 || (fraction && s.size() > 1 && is_digit(s[1]));
  if (!starts_well) return std::nullopt;
  double real = 0;
  const auto [end, code] = std::from_chars(s.data(), s.data() + s.size(), real);
  if (end != s.data() + s.size()) return std::nullopt;  // 4x4, 5%, 0x10 and 1e are text
  if (digits > 1 && s[0] == '0')
    throw UserError(str("the number ", text, " has a leading zero"),
                    str("write ", s.substr(std::min(s.find_first_not_of('0'), digits - 1)),
                        ", or \"", text, "\" for text"));
  if (code == std::errc::result_out_of_range)
    throw UserError(str("the number ", text, " does not fit a double"), "");
  if (text[0] == '-') real = -real;
  if (digits < s.size()) return ArgValue(real);
  int64_t whole = 0;
  const std::string_view signed_text = text[0] == '+' ? s : text;
  const auto parsed =
      std::from_chars(signed_text.data(), signed_text.data() + signed_text.size(), whole);
  if (parsed.ec != std::errc{})
    throw UserError(str("the whole number ", text, " does not fit 64 bits"),
                    "whole numbers go up to 9223372036854775807; where any number is taken, write "
                    "it with an exponent, such as 1e20");
  return ArgValue(whole);
}

std::vector<int64_t> divisors_of(int64_t n) {
  std::vector<int64_t> low, high;
  for (int64_t d = 1; d * d <= n; ++d) {
    if (n % d != 0) continue;
    low.push_back(d);
    if (d != n / d) high.push_back(n / d);
  }
  low.insert(low.end(), high.rbegin(), high.rend());
  return low;
}
}  // namespace cambium
