// How far one tensor is from another.
#pragma once
#include <algorithm>
#include <cmath>

#include "core/tensor/tensor.h"

namespace cambium {
// The largest |a - b|, relative to max(1, the largest of b).
inline double relative_error(const Tensor& a, const Tensor& b) {
  ensure(a.type() == b.type(), a.type(), " is compared with ", b.type());
  double largest = 1, error = 0;
  for (size_t i = 0; i < a.f32().size(); ++i) {
    const double x = a.f32()[i], y = b.f32()[i];
    largest = std::max(largest, std::abs(y));
    error = std::isfinite(x) ? std::max(error, std::abs(x - y)) : HUGE_VAL;
  }
  return error / largest;
}
}  // namespace cambium
