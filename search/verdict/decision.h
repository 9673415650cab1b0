// Decision: from the outcomes of a study's runs to what may be said of each variant against the
// baseline. Every claim of a table, a report or a page comes from here, and bench/statistics
// measures how often such claims are false (docs/statistics.md).
//
// A difference takes at least 3 seeds that both finished, and a p below what this look allows it:
// alpha after Holm's correction over the variants, or Levels::difference. That p is the largest of
//   - the paired t test, whose variance has a floor: the rounding of a share of m test examples;
//   - the exact sign-flip test; where n seeds cannot bring it below alpha (at 5 % fewer than 6),
//   its
//     p is no more than advice, and all must agree in sign;
//   - where n seeds cannot rank one variant's outcomes apart from another's by chance below alpha
//     either (3 and 4 seeds of several variants), the same t with the spread of all variants:
//     outcomes in two groups, as of a task that is learned or not, look equal in a few seeds;
//   - for a share, what another test set of that size could do to the difference.
//
// Equivalence within the least effect takes 5 seeds and the same checks of both "the difference is
// least_effect or more" and "it is -least_effect or less" (two one-sided tests: Schuirmann 1987,
// J. Pharmacokinetics and Biopharmaceutics 15:657). A true difference makes at most one of the two
// kinds of claims false, so that both share a comparison's part of alpha.
#pragma once
#include <string>

#include "search/verdict/stats.h"

namespace cambium {
struct SeedOutcome {
  enum State { kPending, kFailed, kDone } state = kPending;  // pending: waiting, running, stopped

  double value = 0;      // kDone
  uint64_t numbers = 0;  // a hash of all that its evaluations measured; 0: not known
};

// The p that a claim of one comparison takes at one look.
struct Levels {
  double difference = 0;   // two-sided; 0: alpha after Holm's correction, nothing else is claimed
  double equivalence = 0;  // of each of the two one-sided tests; 0: is not claimed
  double interval = 0.05;  // what intervals of differences leave out

  bool operator==(const Levels&) const = default;
};

struct Evidence {
  std::vector<std::vector<SeedOutcome>> variants;  // each in the study's order of seeds
  size_t baseline = 0;
  bool maximize = false;
  double alpha = 0.05;       // for this look (search/verdict/looks.h)
  double next_alpha = 0.05;  // for a look with more seeds
  double least_effect = 0;   // the smallest difference that matters; 0: none is named
  double overlap = 0;  // of outcomes on parts of one data set: mean_error, search/verdict/stats.h
  int64_t test_examples = 0;  // behind every outcome, when that is a share of them; 0: it is none
  // Of each variant, whether it is known to see its answers (train/run/floor_watch.h); empty: none
  // is.
  std::vector<bool> sees_answers = {};
  Levels levels = {};               // levels_of, for `alpha` and `looks`
  std::vector<int64_t> looks = {};  // planned: numbers of seeds; empty: one look, at all of them

  bool is_honest(size_t variant) const {
    return variant >= sees_answers.size() || !sees_answers[variant];
  }
};

enum class Claim { kBaseline, kBetter, kWorse, kCannotTell, kEquivalent };

// Why nothing is claimed.
enum class Hindrance {
  kNone,
  kRunsToGo,       // runs of the two have not ended
  kFewSeeds,       // fewer than kLeastSeeds finished in both
  kFailures,       // the one that is ahead failed where the other did not
  kNoSpread,       // seeds differ in nothing: what they would do is not known
  kNoise,          // differences vary too much between seeds for their mean
  kSigns,          // seeds do not agree on who is better
  kOtherVariants,  // the spread of the other variants' seeds does not allow it with so few seeds
  kGroups,         // so few seeds of two groups of outcomes would agree by luck too often
  kTestSet,        // too few test examples apart
  kSeesAnswers,    // one of the two does, so that its numbers are no achievement
  kIdentical       // every number of the one is the other's: what is trained does not differ
};

inline constexpr int64_t kLeastSeeds = 3;
// Fewer show nothing of a population's shape, on which an interval rests.
inline constexpr int64_t kIntervalSeeds = 5;
inline constexpr double kPower = 0.8;  // what a number of seeds is worked out for

struct Decision {
  Claim claim = Claim::kCannotTell;
  Hindrance hindrance = Hindrance::kFewSeeds;
  int64_t pairs = 0;                           // seeds that both finished
  int64_t failed = 0, baseline_failed = 0;     // runs of each that ended in an error
  std::optional<PairedDifference> difference;  // from kLeastSeeds pairs on; floored deviation
  double p_value = 1;         // corrected: below the look's alpha it shows a difference
  double equivalence_p = 1;   // likewise, that the difference is within least_effect
  bool within = false;        // it is; with kBetter and kWorse too, where it is too small to matter
  int64_t decided_at = 0;     // seeds of the planned look at which the claim was made; 0: none
  double examples_apart = 0;  // |difference| in test examples; 0: no share

  // Whether the difference's interval may be shown; else its range is.
  bool has_interval() const { return difference && pairs >= kIntervalSeeds; }
};

// One a variant. With planned looks what was claimed at one of them stays claimed, and differences
// are those of all seeds.
std::vector<Decision> decide(const Evidence& evidence);

// For so many comparisons, whether a least effect is named, and planned looks. A least effect or
// looks give each comparison its own part of alpha (Bonferroni): one that was claimed to differ may
// still be falsely equivalent, or differ at a later look, and leaves nothing to the others.
Levels levels_of(double alpha, int64_t comparisons, bool equivalence,
                 std::span<const int64_t> looks);

// Whether more seeds would be of no use to any comparison: claimed, or hindered by what seeds do
// not change.
bool all_decided(std::span<const Decision> decisions);

// What more seeds would do, and what these could. A few seeds say little of the spread: everything
// is given for the lower and the upper end of the middle 80 % of what it may be.
struct Outlook {
  Interval effect_seen;  // true differences that as many seeds show with kPower
  // Seeds that show evidence.least_effect with kPower at the next look, after Holm's correction.
  // None: no such effect is named, or more than 10,000.
  std::optional<int64_t> seeds_low, seeds_high;
};

// None without a difference or where it has no spread.
std::optional<Outlook> outlook_of(const Decision& d, const Evidence& evidence);

// The mean's interval over seeds, for a normal population: t, its deviation no smaller than the
// rounding of a share of so many test examples. None below kIntervalSeeds or where nothing varies.
std::optional<Interval> mean_interval(std::span<const double> values, int64_t test_examples = 0,
                                      double overlap = 0);

// How far a share of that many independent test examples may be from the share of all possible
// ones: half the 95 % interval (binomial).
double test_set_half_width(double share, int64_t test_examples);
}  // namespace cambium
