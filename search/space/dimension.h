// Dimension: one value that a search varies, and Gene: what it is in one point.
#pragma once
#include <optional>
#include <span>

#include "core/rng.h"
#include "core/yaml/expr.h"
#include "search/space/condition.h"

namespace cambium {
enum class DimensionKind { kChoices, kInt, kFloat, kLog, kPattern };

struct Dimension {
  std::string name;  // a path in the spec, such as vars.heads, or a name of the study's own
  Mark mark;
  DimensionKind kind = DimensionKind::kChoices;
  std::vector<Yaml> choices;           // kChoices: any YAML
  std::vector<std::string> labels;     // one a choice, all different
  int64_t first = 0, step = 1;         // kInt: first + i * step
  int64_t count = 0;                   // kInt: how many
  double low = 0, high = 0;            // kFloat, kLog
  std::string letters;                 // kPattern: those it may use, all different
  int64_t shortest = 0, longest = 0;   // kPattern, in letters
  std::optional<Condition> when = {};  // it has a value only where this holds

  // "heads" of vars.heads: how expressions call it.
  std::string_view short_name() const { return std::string_view(name).substr(name.rfind('.') + 1); }
};

// The value of one dimension: members that its kind does not use stay as they are here.
struct Gene {
  bool active = false;
  int64_t index = 0;    // kChoices, kInt
  double real = 0;      // kFloat, kLog
  std::string letters;  // kPattern

  bool operator==(const Gene&) const = default;
};

constexpr int64_t kUncountable = int64_t(1) << 62;  // as a number of values: this or more

bool is_ordered(const Dimension& d);              // numbers
int64_t count_of(const Dimension& d);             // kUncountable for real numbers
int64_t units_of(const Dimension& d);             // numbers in [0, 1) that gene_from_units takes
Gene gene_at(const Dimension& d, int64_t index);  // 0 <= index < count_of(d) < kUncountable

bool in_range(const Dimension& d, const Gene& gene);  // of an active gene

// Uniform from uniform numbers: of a choice, a number or its logarithm; a pattern's length first,
// then each letter.
Gene gene_from_units(const Dimension& d, std::span<const double> units);
Gene draw_gene(const Dimension& d, Random& random);

// Where a number lies in its range or logarithmic range, 0 to 1, and back.
double unit_of(const Dimension& d, const Gene& gene);
Gene gene_of_unit(const Dimension& d, double unit);

// Of an active gene.
std::string text_of(const Dimension& d, const Gene& gene);
ArgValue value_of(const Dimension& d, const Gene& gene);
Yaml yaml_of(const Dimension& d, const Gene& gene);  // its place is the dimension's
}  // namespace cambium
