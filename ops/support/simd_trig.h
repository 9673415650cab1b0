// Sine and cosine in f32 for vectorised loops: about 2 ulp (absolute) for |x| up to 10^4; beyond,
// the reduction by pi loses digits. NaN stays NaN, infinities become NaN.
#pragma once
#include "ops/support/simd_math.h"

namespace cambium {
namespace simd_detail {
// sin r for |r| <= pi / 2.
[[gnu::always_inline]] inline float sine_near(float r) {
  const float s = r * r;
  float p = -2.3889859e-8f;
  p = p * s + 2.7525562e-6f;
  p = p * s - 1.9840874e-4f;
  p = p * s + 8.3333310e-3f;
  p = p * s - 1.6666667e-1f;
  return r + r * s * p;
}

// r - n pi, with pi in three parts whose first two have few digits.
[[gnu::always_inline]] inline float less_pi(float x, float n) {
  return ((x - n * 3.140625f) - n * 9.67502593994140625e-4f) - n * 1.509957990978376e-7f;
}

// (-1)^n for a whole n.
[[gnu::always_inline]] inline float sign_of_parity(float n) {
  const float half = n * 0.5f, whole = (half + 12582912.0f) - 12582912.0f;
  return half == whole ? 1.0f : -1.0f;
}
}  // namespace simd_detail

[[gnu::always_inline]] inline float simd_sin(float x) {
  const float n = (x * 0.318309886f + 12582912.0f) - 12582912.0f;
  return simd_detail::sign_of_parity(n) * simd_detail::sine_near(simd_detail::less_pi(x, n));
}

[[gnu::always_inline]] inline float simd_cos(float x) {
  const float n = (x * 0.318309886f - 0.5f + 12582912.0f) - 12582912.0f;  // x = (n + 1/2) pi + r
  const float r = simd_detail::less_pi(x, n + 0.5f);
  return -simd_detail::sign_of_parity(n) * simd_detail::sine_near(r);
}
}  // namespace cambium
