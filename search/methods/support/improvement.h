// Improvement: what a result that is normally distributed may be expected to add to the least, or
// to a front, that is known.
#pragma once
#include <span>
#include <vector>

#include "search/methods/support/gaussian_process.h"

namespace cambium {
// The expectation of max(0, least - result) (Jones et al. 1998, J. Global Optimization 13:455).
double expected_improvement(const Normal& result, double least);

// Its logarithm, also where it is too small for a double (Ament et al. 2023, NeurIPS 36).
double log_expected_improvement(const Normal& result, double least);

// The expectation of the area that two independent results add to what `front` and the reference
// enclose (Emmerich et al. 2011, CEC), exactly. Less is better in both. Points of the front that
// are not below the reference add nothing.
class HypervolumeImprovement {
 public:
  HypervolumeImprovement(std::vector<std::vector<double>> front, std::vector<double> reference);

  double expected(const Normal& first, const Normal& second) const;

 private:
  // Between the first values of neighbours on the front, from minus infinity on: where it ends, and
  // below what of the second there is something to win.
  struct Strip {
    double end, ceiling;
  };

  std::vector<Strip> strips_;
};
}  // namespace cambium
