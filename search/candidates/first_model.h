// First model: a space of models is looked through until one is valid, before anything is trained.
#pragma once
#include <functional>

#include "search/candidates/candidate.h"

namespace cambium {
// How far a space is looked through. Small ones wholly; of larger ones so many draws that of spaces
// of which one draw in 10^4 is a model 95 % are found to hold one. Those are not worth a long wait:
// once `seconds` have passed the draws end, though not before `least` of them.
struct FirstModelLimits {
  int64_t least = 2000, most = 30'000;
  double seconds = 60;
};

// UserError when there is none: at the condition that refuses most, or at the space, with why the
// first was refused.
void require_a_model(const Space& space,
                     const std::function<const Candidate&(const SpacePoint&)>& candidate,
                     const FirstModelLimits& limits = {});
}  // namespace cambium
