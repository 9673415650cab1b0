#include "search/rungs/support/agreement.h"

#include <cmath>

namespace cambium {
std::vector<RungAgreement> rung_agreement(const Rungs& rungs, uint64_t seed) {
  const std::vector<double>& shares = rungs.plan().shares;
  std::vector<RungAgreement> out;
  for (size_t r = 0; r + 1 < shares.size(); ++r) {
    std::vector<double> early, late;
    for (int64_t t = 0; t < rungs.trials(); ++t) {
      const auto& losses = rungs.losses_of(t);
      const double a = losses[r].value_or(NAN), b = losses.back().value_or(NAN);
      if (std::isnan(a) || std::isnan(b)) continue;
      early.push_back(a);
      late.push_back(b);
    }
    out.push_back({shares[r], kendall_tau_interval(early, late, seed)});
  }
  return out;
}
}  // namespace cambium
