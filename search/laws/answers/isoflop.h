// isoFLOP curves (approach 2 of Hoffmann et al. 2022, arXiv 2203.15556): at each compute the size
// whose loss is least, and how it grows with compute.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "search/laws/fit/fit.h"
#include "search/verdict/stats.h"

namespace cambium {
constexpr double kSameFlops = 1.1;   // compute of one curve: the most over the least
constexpr size_t kFewestSizes = 5;   // of a curve: a parabola and two degrees of freedom
constexpr size_t kFewestMinima = 3;  // for an exponent and its interval

struct Located {
  double value = 0;
  Interval interval = {0, 0};  // 95 %
};

struct IsoFlopCurve {
  double flops = 0;  // the middle of its runs
  size_t runs = 0, sizes = 0;
  // Where the loss is least. Empty: the parabola of the log loss in the logarithm has no minimum
  // whose interval (Fieller 1954) lies within the sizes that were tried; `none` says why.
  std::optional<Located> params, tokens;
  double loss = 0;  // there
  std::string none;
};

struct IsoFlop {
  std::vector<IsoFlopCurve> curves;  // by compute; empty: fewer than kFewestSizes share one
  // Of N* ~ C^x and D* ~ C^x, by least squares weighed by the intervals. Empty with fewer minima
  // than kFewestMinima.
  std::optional<Located> params_exponent, tokens_exponent;
};

// Of runs that hold params, tokens and flops. Curves are the sets of most sizes whose compute lies
// within kSameFlops, the largest set first taken.
IsoFlop isoflop_of(const std::vector<LawRun>& runs);
}  // namespace cambium
