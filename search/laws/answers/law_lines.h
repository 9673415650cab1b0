// What a law says along lines, for pictures: the curve, its interval, and that of a run.
#pragma once
#include <optional>

#include "core/text/json_forward.h"
#include "search/laws/answers/scale.h"

namespace cambium {
struct LawLine {
  // What stays fixed along the line: nothing (a law of one quantity), tokens, FLOPs, tokens per
  // parameter; what ties tokens to parameters; or the best split of each compute.
  enum class Fixed { kNothing, kTokens, kTokensPerParam, kTied, kBestSplit };
  Fixed fixed = Fixed::kNothing;
  double at = 0;  // the fixed value; 0: none
  std::vector<LawInput> inputs;
  std::vector<Prediction> said;  // intervals by the delta method
};

struct AllocationLine {  // over compute, from the least of the runs to the most that is answered
  std::vector<double> flops;
  std::vector<Spanned> params, tokens;
};

// A few lines through the runs of a group: at tokens per parameter, or else numbers of tokens, that
// the runs share, or between them; beyond the runs and those held out only where the form holds.
// Where compute can be divided, its best split too. Nothing of a group without a law.
std::vector<LawLine> law_lines(const GroupAnswer& g, const PointTable& t);
std::optional<AllocationLine> allocation_line(const GroupAnswer& g, const PointTable& t);

// How far 95 % of runs stray from the curve, of the logarithm.
double run_reach(const LawFit& f);

Json law_lines_json(const std::vector<LawLine>& lines);
Json allocation_line_json(const AllocationLine& line);
}  // namespace cambium
