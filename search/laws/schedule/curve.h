// Loss curves of whole trainings with the learning rates they ran under, from a CSV file.
#pragma once
#include <string>
#include <vector>

#include "core/error.h"

namespace cambium {
// Steps that follow one another, in which the rate falls (or rises) together.
struct RateChange {
  double fall;    // of the rate, over all of them; negative: it rises
  double rate;    // after it, the mean weighed by the falls
  double before;  // the sum of rates before it, likewise
  double step;    // the last of them
};

// What is asked of a training: the loss at each of some steps, all of them after warm-up.
struct ScheduleCurve {
  std::string name;
  std::vector<double> steps, rates, losses;  // losses: NaN where none was measured
  std::vector<double> sums;                  // of the rates of steps 1 .. steps[i]
  std::vector<RateChange> changes;           // after warm-up, in their order
  Mark mark;                                 // of its first line

  bool measured() const;  // any loss
};

struct CurveRow {
  double step, rate, loss;  // loss: NaN where none was measured
};

struct RawCurve {
  std::string name;
  std::vector<CurveRow> rows;  // not empty, their steps rise
  Mark mark;
};

// What the rates of the rows come to, with a warm-up of so many steps.
ScheduleCurve curve_of(const RawCurve& raw, double warmup);

struct CurveChoice {
  std::vector<std::string> columns;  // "step=iteration,lr=rate": the role, then the file's name
  int64_t warmup = 0;                // steps
};

// Columns step, lr, loss and, where there are several trainings, curve. Between lines rates are
// taken to change linearly; before the first they rise from 0 over `warmup` steps and then stay. A
// line without a loss says the rate alone: two of them make a jump, and a curve of nothing else is
// foretold. Losses of the warm-up are left out. UserErrors with every bad line: a cell that is no
// number, a step that is no whole number or not after the one before, a rate below zero, a loss
// that is not above; at most 1,000,000 lines, 64 MB and 20 million steps.
std::vector<ScheduleCurve> read_curves(const std::string& path, const CurveChoice& choice);
std::vector<ScheduleCurve> parse_curves(std::string_view text, const std::string& file,
                                        const CurveChoice& choice);
}  // namespace cambium
