// Tiles: small packed matrices in scratch memory and register-blocked products of them. Everything
// here inlines into CAMBIUM_SIMD functions, which run it with the widest vectors of the machine.
#pragma once
#include <algorithm>
#include <cstdint>

#include "ops/support/simd_math.h"

// Every function below is inlined into its caller, so no call exists whose vector arguments could
// change the ABI, which is what this warning is about.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace cambium {
constexpr int64_t kPanel = 32;    // columns of a packed panel: two registers of AVX-512
constexpr int64_t kTileRows = 8;  // rows of C that one register block covers

using IntLanes [[gnu::vector_size(64)]] = int32_t;

[[gnu::always_inline]] inline Lanes load_lanes(const float* p) {
  return *reinterpret_cast<const Lanes*>(p);
}

[[gnu::always_inline]] inline void store_lanes(float* p, Lanes v) {
  *reinterpret_cast<Lanes*>(p) = v;
}

[[gnu::always_inline]] inline float sum_of_lanes(const Lanes& v) {
  float t[kLanes];
  store_lanes(t, v);
  for (int64_t width = kLanes / 2; width > 0; width /= 2)
    for (int64_t l = 0; l < width; ++l) t[l] += t[l + width];
  return t[0];
}

[[gnu::always_inline]] inline float max_of_lanes(const Lanes& v) {
  float t[kLanes];
  store_lanes(t, v);
  for (int64_t width = kLanes / 2; width > 0; width /= 2)
    for (int64_t l = 0; l < width; ++l) t[l] = t[l] < t[l + width] ? t[l + width] : t[l];
  return t[0];
}

// Keeps the lanes at columns below n, where v's first lane stands at `column`; the rest become
// `fill`.
[[gnu::always_inline]] inline Lanes keep_below(Lanes v, int64_t column, int64_t n, float fill = 0) {
  constexpr IntLanes kIota = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const int32_t left = int32_t(n - column);
  return kIota < left ? v : Lanes{} + fill;
}

// e^x for x <= 88; below -86 the result stays about e^-86. About 2 ulp.
[[gnu::always_inline]] inline Lanes exp_lanes(Lanes x) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23 rounds to the nearest integer
  x = x < -86.0f ? Lanes{} - 86.0f : x;
  const Lanes n = (x * 1.44269504f + kRound) - kRound;
  const Lanes r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  Lanes q = r * 0.0013926250394f + 0.0083632329479f;
  q = q * r + 0.0416665524244f;
  q = q * r + 0.1666657626629f;
  q = q * r + 0.5f;
  const Lanes p = r + r * r * q + 1.0f;
  const IntLanes exponent = __builtin_convertvector(n, IntLanes) << 23;
  return std::bit_cast<Lanes>(std::bit_cast<IntLanes>(p) + exponent);
}

// One register block: C [8, 16 V] (+)= A [8,k] B [k, 16 V]. A's element (i,p) is a[i row + p
// column].
template <int V>
[[gnu::always_inline]] inline void multiply_block(int64_t k, const float* a, int64_t row,
                                                  int64_t column, const float* b, int64_t ldb,
                                                  float* c, int64_t ldc, bool accumulate) {
  Lanes sum[kTileRows][V];
#pragma GCC unroll 8
  for (int i = 0; i < kTileRows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v)
      sum[i][v] = accumulate ? load_lanes(c + i * ldc + v * kLanes) : Lanes{};
  for (int64_t p = 0; p < k; ++p) {
    Lanes bp[V];
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) bp[v] = load_lanes(b + p * ldb + v * kLanes);
#pragma GCC unroll 8
    for (int i = 0; i < kTileRows; ++i) {
      const float x = a[i * row + p * column];
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) sum[i][v] += x * bp[v];
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kTileRows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) store_lanes(c + i * ldc + v * kLanes, sum[i][v]);
}

// C [8,n] (+)= A [8,k] B [k,n], n a multiple of 16.
[[gnu::always_inline]] inline void multiply_rows(int64_t n, int64_t k, const float* a, int64_t row,
                                                 int64_t column, const float* b, int64_t ldb,
                                                 float* c, int64_t ldc, bool accumulate) {
  int64_t j = 0;
  for (; j + 2 * kLanes <= n; j += 2 * kLanes)
    multiply_block<2>(k, a, row, column, b + j, ldb, c + j, ldc, accumulate);
  if (j < n) multiply_block<1>(k, a, row, column, b + j, ldb, c + j, ldc, accumulate);
}

// Copies [rows, columns] into `to` with zeros up to [padded_rows, ld], times `factor`.
[[gnu::always_inline]] inline void pack_rows(const float* from, int64_t stride, int64_t rows,
                                             int64_t columns, float factor, float* to,
                                             int64_t padded_rows, int64_t ld) {
  for (int64_t i = 0; i < padded_rows; ++i) {
    float* row = to + i * ld;
    const int64_t filled = i < rows ? columns : 0;
    for (int64_t k = 0; k < filled; ++k) row[k] = from[i * stride + k] * factor;
    for (int64_t k = filled; k < ld; ++k) row[k] = 0;
  }
}

// Transposes [rows, columns] into panels of 32 rows: to[(j / 32) columns 32 + k 32 + j % 32] is
// from[j,k]; the last panel ends in zeros.
[[gnu::always_inline]] inline void pack_panels(const float* from, int64_t stride, int64_t rows,
                                               int64_t columns, float* to) {
  for (int64_t first = 0; first < rows; first += kPanel, to += columns * kPanel) {
    const int64_t count = std::min(kPanel, rows - first);
    if (count < kPanel) std::fill_n(to, columns * kPanel, 0.0f);
    for (int64_t l = 0; l < count; ++l)
      for (int64_t k = 0; k < columns; ++k) to[k * kPanel + l] = from[(first + l) * stride + k];
  }
}
}  // namespace cambium
