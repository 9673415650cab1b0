// Own loss: what the data itself loses, where it knows that, beside the floor that each law finds.
#pragma once
#include "search/ladder/ladder_plan.h"
#include "search/laws/answers/scale.h"

namespace cambium {
// The floor E of one variant's law.
struct FoundFloor {
  std::string variant;
  std::optional<Spanned> floor;  // none where parameters are withheld

  bool holds(double loss) const {
    return floor && floor->interval.low <= loss && loss <= floor->interval.high;
  }

  // Half the width of the interval, as a share of the floor.
  double half_width() const {
    return floor ? (floor->interval.high - floor->interval.low) / 2 / floor->value : 0;
  }
};

// One a law; empty where the data knows no loss of its own or the law has no floor.
std::vector<FoundFloor> floors_beside(const LadderPlan& plan, const ScaleAnswer& laws);
}  // namespace cambium
