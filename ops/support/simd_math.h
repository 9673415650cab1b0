// Elementary functions in f32 for vectorised loops: branch-free polynomials (about 2 ulp), inlined
// into their caller, so that results do not depend on the C library. NaN stays NaN; infinities and
// zeros behave as IEEE 754 says. The polynomials interpolate at Chebyshev nodes of their interval.
#pragma once
#include <bit>
#include <cstdint>

namespace cambium {
// Vectors of 16 lanes; narrower machines split them, so sums keep their order. `Lanes` may be read
// through a pointer to any float. `RegisterLanes` is for values in flight, and the only one to hand
// to a template: deduction forgets that `Lanes` is unaligned.
using Lanes [[gnu::vector_size(64), gnu::aligned(4), gnu::may_alias]] = float;
using RegisterLanes [[gnu::vector_size(64)]] = float;
constexpr int64_t kLanes = 16;

// 16 numbers read from any address. A constructor, because returning vectors by value would change
// the calling convention of machines without such registers.
struct LoadedLanes {
  [[gnu::always_inline]] explicit LoadedLanes(const float* x) { __builtin_memcpy(&v, x, sizeof v); }

  RegisterLanes v;
};

// One number in every lane.
struct RepeatedLanes {
  [[gnu::always_inline]] explicit RepeatedLanes(const float* x) : v(RegisterLanes{} + *x) {}

  RegisterLanes v;
};

[[gnu::always_inline]] inline void write_lanes(float* to, const RegisterLanes& v) {
  __builtin_memcpy(to, &v, sizeof v);
}

namespace simd_detail {
struct Reduced {  // x = n * ln 2 + r, |r| <= ln(2) / 2
  float n, r;
};

// Adding and subtracting 1.5 * 2^23 rounds to the nearest integer without a library call.
[[gnu::always_inline]] inline Reduced reduce_by_ln2(float x) {
  constexpr float kRound = 12582912.0f;
  const float n = (x * 1.44269504f + kRound) - kRound;
  return {n, (x - n * 0.693359375f) + n * 2.12194440e-4f};
}

[[gnu::always_inline]] inline float power_of_two(int32_t n) {  // -126 <= n <= 127
  return std::bit_cast<float>((n + 127) << 23);
}

// e^r - 1 for |r| <= ln(2) / 2.
[[gnu::always_inline]] inline float expm1_small(float r) {
  float q = 0.0013926250394f;
  q = q * r + 0.0083632329479f;
  q = q * r + 0.0416665524244f;
  q = q * r + 0.1666657626629f;
  q = q * r + 0.5f;
  return r + r * r * q;
}
}  // namespace simd_detail

[[gnu::always_inline]] inline float simd_exp(float x) {
  x = x < -104.0f ? -104.0f : x;  // both written so that NaN passes through
  x = x > 89.0f ? 89.0f : x;
  const auto [n, r] = simd_detail::reduce_by_ln2(x);
  const float p = 1.0f + simd_detail::expm1_small(r);
  const int32_t whole = int32_t(n), half = whole >> 1;  // two factors reach denormals and infinity
  return p * simd_detail::power_of_two(half) * simd_detail::power_of_two(whole - half);
}

// Natural logarithm; -inf at 0, NaN below.
[[gnu::always_inline]] inline float simd_log(float x) {
  constexpr float kInfinity = __builtin_inff();
  const bool tiny = x < 1.17549435e-38f;  // denormals are scaled into range first
  const float scaled = tiny ? x * 8388608.0f : x;
  const auto bits = std::bit_cast<int32_t>(scaled);
  // Mantissa in [sqrt(1/2), sqrt(2)): 0x3f3504f3 is sqrt(1/2).
  const int32_t exponent = (bits - 0x3f3504f3) >> 23;
  const float f = std::bit_cast<float>(bits - (exponent << 23)) - 1.0f;
  const float e = float(exponent) - (tiny ? 23.0f : 0.0f);
  float p = -0.0790274590f;
  p = p * f + 0.1262232065f;
  p = p * f - 0.1299818307f;
  p = p * f + 0.1421449631f;
  p = p * f - 0.1664128155f;
  p = p * f + 0.2000104487f;
  p = p * f - 0.2500030697f;
  p = p * f + 0.3333333135f;
  const float low = f * f * f * p + e * -2.12194440e-4f - 0.5f * f * f;
  float y = (low + f) + e * 0.693359375f;
  y = x == kInfinity ? x : y;
  y = x == 0.0f ? -kInfinity : y;
  y = x < 0.0f ? __builtin_nanf("") : y;
  return x != x ? x : y;
}

// (e^2x - 1) / (e^2x + 1), relative accuracy kept near 0.
[[gnu::always_inline]] inline float simd_tanh(float x) {
  float t = 2.0f * x;
  t = t > 20.0f ? 20.0f : t;
  t = t < -20.0f ? -20.0f : t;
  const auto [n, r] = simd_detail::reduce_by_ln2(t);
  const float scale = simd_detail::power_of_two(int32_t(n));
  const float m = scale * simd_detail::expm1_small(r) + (scale - 1.0f);
  return m / (m + 2.0f);
}

[[gnu::always_inline]] inline float simd_sigmoid(float x) {
  return 1.0f / (1.0f + simd_exp(-x));
}

[[gnu::always_inline]] inline float simd_erf(float x) {
  const float a = x < 0.0f ? -x : x, s = x * x;
  float near = -0.0005648059887f;
  near = near * s + 0.0049217618071f;
  near = near * s - 0.0267150551081f;
  near = near * s + 0.1128031685948f;
  near = near * s - 0.3761234283447f;
  near = near * s + 1.1283791065216f;
  const float t = 1.0f / (1.0f + 0.5f * a);  // beyond 1: 1 - e^(-x^2) t P(t)
  float far = 0.0925876125693f;
  far = far * t - 0.3786623775959f;
  far = far * t + 0.4275058507919f;
  far = far * t + 0.0059029352851f;
  far = far * t + 0.2953571677208f;
  far = far * t + 0.2745953500271f;
  far = far * t + 0.2825839221478f;
  const float tail = 1.0f - simd_exp(-s) * t * far;
  const float y = a < 1.0f ? near * a : tail;
  return x < 0.0f ? -y : (x != x ? x : y);
}
}  // namespace cambium
