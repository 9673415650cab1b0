// Proposer: the list of a search's trials. Trial t knows the outcomes of trials 0 to t - lag and
// the points of all before it, so the list is the same for any number of workers and after any
// interruption.
#pragma once
#include <unordered_set>

#include "search/methods/support/method.h"

namespace cambium {
struct ProposerSettings {
  const Method* method = nullptr;
  Attrs options = {};  // of the method
  uint64_t seed = 0;
  int64_t lag = 8;  // >= 1; trials that may run side by side
  // What makes two points the same trial; empty: Space::text.
  std::function<std::string(const SpacePoint&)> key = {};
  // Outcomes of trials of one group compare with one another and with no others, such as results of
  // pieces of one length: a trial is proposed from those of its own alone. Empty: all do.
  std::function<int64_t(int64_t trial)> group = {};
  // Spaces of at most so many points are looked through for what is left when draws find nothing
  // new any more; larger ones then end. For who has to build a point to know it: fewer.
  int64_t most_counted = 1'000'000;
};

class Proposer {
 public:
  // UserError for a space that the method cannot search.
  Proposer(const Space& space, ProposerSettings settings);

  struct Next {
    enum Kind { kTrial, kLater, kExhausted } kind;  // kLater: tell() trial size() - lag first

    int64_t trial = 0;  // kTrial: its number
  };

  Next next();
  // A trial that was proposed before an interruption, as the next one: what next() would answer, at
  // no cost. Its outcome is told as any other's.
  void restore(SpacePoint point, std::vector<int64_t> parents = {});
  void tell(int64_t trial, TrialOutcome outcome);  // once a trial, in any order

  int64_t size() const { return int64_t(trials_.size()); }

  const SpacePoint& point(int64_t trial) const { return trials_[size_t(trial)].point; }

  const std::string& key(int64_t trial) const { return trials_[size_t(trial)].key; }

  // The trials it was made from, as its method said when it was proposed here; else empty.
  const std::vector<int64_t>& parents(int64_t trial) const { return parents_[size_t(trial)]; }

  const std::optional<TrialOutcome>& outcome(int64_t t) const { return outcomes_[size_t(t)]; }

 private:
  const Space& space_;
  ProposerSettings settings_;
  std::vector<PastTrial> trials_;  // outcomes only where a proposal may look at them
  std::vector<std::optional<TrialOutcome>> outcomes_;
  std::vector<std::vector<int64_t>> parents_;
  std::unordered_set<std::string> keys_;
  int64_t revealed_ = 0;           // trials before it have their outcomes in trials_
  std::optional<bool> countable_;  // once it was asked

  std::string key_of(const SpacePoint& p) const;
  bool fresh(const SpacePoint& p) const;
  std::optional<SpacePoint> propose(std::vector<int64_t>& parents);
  std::vector<int64_t> comparable() const;  // trials before the next
  std::optional<SpacePoint> any_fresh();
  void add(SpacePoint point, std::vector<int64_t> parents);
};
}  // namespace cambium
