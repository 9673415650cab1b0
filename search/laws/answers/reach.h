// How far a law may be extrapolated: how far it has been tried on its own runs, and how far its
// interval stays narrow.
#pragma once
#include <string>

#include "search/laws/fit/interval.h"

namespace cambium {
constexpr double kNarrow = 0.01;  // half a curve's interval, of the answer

struct Reach {
  // Fitted to runs up to `from` of the law's first quantity it foretold those up to `to`, `inside`
  // of `runs` in their intervals of a run, none wider than 5 % to a side: the widest split of those
  // that foretold nine in ten, else that which foretold the most. 0 runs: no split leaves runs
  // enough.
  double from = 0, to = 0;
  size_t runs = 0, inside = 0;
  // Every quantity of the largest run this many times, the curve's interval is still narrower than
  // kNarrow; 0: it is not even there.
  double narrow = 0;

  bool foretold() const { return runs > 0 && 10 * inside >= 9 * runs; }

  // It was tried and foretold too few.
  bool failed() const { return runs > 0 && !foretold(); }
};

// A law of the loss and a form that fails have none: nothing is told beyond their runs.
Reach reach_of(const LawFit& fit);
// In words; empty for a law of the loss.
std::string reach_text(const LawFit& fit, const Reach& reach);
}  // namespace cambium
