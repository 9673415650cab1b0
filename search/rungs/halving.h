// Halving: which trials are trained on after a first, short piece of their training. Successive
// halving when it waits for each rung to fill, ASHA when it does not.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace cambium {
struct HalvingSettings {
  // Shares of a whole training at which results are compared, rising; the last is 1.
  std::vector<double> rungs = {1.0 / 9, 1.0 / 3, 1};
  double keep = 1.0 / 3;  // of a rung's trials go on
  int64_t trials = 1;     // that begin
  // Virtual workers. Decisions follow a clock on which a trial lasts what it is planned to cost, so
  // they depend on no real time; as many pieces may really run side by side.
  int64_t lag = 8;
  bool whole_rungs = false;  // a rung's best go on when all of the rung have ended
  std::function<double(int64_t trial)> cost = {};  // of a whole training; 1 unless told
};

class Halving {
 public:
  // UserError for rungs that do not rise to 1 or a share to keep outside (0, 1).
  explicit Halving(HalvingSettings settings);

  struct Next {
    enum Kind { kPiece, kLater, kFinished } kind;  // kLater: tell() a running piece first

    int64_t trial = 0, rung = 0;  // kPiece: train this trial up to this rung
  };

  // Pieces in the order of the virtual clock: the same whenever results arrive.
  Next next();
  void tell(int64_t trial, int64_t rung, double loss);  // NaN: failed, never goes on

  double cost() const { return cost_; }  // of all pieces so far, in whole trainings of cost 1

  int64_t rung_of(int64_t trial) const { return reached_[size_t(trial)]; }  // last begun

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

  HalvingSettings settings_;
  std::vector<Running> running_;
  std::vector<std::vector<Ended>> ended_;                 // a rung, by virtual end
  std::vector<std::vector<std::optional<double>>> told_;  // a rung, by trial
  std::vector<int64_t> begun_;                            // a rung: how many
  std::vector<int64_t> reached_;
  double now_ = 0, cost_ = 0;
  int64_t pieces_ = 0;

  std::optional<Next> decide();
  Next begin(int64_t trial, int64_t rung);
  std::vector<size_t> best_of(size_t rung) const;  // places in ended_: who may go on
  bool whole(size_t rung) const;                   // nobody comes to it any more, all have ended
};
}  // namespace cambium
