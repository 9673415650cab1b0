// Where the laws of two groups cross, or that it cannot be told.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "search/laws/fit/interval.h"

namespace cambium {
// A law along one quantity: the logarithm of its answer by that of x.
struct LawAlong {
  const LawFit* fit = nullptr;
  std::function<double(std::span<const double> theta, double log_x)> log_answer;
};

enum class BetterLaw { kNeither, kFirst, kSecond };  // whose answer is lower

struct ComparedStretch {
  Interval x;
  BetterLaw better;
};

struct LawCrossing {
  double x;
  Interval interval;  // of x
  BetterLaw below;    // who is better before it
};

// Stretches are told by a band that holds the difference everywhere at once at `level` (the largest
// deviation of draws from both fits, with noise estimated as theirs is), so that all of them are
// right together. A crossing is told where one is better before and the other after it; its
// interval holds every x between at which the difference by itself cannot be told from zero
// (Fieller 1954).
struct CrossedLaws {
  std::vector<ComparedStretch> stretches;  // all of the range, in its order
  std::vector<LawCrossing> crossings;
};

// A function of its arguments: draws have a fixed seed. `range` of x above zero.
CrossedLaws cross_laws(const LawAlong& first, const LawAlong& second, Interval range,
                       double level = kLawLevel);

// Two groups of a file, compared.
struct GroupComparison {
  std::string first, second;
  Quantity x = kFlops;
  std::string along;  // "each at its best division of compute"; empty: the law has one quantity
  Interval range = {0, 0};  // of x that was looked at
  double measured = 0;      // where runs of both end
  CrossedLaws answer;
  std::string cannot;  // why they are not compared; empty: they are
};

// In words, one sentence or two.
std::string comparison_text(const GroupComparison& c);
}  // namespace cambium
