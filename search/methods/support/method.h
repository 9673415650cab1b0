// Method: how the next point of a search is chosen; one file in search/methods/ defines one.
// What it proposes is a function of the space, its options, the seed, and the trials before: never
// of the clock or of how many workers there are.
#pragma once
#include <optional>
#include <span>
#include <string_view>

#include "core/fields.h"
#include "search/space/space.h"

namespace cambium {
struct TrialOutcome {
  std::vector<double> losses;  // one an objective; less is better
  double violation = 0;        // of what a result must fulfil; 0 when it does
  bool failed = false;         // no losses: NaN, out of memory, refused
};

struct PastTrial {
  SpacePoint point;
  std::string key;                      // equal keys: the same trial
  std::optional<TrialOutcome> outcome;  // none: still running, or too young to be looked at
};

struct ProposalInputs {
  const Space& space;
  const Attrs& options;
  uint64_t seed = 0;
  int64_t trial = 0;    // the number of the one to propose
  int64_t attempt = 0;  // how many proposals of this trial were refused, being tried already
  // Trials before it, the oldest first: all, or those whose outcomes compare with one another.
  std::span<const PastTrial> history;
  std::function<bool(const SpacePoint&)> fresh;  // valid and not tried yet
  // Where a method says which trials of the history it made its proposal from; null: nobody asks.
  std::vector<int64_t>* parents = nullptr;

  void made_from(std::initializer_list<size_t> trials) const {
    if (parents) parents->assign(trials.begin(), trials.end());
  }
};

// Random numbers of trial t's attempt alone.
Random random_of(const ProposalInputs& in);

struct Method {
  std::string_view name, doc, paper;
  FieldSet attrs = {};
  // A valid point, or one that was tried before, which is refused: then it is asked again. None:
  // it has no more.
  std::optional<SpacePoint> (*propose)(const ProposalInputs& in) = nullptr;
  // UserError for a space that it cannot search or options that contradict; null: none.
  void (*check)(const Attrs& options, const Space& space) = nullptr;
  bool many_objectives = false;  // else the first alone decides
  // How many of its first trials are uniform draws, which tell what chance finds; null: none.
  int64_t (*draws)(const Attrs& options) = nullptr;
};

std::span<const Method* const> builtin_methods();

// UserError at `mark` with the nearest names.
const Method& find_method(std::string_view name, const Mark& mark);

// The trials whose outcome is known, failed ones last: their indices from best to worst by
// violation, then by the first loss, then by age.
std::vector<size_t> ranked(std::span<const PastTrial> history);

// The same by fronts and the room in them where there are several objectives.
std::vector<size_t> best_first(std::span<const PastTrial> history);
}  // namespace cambium
