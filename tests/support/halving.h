// Halving: the rungs of one bracket, for who has settings and no method's options.
#pragma once
#include "search/rungs/support/rungs.h"

namespace cambium {
struct HalvingSettings {
  std::vector<double> rungs = {1.0 / 9, 1.0 / 3, 1};  // RungPlan::shares
  double keep = 1.0 / 3;
  int64_t trials = 1;  // that begin
  int64_t lag = 8;     // RungClock::lag
  bool whole_rungs = false;
  std::function<double(int64_t trial)> cost = {};
};

class Halving : public Rungs {
 public:
  // InternalError for rungs that do not rise to 1 or a share to keep outside (0, 1).
  explicit Halving(HalvingSettings s)
      : Rungs(plan_of_bracket(s), {.lag = s.lag, .cost = std::move(s.cost)}) {}

 private:
  static RungPlan plan_of_bracket(const HalvingSettings& s) {
    return {.shares = s.rungs,
            .keep = s.keep,
            .whole_rungs = s.whole_rungs,
            .brackets = {{.first = 0, .trials = s.trials}}};
  }
};
}  // namespace cambium
