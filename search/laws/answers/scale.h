// What a file of points answers: the law of each group, where compute is best put, and what the
// law says of runs that it did not see.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "search/laws/answers/crossing.h"
#include "search/laws/answers/isoflop.h"
#include "search/laws/answers/reach.h"
#include "search/laws/fit/identify.h"
#include "search/laws/fit/interval.h"
#include "search/laws/points/points.h"

namespace cambium {
struct ScaleSettings {
  std::string law;  // empty: chinchilla where the columns allow, else the one they do
  std::optional<FitObjective> objective;  // none: least squares where runs repeat, else Huber's sum
  bool hold_out_largest = false;
  int draws = 200;  // of the bootstrap
};

// A number with its interval: profile likelihood for least squares, the bootstrap under Huber's
// sum.
struct Spanned {
  double value = 0;
  Interval interval = {0, 0}, delta = {0, 0}, bootstrap = {0, 0};
};

struct Allocation {  // of the compute a run takes
  double flops = 0;
  Spanned params, tokens, tokens_per_param;
  Prediction loss;
};

struct HeldOut {  // one configuration that the fit did not see
  LawInput at;
  size_t runs = 0;
  double measured = 0;  // mean of its runs
  Prediction foretold;
  size_t inside = 0;  // of its runs, in the interval of a run

  double error() const { return foretold.value / measured - 1; }
};

// Exponents of N*(C) and D*(C) as one way finds them.
struct CountedExponents {
  std::string way;      // "law" or "isoFLOP"
  std::string counted;  // the column that counts parameters; empty: that of the role
  std::optional<Located> params, tokens;
  std::string none;  // why there are none
  // Of a law: its exponents of N and of D, and that by which FLOPs of a token grow with N, which is
  // 1 where compute is a multiple of N D.
  std::optional<Located> of_params = {}, of_tokens = {};
  double power = 0;
};

struct GroupAnswer {
  std::string name;                  // empty: the file has no groups
  std::optional<UserError> failure;  // why it has no law; then nothing below is filled
  LawFit fit;
  std::vector<Theta> resampled;  // of the bootstrap
  std::vector<Spanned> parameters;
  // Sentences, empty when there is nothing to say: what the law ignores although it varies; why
  // neither parameters nor an allocation are told; why no allocation is.
  std::string ignored, untold, no_allocation;
  double flops_per_nd = 6;        // of the group: the median of C / (N D)
  bool flops_contradict = false;  // C is no fixed multiple of N D
  std::optional<PowerLine> line;  // what tokens follow parameters by, where they vary together
  // Exponents of N*(C) and D*(C); none where the law does not divide compute or its form fails.
  std::optional<Spanned> params_exponent, tokens_exponent;
  std::vector<Allocation> allocations;  // at 1, 10 and 100 times the largest compute of the file
  IsoFlop isoflop;                      // no curves: compute is not shared by enough sizes
  std::vector<CountedExponents> exponents;  // side by side; empty: there is but one way
  Reach reach;
  std::vector<HeldOut> held_out;
  size_t off_line = 0;     // runs held out that are not foretold: off the line of the others
  double most_passes = 0;  // tokens over unique tokens; 0: not known
};

struct ScaleAnswer {
  PointTable table;
  const Law* law = nullptr;
  std::vector<GroupAnswer> groups;
  std::vector<GroupComparison> comparisons;  // every two groups that have laws
};

// UserErrors, placed at the column's name, when no group can be fitted: too few points or sizes, or
// losses that follow nothing.
ScaleAnswer scale_points(PointTable table, const ScaleSettings& settings);

// The interval of each kind of g; of its exponential when `logarithm`.
Spanned spanned(const LawFit& fit, const std::vector<Theta>& resampled, const ThetaFunction& g,
                bool logarithm);
}  // namespace cambium
