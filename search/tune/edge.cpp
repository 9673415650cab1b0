#include "search/tune/edge.h"

#include <algorithm>

namespace cambium {
namespace {
constexpr double kOuter = 0.1;  // of a range of real numbers
constexpr int64_t kInner = 20;  // of n whole numbers, the outer n / 20 are its ends, at least one
constexpr int64_t kFewest = 3;  // of two values, each lies at an end

std::string side(bool low, bool high) {
  return low ? "lowest" : high ? "highest" : "";
}

std::optional<double> number_of(const Dimension& d, int64_t choice) {
  const ArgValue value = value_of(d, {.active = true, .index = choice});
  if (const auto* whole = std::get_if<int64_t>(&value.variant())) return double(*whole);
  if (const auto* real = std::get_if<double>(&value.variant())) return *real;
  return std::nullopt;
}

std::string edge_of_choices(const Dimension& d, int64_t chosen) {
  std::vector<double> all;
  for (int64_t i = 0; i < count_of(d); ++i) {
    const std::optional<double> value = number_of(d, i);
    if (!value) return "";
    all.push_back(*value);
  }
  const auto [least, most] = std::ranges::minmax(all);
  return side(all[size_t(chosen)] == least, all[size_t(chosen)] == most);
}
}  // namespace

std::string edge_of(const Dimension& d, const Gene& gene) {
  if (!gene.active || d.kind == DimensionKind::kPattern || count_of(d) < kFewest) return "";
  if (d.kind == DimensionKind::kChoices) return edge_of_choices(d, gene.index);
  if (d.kind == DimensionKind::kInt) {
    const int64_t ends = std::max<int64_t>(1, d.count / kInner);
    return side(gene.index < ends, gene.index >= d.count - ends);
  }
  const double unit = unit_of(d, gene);
  return side(unit<kOuter, unit> 1 - kOuter);
}
}  // namespace cambium
