// Tiles: small matrices in scratch memory, their register-blocked products and transpositions, and
// vectors of 16 lanes. The inline functions belong in CAMBIUM_SIMD functions, which run them with
// the widest vectors of the machine.
#pragma once
#include <algorithm>
#include <cstdint>

#include "ops/support/simd_math.h"

// Every function below is inlined into its caller, so no call exists whose vector arguments could
// change the ABI, which is what this warning is about.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace cambium {
using IntLanes [[gnu::vector_size(64)]] = int32_t;

[[gnu::always_inline]] inline Lanes load_lanes(const float* p) {
  return *reinterpret_cast<const Lanes*>(p);
}

[[gnu::always_inline]] inline void store_lanes(float* p, Lanes v) {
  *reinterpret_cast<Lanes*>(p) = v;
}

// The first `count` of 16 numbers; lanes behind them are zero.
[[gnu::always_inline]] inline Lanes load_some(const float* from, int64_t count) {
  if (count >= kLanes) return load_lanes(from);
  alignas(64) float lane[kLanes] = {};
  for (int64_t l = 0; l < count; ++l) lane[l] = from[l];
  return load_lanes(lane);
}

[[gnu::always_inline]] inline void store_some(float* to, int64_t count, const Lanes& x) {
  if (count >= kLanes) return store_lanes(to, x);
  alignas(64) float lane[kLanes];
  store_lanes(lane, x);
  for (int64_t l = 0; l < count; ++l) to[l] = lane[l];
}

// 0, 1, ... 15.
[[gnu::always_inline]] inline IntLanes lane_numbers() {
  return IntLanes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
}

// All ones in lanes n and above, zeros below. Read from a table, and chosen with below: GCC takes a
// comparison of vectors apart, lane by lane, where a function is compiled for several machines.
[[gnu::always_inline]] inline IntLanes lanes_from(int64_t n) {
  alignas(64) static constexpr int32_t kSteps[2 * kLanes] = {
      0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
      -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
  IntLanes lanes;
  __builtin_memcpy(&lanes, kSteps + kLanes - std::clamp<int64_t>(n, 0, kLanes), sizeof lanes);
  return lanes;
}

// The lanes of x where `mask` is all ones, those of `other` where it is zero.
[[gnu::always_inline]] inline Lanes select_lanes(const IntLanes& mask, const Lanes& x,
                                                 const Lanes& other) {
  return std::bit_cast<Lanes>((mask & std::bit_cast<IntLanes>(x)) |
                              (~mask & std::bit_cast<IntLanes>(other)));
}

// Lane i of the answer is lane m[i] of a and b in a row.
[[gnu::always_inline]] inline RegisterLanes choose_lanes(const RegisterLanes& a,
                                                         const RegisterLanes& b,
                                                         const IntLanes& m) {
#ifdef __clang__  // Clang chooses by constants only
  RegisterLanes chosen = {};
  for (int64_t i = 0; i < kLanes; ++i) chosen[i] = m[i] < kLanes ? a[m[i]] : b[m[i] - kLanes];
  return chosen;
#else
  return __builtin_shuffle(a, b, m);
#endif
}

// The sum of the lanes, pairwise.
[[gnu::always_inline]] inline float sum_of_lanes(Lanes v) {
  const IntLanes lane = lane_numbers();
  RegisterLanes t = v;
#pragma GCC unroll 4
  for (int width = 8; width > 0; width /= 2) t += choose_lanes(t, t, lane ^ width);
  return t[0];
}

// e^x for x <= 88, which is what a maximum leaves; 0 below -88. About 2 ulp; NaN stays NaN.
[[gnu::always_inline]] inline Lanes exp_below(Lanes x) {
  // Rounds to the nearest integer n, and leaves n + 127 in the low bits: the exponent of 2^n.
  constexpr float kRound = 12582912.0f + 127.0f;  // 1.5 * 2^23
  x = x < -88.0f ? Lanes{} - 88.0f : x;           // n = -127, so that the factor is 0
  const Lanes rounded = x * 1.44269504f + kRound, n = rounded - kRound;
  const Lanes r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  Lanes q = r * 0.0013926250394f + 0.0083632329479f;
  q = q * r + 0.0416665524244f;
  q = q * r + 0.1666657626629f;
  q = q * r + 0.5f;
  const Lanes p = r + r * r * q + 1.0f;
  return p * std::bit_cast<Lanes>(std::bit_cast<IntLanes>(rounded) << 23);
}

// e^x; infinite above 88.4.
[[gnu::always_inline]] inline Lanes exp_lanes(Lanes x) {
  return exp_below(x > 89.0f ? Lanes{} + 89.0f : x);  // n = 128: the factor is infinite
}

// C [rows, columns] (+)= A [rows, depth] B [depth, columns] for operands that fit the caches.
// `columns` is a multiple of 16. A's element (i,p) is a[i row + p column]; B and C are row-major.
struct TileProduct {
  int64_t rows, columns, depth;
  const float* a;
  int64_t row, column;
  const float* b;
  int64_t ldb;
  float* c;
  int64_t ldc;
  bool accumulate;
};

void multiply_tile(const TileProduct& p);

// to[i ld + k] = factor from[i stride + k] for i < rows and k < columns, zeros up to column
// `width`.
void pack_rows(const float* from, int64_t stride, int64_t rows, int64_t columns, float factor,
               float* to, int64_t ld, int64_t width);

// to[k ld + i] = factor from[i stride + k] for i < rows and k < columns, zeros from column `rows`
// up to the next multiple of 16.
void pack_transposed(const float* from, int64_t stride, int64_t rows, int64_t columns, float factor,
                     float* to, int64_t ld);

// The way back: to[i stride + k] = factor[i] from[k ld + i] for i < rows and k < columns. `from`
// has whole vectors of 16 rows, and so has `factor`.
void unpack_transposed(const float* from, int64_t ld, int64_t rows, int64_t columns,
                       const float* factor, float* to, int64_t stride);
}  // namespace cambium
