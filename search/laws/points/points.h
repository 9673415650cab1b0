// Points of a scaling law from a CSV file: a run a line, named columns, raw counts (no units).
#pragma once
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "search/laws/law.h"

namespace cambium {
enum class PointRole { kParams, kTokens, kFlops, kLoss, kError, kUniqueTokens, kSeed, kGroup };
constexpr size_t kRoles = 8;
constexpr double kMostUneven = 2;  // the largest C / (N D) over the least
std::string_view role_name(PointRole r);

struct ScalingPoint {
  LawInput at;                 // what the file says or what follows from it
  double error = 0;            // of a task; NaN without the column
  double unique = 0;           // tokens; NaN without the column
  std::vector<double> counts;  // of parameters by PointTable::counts; NaN: none
  std::string seed, group;
  Mark mark;  // of its line
};

// How training FLOPs, parameters and tokens of the points belong together.
enum class FlopsFrom { kNothing, kSixNd, kFile };

struct PointTable {
  std::string file;
  std::vector<ScalingPoint> points;
  std::array<std::string, kRoles> columns;  // their names in the file; empty: none
  std::array<Mark, kRoles> marks;           // of the names
  // Columns that count parameters otherwise: those named params_..., but for that of the role.
  std::vector<std::string> counts;
  FlopsFrom flops = FlopsFrom::kNothing;
  bool tokens_follow = false;  // tokens were worked out as flops / (6 params)
  double flops_per_nd = 6;     // the median of C / (N D); 6 unless the file says otherwise
  double least_per_nd = 6, most_per_nd = 6;  // its ends in the group where they lie farthest apart

  // Whether FLOPs are no fixed multiple of N D there, so that compute cannot be divided.
  bool flops_contradict() const { return most_per_nd > kMostUneven * least_per_nd; }

  bool has(PointRole r) const { return !columns[size_t(r)].empty(); }
};

struct PointChoice {
  std::vector<std::string> columns;  // "params=N,tokens=D": the role, then the file's name
  std::vector<std::string> where;    // "kept=1": only lines whose cell is that text
};

// UserErrors with every bad line: a missing column, a cell that is no finite positive number, lines
// of other lengths, a column or a run that stands twice. At most 1,000,000 lines and 64 MB.
PointTable read_points(const std::string& path, const PointChoice& choice);
// The same of text, for errors under this file name.
PointTable parse_points(std::string_view text, const std::string& file, const PointChoice& choice);
}  // namespace cambium
