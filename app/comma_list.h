// Comma list: several names in one word of a command line.
#pragma once
#include <string>
#include <vector>

namespace cambium {
// "a,b" -> a and b; what is empty is left out.
inline std::vector<std::string> comma_list(const std::string& text) {
  std::vector<std::string> names;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    if (end > at) names.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return names;
}
}  // namespace cambium
