// Which row was meant by a key that the table does not have.
#include <algorithm>
#include <charconv>

#include "core/text/suggest.h"
#include "search/replay/result_table.h"

namespace cambium {
namespace {
constexpr int64_t kMostCompared = 10'000;  // texts, and
constexpr size_t kMostLetters = 200;       // letters of each

bool same_number(std::string_view a, std::string_view b) {
  const auto number = [](std::string_view text) -> std::optional<double> {
    double v = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional(v) : std::nullopt;
  };
  const std::optional<double> x = number(a), y = number(b);
  return x && y && *x == *y;
}

// Part by part, as keys of several columns are joined.
bool same_numbers(std::string_view a, std::string_view b) {
  for (;;) {
    const size_t i = std::min(a.find('|'), a.size()), j = std::min(b.find('|'), b.size());
    const std::string_view x = a.substr(0, i), y = b.substr(0, j);
    if (x != y && !same_number(x, y)) return false;
    if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
    a.remove_prefix(i + 1);
    b.remove_prefix(j + 1);
  }
}
}  // namespace

const std::string& ResultTable::nearest_key(const std::string& key) const {
  for (const std::string& k : keys_)
    if (same_numbers(key, k)) return k;
  const auto last = keys_.begin() + std::min(size(), kMostCompared);
  return *std::min_element(keys_.begin(), last, [&](const std::string& a, const std::string& b) {
    const auto far = [&](const std::string& k) {
      return edit_distance(key.substr(0, kMostLetters),
                           std::string_view(k).substr(0, kMostLetters));
    };
    return far(a) < far(b);
  });
}
}  // namespace cambium
