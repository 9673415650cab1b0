// Rungs: which trials of a search are trained on after a first, short piece of their training, and
// in which order pieces begin. A bracket is trials that are compared with one another at each rung;
// one after the other is filled.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace cambium {
struct Bracket {
  int64_t first = 0;   // rung at which its trials are compared first
  int64_t trials = 1;  // that begin
};

// What a method (search/rungs/support/rung_method.h) makes of its options.
struct RungPlan {
  // Shares of a whole training at which results are compared, rising; the last is 1. A training is
  // its budget, in the budget's own unit: rungs are equal in that for all trials.
  std::vector<double> shares;
  double keep = 1.0 / 3;     // of a rung's trials go on
  bool whole_rungs = false;  // a rung's best go on when all of the rung have ended, at least one
  std::vector<Bracket> brackets;

  int64_t trials() const;  // of all brackets
};

// Pieces that are trained at most, where none fails.
int64_t most_pieces(const RungPlan& plan);

// Virtual workers. Decisions follow a clock on which a trial lasts what it is planned to cost, so
// they depend on no real time; as many pieces may really run side by side.
struct RungClock {
  int64_t lag = 8;
  std::function<double(int64_t trial)> cost = {};  // of a whole training; 1 unless told
};

class Rungs {
 public:
  // InternalError for a plan that no method makes.
  explicit Rungs(RungPlan plan, RungClock clock = {});

  struct Next {
    enum Kind { kPiece, kLater, kFinished } kind;  // kLater: tell() a running piece first

    int64_t trial = 0, rung = 0;  // kPiece: train this trial up to plan().shares[rung]
  };

  // Pieces in the order of the virtual clock: the same whenever results arrive. Trials are numbered
  // as they begin; a new one's number is trials().
  Next next();
  void tell(int64_t trial, int64_t rung, double loss);  // NaN: failed, never goes on

  const RungPlan& plan() const { return plan_; }

  int64_t trials() const { return int64_t(trials_.size()); }  // that have begun

  double cost() const { return cost_; }  // of all pieces so far, in whole trainings of cost 1

  int64_t rung_of(int64_t trial) const { return trials_[size_t(trial)].rung; }  // last begun

  int64_t bracket_of(int64_t trial) const { return trials_[size_t(trial)].bracket; }

  // At each rung; none: not told, or its bracket begins later.
  const std::vector<std::optional<double>>& losses_of(int64_t trial) const {
    return trials_[size_t(trial)].losses;
  }

 private:
  struct Running {
    double end;
    int64_t order, trial, rung;
  };

  struct Ended {
    int64_t trial;
    double loss;
    bool went_on = false;
  };

  struct Trial {
    int64_t bracket, rung;
    std::vector<std::optional<double>> losses;
  };

  struct Level {               // one rung of one bracket
    std::vector<Ended> ended;  // by virtual end
    int64_t begun = 0;         // trials
  };

  RungPlan plan_;
  RungClock clock_;
  std::vector<Running> running_;
  std::vector<Trial> trials_;
  std::vector<std::vector<Level>> levels_;  // a bracket, by rung
  double now_ = 0, cost_ = 0;
  int64_t pieces_ = 0;

  std::optional<Next> decide();
  std::optional<Next> go_on(size_t bracket);
  Next begin(size_t bracket, int64_t trial, int64_t rung);
  std::vector<size_t> best_of(const Level& level) const;  // places in ended: who may go on
  bool whole(size_t bracket, size_t rung) const;          // nobody comes any more, all have ended
};

// The step of a training of `steps` at which a rung stands: at least 1.
int64_t step_at(double share, int64_t steps);
}  // namespace cambium
