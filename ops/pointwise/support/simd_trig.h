// Sine and cosine in f32 for vectorised loops, to about 2 ulp (absolute). Up to 10^4 polynomials;
// beyond, where their reduction by pi loses digits, the C library in double. NaN stays NaN,
// infinities become NaN.
#pragma once
#include <algorithm>
#include <cmath>

#include "core/system/parallel.h"
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

constexpr float kNearAngle = 1e4f;

// For |x| <= kNearAngle.
[[gnu::always_inline]] inline float simd_sin(float x) {
  const float n = (x * 0.318309886f + 12582912.0f) - 12582912.0f;
  return simd_detail::sign_of_parity(n) * simd_detail::sine_near(simd_detail::less_pi(x, n));
}

[[gnu::always_inline]] inline float simd_cos(float x) {
  const float n = (x * 0.318309886f - 0.5f + 12582912.0f) - 12582912.0f;  // x = (n + 1/2) pi + r
  const float r = simd_detail::less_pi(x, n + 0.5f);
  return -simd_detail::sign_of_parity(n) * simd_detail::sine_near(r);
}

struct Sine {
  [[gnu::always_inline]] static float near(float x) { return simd_sin(x); }

  static double exact(double x) { return std::sin(x); }
};

struct Cosine {
  [[gnu::always_inline]] static float near(float x) { return simd_cos(x); }

  static double exact(double x) { return std::cos(x); }
};

// y[i] = F of x[i]; x and y may be the same buffer. A block with a large angle is computed twice.
template <class F> CAMBIUM_SIMD void map_angles(const float* x, float* y, int64_t n) {
  constexpr int64_t kBlock = 256;
  float block[kBlock];
  for (int64_t at = 0; at < n; at += kBlock) {
    const int64_t width = std::min(kBlock, n - at);
    int32_t size = 0;  // the largest |x| in bits, whose order is that of the numbers
    for (int64_t i = 0; i < width; ++i) {
      const int32_t bits = std::bit_cast<int32_t>(x[at + i]) & 0x7fffffff;
      size = bits > size ? bits : size;
    }
    const bool far = size > std::bit_cast<int32_t>(kNearAngle);
    if (far) std::copy_n(x + at, width, block);
#pragma GCC ivdep
    for (int64_t i = 0; i < width; ++i) y[at + i] = F::near(x[at + i]);
    for (int64_t i = 0; far && i < width; ++i)
      if (std::abs(block[i]) > kNearAngle) y[at + i] = float(F::exact(double(block[i])));
  }
}
}  // namespace cambium
