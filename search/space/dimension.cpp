#include "search/space/dimension.h"

#include <algorithm>
#include <cmath>

namespace cambium {
namespace {
int64_t below(double unit, int64_t n) {
  return std::clamp(int64_t(unit * double(n)), int64_t(0), n - 1);
}

// n^length, at most kUncountable.
int64_t power(int64_t n, int64_t length) {
  int64_t out = 1;
  for (int64_t i = 0; i < length; ++i)
    if (__builtin_mul_overflow(out, n, &out) || out >= kUncountable) return kUncountable;
  return out;
}

Gene pattern_at(const Dimension& d, int64_t index) {
  const int64_t n = int64_t(d.letters.size());
  int64_t length = d.shortest;
  for (; index >= power(n, length); ++length) index -= power(n, length);
  std::string letters(size_t(length), ' ');
  for (int64_t i = length; i-- > 0; index /= n) letters[size_t(i)] = d.letters[size_t(index % n)];
  return {.active = true, .letters = std::move(letters)};
}
}  // namespace

bool is_ordered(const Dimension& d) {
  return d.kind == DimensionKind::kInt || d.kind == DimensionKind::kFloat ||
         d.kind == DimensionKind::kLog;
}

int64_t count_of(const Dimension& d) {
  switch (d.kind) {
    case DimensionKind::kChoices:
      return int64_t(d.choices.size());
    case DimensionKind::kInt:
      return d.count;
    case DimensionKind::kPattern: {
      int64_t all = 0;
      for (int64_t length = d.shortest; length <= d.longest && all < kUncountable; ++length)
        all += power(int64_t(d.letters.size()), length);
      return std::min(all, kUncountable);
    }
    default:
      return kUncountable;
  }
}

int64_t units_of(const Dimension& d) {
  if (d.kind != DimensionKind::kPattern) return 1;
  return d.longest + (d.longest > d.shortest);
}

Gene gene_at(const Dimension& d, int64_t index) {
  if (d.kind == DimensionKind::kPattern) return pattern_at(d, index);
  return {.active = true, .index = index};
}

bool in_range(const Dimension& d, const Gene& gene) {
  if (d.kind == DimensionKind::kFloat || d.kind == DimensionKind::kLog)
    return gene.real >= d.low && gene.real <= d.high;
  if (d.kind != DimensionKind::kPattern) return gene.index >= 0 && gene.index < count_of(d);
  const auto length = int64_t(gene.letters.size());
  return length >= d.shortest && length <= d.longest &&
         gene.letters.find_first_not_of(d.letters) == std::string::npos;
}

Gene gene_from_units(const Dimension& d, std::span<const double> units) {
  if (is_ordered(d)) return gene_of_unit(d, units[0]);
  if (d.kind == DimensionKind::kChoices)
    return {.active = true, .index = below(units[0], int64_t(d.choices.size()))};
  const bool varies = d.longest > d.shortest;
  const int64_t length =
      varies ? d.shortest + below(units[0], d.longest - d.shortest + 1) : d.shortest;
  Gene gene{.active = true};
  for (int64_t i = 0; i < length; ++i)
    gene.letters += d.letters[size_t(below(units[size_t(i + varies)], int64_t(d.letters.size())))];
  return gene;
}

Gene draw_gene(const Dimension& d, Random& random) {
  std::vector<double> units(size_t(units_of(d)));
  for (double& u : units) u = random.uniform();
  return gene_from_units(d, units);
}

double unit_of(const Dimension& d, const Gene& gene) {
  if (d.kind == DimensionKind::kInt) return (double(gene.index) + 0.5) / double(d.count);
  if (d.kind == DimensionKind::kLog) return std::log(gene.real / d.low) / std::log(d.high / d.low);
  return (gene.real - d.low) / (d.high - d.low);
}

Gene gene_of_unit(const Dimension& d, double unit) {
  if (d.kind == DimensionKind::kInt) return {.active = true, .index = below(unit, d.count)};
  const double x = d.kind == DimensionKind::kLog ? d.low * std::pow(d.high / d.low, unit)
                                                 : d.low + unit * (d.high - d.low);
  return {.active = true, .real = std::clamp(x, d.low, d.high)};
}

std::string text_of(const Dimension& d, const Gene& gene) {
  switch (d.kind) {
    case DimensionKind::kChoices:
      return d.labels[size_t(gene.index)];
    case DimensionKind::kInt:
      return str(d.first + gene.index * d.step);
    case DimensionKind::kPattern:
      return gene.letters;
    default:
      return str(gene.real);
  }
}

ArgValue value_of(const Dimension& d, const Gene& gene) {
  if (d.kind == DimensionKind::kInt) return d.first + gene.index * d.step;
  if (d.kind == DimensionKind::kPattern) return gene.letters;
  if (d.kind != DimensionKind::kChoices) return gene.real;
  const Yaml& choice = d.choices[size_t(gene.index)];
  if (!choice.is_scalar() || choice.text.find('$') != std::string::npos)
    return d.labels[size_t(gene.index)];
  return evaluate(choice, {});
}

Yaml yaml_of(const Dimension& d, const Gene& gene) {
  if (d.kind == DimensionKind::kChoices) return d.choices[size_t(gene.index)];
  Yaml out;
  out.kind = Yaml::kScalar;
  out.mark = d.mark;
  out.text = text_of(d, gene);
  out.quoted = d.kind == DimensionKind::kPattern;
  return out;
}
}  // namespace cambium
