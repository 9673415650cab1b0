#include "data/curation/support/personal.h"

#include <array>
#include <optional>
#include <string>

namespace cambium {
namespace {
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c | 32) >= 'a' && (c | 32) <= 'z';
}

bool is_word(char c) {
  return is_digit(c) || is_letter(c);
}

char at(std::string_view text, size_t i) {
  return i < text.size() ? text[i] : '\0';
}

// The e-mail around the @ at `middle`.
std::optional<PersonalStretch> email_at(std::string_view text, size_t middle, size_t from) {
  size_t begin = middle;
  while (begin > from &&
         (is_word(text[begin - 1]) ||
          std::string_view("._%+-").find(text[begin - 1]) != std::string_view::npos))
    --begin;
  while (begin < middle && !is_word(text[begin])) ++begin;
  if (begin == middle || text[middle - 1] == '.') return std::nullopt;
  size_t end = middle + 1, last = end;  // of the last label that counts
  int labels = 0;
  for (size_t label = end;;) {
    size_t i = label;
    while (is_word(at(text, i)) || (at(text, i) == '-' && i > label)) ++i;
    if (i == label) break;
    bool letters = i - label >= 2;
    for (size_t k = label; k < i; ++k) letters &= is_letter(text[k]);
    ++labels;
    if (labels > 1 && letters) last = i;
    if (at(text, i) != '.') break;
    label = i + 1;
  }
  if (last == end) return std::nullopt;
  return PersonalStretch{PersonalStretch::kEmail, begin, last};
}

bool is_own_network(const std::array<int, 4>& ip) {
  return ip[0] == 10 || ip[0] == 127 || ip[0] == 0 || (ip[0] == 192 && ip[1] == 168) ||
         (ip[0] == 172 && ip[1] >= 16 && ip[1] < 32) || (ip[0] == 169 && ip[1] == 254);
}

std::optional<PersonalStretch> ip_at(std::string_view text, size_t begin) {
  std::array<int, 4> ip = {};
  size_t i = begin;
  for (size_t k = 0; k < 4; ++k) {
    const size_t first = i;
    while (is_digit(at(text, i)) && i - first < 4) ip[k] = 10 * ip[k] + (text[i++] - '0');
    if (i == first || i - first > 3 || ip[k] > 255) return std::nullopt;
    if (k < 3 && at(text, i++) != '.') return std::nullopt;
  }
  if (is_word(at(text, i)) || (at(text, i) == '.' && is_digit(at(text, i + 1))))
    return std::nullopt;
  if (is_own_network(ip)) return std::nullopt;
  return PersonalStretch{PersonalStretch::kIp, begin, i};
}

bool is_hex(char c) {
  return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

// The address whose first group ends at the colon at `colon`.
std::optional<PersonalStretch> ipv6_at(std::string_view text, size_t colon, size_t from) {
  if (colon < from + 4) return std::nullopt;
  const size_t begin = colon - 4;
  const char before = begin > from ? text[begin - 1] : ' ';
  if ((text[begin] != '2' && text[begin] != '3') || is_word(before) ||
      std::string_view(":._").find(before) != std::string_view::npos)
    return std::nullopt;
  std::string groups[8];
  size_t count = 0, end = begin;
  bool gap = false;
  for (size_t i = begin; count < 8;) {
    const size_t first = i;
    while (is_hex(at(text, i))) ++i;
    if (i == first || i - first > 4) break;
    groups[count++] = text.substr(first, i - first);
    end = i;
    if (at(text, i) != ':') break;
    const bool here = at(text, i + 1) == ':';
    if (here && gap) return std::nullopt;
    gap |= here;
    i += here ? 2 : 1;
    if (here) end = i;  // it may be the last
  }
  const bool example = groups[0] == "2001" && (groups[1] == "db8" || groups[1] == "0db8" ||
                                               groups[1] == "DB8" || groups[1] == "0DB8");
  const char behind = at(text, end);
  if (example || (gap ? count < 3 || count > 7 : count != 8) || groups[0].size() != 4 ||
      is_word(behind) || behind == ':' || behind == '_' ||
      (behind == '.' && is_digit(at(text, end + 1))))
    return std::nullopt;
  return PersonalStretch{PersonalStretch::kIpv6, begin, end};
}

// `list_end`: behind numbers that are a list rather than one of a telephone.
std::optional<PersonalStretch> phone_at(std::string_view text, size_t begin, size_t& list_end) {
  std::string digits;
  size_t i = begin, end = begin, groups = 0;
  const bool plus = text[begin] == '+';
  i += plus;
  bool in_group = false, short_group = false;
  size_t in_this = 0;  // digits
  for (int apart = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_digit(c)) {
      if (!in_group && groups++ > 1) short_group |= in_this < 2;
      in_this = in_group ? in_this + 1 : 1;
      in_group = true;
      apart = 0;
      digits += c;
      end = i + 1;
      continue;
    }
    in_group = false;
    const bool bracket = c == '(' || c == ')';
    if (!bracket && c != ' ' && c != '-' && c != '.') break;
    if (++apart > 2) break;
  }
  if (groups > 5) list_end = end;
  if (digits.size() < 9 || digits.size() > 15 || is_word(at(text, end))) return std::nullopt;
  const bool isbn = digits.size() == 13 && (digits.starts_with("978") || digits.starts_with("979"));
  short_group |= groups > 1 && in_this < 2;
  if ((groups < 3 && !plus) || groups > 5 || short_group || isbn) return std::nullopt;
  return PersonalStretch{PersonalStretch::kPhone, begin, end};
}
}  // namespace

void find_personal(std::string_view text, std::vector<PersonalStretch>& into) {
  into.clear();
  size_t from = 0;      // what stands before belongs to a stretch that was found
  size_t list_end = 0;  // and this to a list of numbers
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    std::optional<PersonalStretch> found;
    if (c == '@') {
      found = email_at(text, i, from);
    } else if (c == ':') {
      found = ipv6_at(text, i, from);
    } else if (is_digit(c) || c == '+' || c == '(') {
      const char before = i > from ? text[i - 1] : ' ';
      if (is_word(before) || before == '.' || before == '@') continue;
      if (is_digit(c)) found = ip_at(text, i);
      if (!found && i >= list_end) found = phone_at(text, i, list_end);
    }
    if (!found) continue;
    into.push_back(*found);
    from = found->end;
    i = from - 1;
  }
}
}  // namespace cambium
