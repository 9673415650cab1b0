// Arm: the trials by which a study chooses one thing: the settings of one variant, or a structure.
// A method proposes the points; each is trained whole, or rung by rung, where every piece is a
// trial of the store and all pieces of a point share a run folder.
#pragma once
#include <set>

#include "search/methods/support/proposer.h"
#include "search/rungs/support/rungs.h"
#include "search/store/trial_store.h"

namespace cambium {
struct ArmSettings {
  std::string name;  // Trial::arm
  const Space* space = nullptr;
  // Method, options, seed and key. The lag is that of this arm's own points.
  ProposerSettings proposer = {};
  int64_t points = 1;                  // that are tried
  std::optional<RungPlan> rungs = {};  // of as many trials; none: each is trained whole at once
  // Trainings that are a point's together, as one on each task: each of its pieces is so many
  // trials, which go on or do not go on together.
  int64_t parts = 1;
  // What is trained at a point, `parts` trials: spec, key, seed, steps, cost, memory and folder of
  // the whole training; or refused, with its reason. Steps are a multiple of what the rungs divide
  // them by.
  std::function<std::vector<Trial>(const SpacePoint& point, int64_t index)> plan = {};
  // What the ended trials of a piece gave, in the order of the plan. Not asked where one of them
  // failed: then the point has.
  std::function<TrialOutcome(std::span<const Trial>)> outcome = {};
};

// One row of an arm, as its trial's origin says: {"point": 3, "method": "sobol", "part": 1}.
int64_t point_index(const Trial& t);
int64_t part_index(const Trial& t);  // 0 where points have one part

class Arm {
 public:
  explicit Arm(ArmSettings settings);
  Arm(const Arm&) = delete;
  Arm& operator=(const Arm&) = delete;

  enum class Next { kTrial, kLater, kFinished };

  // The next piece, the same at every call with the same history. The method knows what points gave
  // at their first rung, which all of a bracket reach, and of brackets whose first is the same:
  // results of shorter and of longer pieces do not compare.
  Next next(const TrialHistory& history);

  const Trial& trial() const { return decided_->trial; }  // after kTrial

  bool exhausted() const { return exhausted_; }  // the space has no more points

  int64_t points() const { return proposer_.size(); }

 private:
  struct Piece {
    int64_t point = 0, rung = 0, part = 0;

    bool operator==(const Piece&) const = default;
  };

  struct Decided {
    Piece piece;
    Trial trial;
  };

  void catch_up(const TrialHistory& history);
  void take_over(const Trial& row, const TrialHistory& history);
  void hear(const TrialHistory& history);
  void tell(const Piece& piece, std::span<const Trial> parts);
  void settle(const Trial& row, const Piece& piece);
  Next decide_piece();
  Trial make(const Piece& piece);
  void give_up_point(const Piece& piece);
  int64_t first_rung(int64_t point) const;
  ProposerSettings proposer_settings() const;

  ArmSettings settings_;
  Proposer proposer_;
  std::optional<Rungs> rungs_;
  int64_t begun_ = 0;          // without rungs: points so far
  std::optional<Piece> rest_;  // the next part of what was proposed last
  std::optional<Piece> held_;  // chosen, and not proposed yet
  std::optional<Decided> decided_;
  bool exhausted_ = false;
  int64_t seen_ = 0;                  // rows of the store
  std::map<int64_t, Piece> unheard_;  // rows of this arm whose end is not told yet
  // Parts that have ended, of pieces of which not all have: by point and rung.
  std::map<std::pair<int64_t, int64_t>, std::vector<Trial>> heard_;
  std::map<int64_t, std::vector<Trial>> whole_;  // planned, by point
};

// Arms by turns, a piece each, in the order given; then nothing.
ProposeTrial by_turns(std::vector<std::shared_ptr<Arm>> arms);
}  // namespace cambium
