// Glob: name patterns in which * stands for any run of characters, dots included.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

namespace cambium {
// What each * of the pattern stands for in the name, as short as it can be from the left; nullopt
// when the name does not match.
inline std::optional<std::vector<std::string_view>> glob_captures(std::string_view pattern,
                                                                  std::string_view name) {
  std::vector<std::string_view> stars;
  size_t p = 0, n = 0, begin = 0, star = pattern.npos;  // of the last *
  while (n < name.size() || (p < pattern.size() && pattern[p] == '*')) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      begin = n;
      stars.push_back(name.substr(begin, 0));
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != pattern.npos) {
      p = star + 1;
      stars.back() = name.substr(begin, stars.back().size() + 1);
      n = begin + stars.back().size();
    } else {
      return std::nullopt;
    }
  }
  if (p < pattern.size()) return std::nullopt;
  return stars;
}

inline bool glob_matches(std::string_view pattern, std::string_view name) {
  return glob_captures(pattern, name).has_value();
}
}  // namespace cambium
