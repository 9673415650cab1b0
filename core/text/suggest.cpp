#include "core/text/suggest.h"

#include <algorithm>

#include "core/text/format.h"
#include "core/text/synonyms.h"

namespace cambium {
namespace {
constexpr size_t kMostNames = 3;
}

int edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<int>> d(a.size() + 1, std::vector<int>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = int(i);
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = int(j);
  for (size_t i = 1; i <= a.size(); ++i)
    for (size_t j = 1; j <= b.size(); ++j) {
      const int substitution = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, substitution});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

std::vector<std::string> nearest_names(std::string_view word, std::span<const std::string> known) {
  if (std::vector<std::string> meant = meant_names(word, known); !meant.empty()) {
    if (meant.size() > kMostNames) meant.resize(kMostNames);
    return meant;
  }
  const int limit = std::max(1, int(word.size()) / 3);
  std::vector<std::pair<int, std::string>> near;
  for (const std::string& name : known)
    if (const int d = edit_distance(word, name); d <= limit) near.emplace_back(d, name);
  std::ranges::stable_sort(near, {}, &std::pair<int, std::string>::first);
  // One slip of the keyboard from a name, that name is meant.
  if (!near.empty() && near[0].first <= 1)
    std::erase_if(near, [](const auto& candidate) { return candidate.first > 1; });
  if (near.empty() && word.size() >= 2)  // a name cut short
    for (const std::string& name : known)
      if (name.starts_with(word)) near.emplace_back(0, name);
  std::vector<std::string> names;
  for (size_t i = 0; i < near.size() && i < kMostNames; ++i) names.push_back(near[i].second);
  return names;
}

std::string join_names(std::span<const std::string> names, std::string_view last) {
  std::string out;
  for (size_t i = 0; i < names.size(); ++i)
    out += str(i == 0 ? "" : i + 1 == names.size() ? last : ", ", names[i]);
  return out;
}

std::string suggestion(std::string_view word, std::span<const std::string> known) {
  std::vector<std::string> near = nearest_names(word, known);
  if (near.empty()) return known.empty() ? "" : str("known: ", join_names(known, ", "));
  for (std::string& name : near) name = str("'", name, "'");
  return str("did you mean ", join_names(near, " or "), "?");
}
}  // namespace cambium
