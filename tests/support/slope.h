// Slopes: what gradients are held against.
#pragma once
#include <algorithm>
#include <cmath>

namespace cambium {
// |analytic - numeric| / max(1, |analytic|, |numeric|) of the slope of loss_at(step) at 0, by
// central differences of several widths, the best of which counts: a kink (relu at 0, two equal
// maxima) spoils the widths that reach it, rounding the smallest, a wrong gradient all of them.
template <class F> double slope_error(double analytic, const F& loss_at) {
  double least = HUGE_VAL;
  for (const double width : {1e-5, 1e-6, 1e-7, 1e-8}) {
    const double numeric = (loss_at(width) - loss_at(-width)) / (2 * width);
    const double error =
        std::abs(analytic - numeric) / std::max({1.0, std::abs(analytic), std::abs(numeric)});
    least = std::min(least, error);
    if (least < 1e-8) break;
  }
  return least;
}
}  // namespace cambium
