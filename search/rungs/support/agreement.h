// Agreement of rungs: how far results at a rung order trials as results at the end do.
#pragma once
#include "search/answer/kendall.h"
#include "search/rungs/support/rungs.h"

namespace cambium {
struct RungAgreement {
  double share;                   // of a whole training
  std::optional<KendallTau> tau;  // none: fewer than two different results
};

// Of each rung but the last, over the trials that were told at both. Those went on because they
// were good at rungs before, so tau is that among good trials, below what it would be among all.
std::vector<RungAgreement> rung_agreement(const Rungs& rungs, uint64_t seed = 0);
}  // namespace cambium
