#include "ops/support/tile.h"

#include "core/system/parallel.h"

namespace cambium {
namespace {
// One register block: C [R, 16 V] (+)= A [R,k] B [k, 16 V].
template <int R, int V>
[[gnu::always_inline]] inline void multiply_block(const TileProduct& p, int64_t i, int64_t j) {
  const float *a = p.a + i * p.row, *b = p.b + j;
  float* c = p.c + i * p.ldc + j;
  Lanes sum[R][V];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v)
      sum[r][v] = p.accumulate ? load_lanes(c + r * p.ldc + v * kLanes) : Lanes{};
  for (int64_t k = 0; k < p.depth; ++k) {
    Lanes bk[V];
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) bk[v] = load_lanes(b + k * p.ldb + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const float x = a[r * p.row + k * p.column];
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) sum[r][v] += x * bk[v];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) store_lanes(c + r * p.ldc + v * kLanes, sum[r][v]);
}

template <int R> [[gnu::always_inline]] inline void multiply_rows(const TileProduct& p, int64_t i) {
  int64_t j = 0;
  for (; j + 2 * kLanes <= p.columns; j += 2 * kLanes) multiply_block<R, 2>(p, i, j);
  if (j < p.columns) multiply_block<R, 1>(p, i, j);
}

// Where bit W of i is clear, the pair of rows i and i + W exchanges blocks of W lanes: row i keeps
// its lanes whose bit W is clear and takes those of row i + W beside them; row i + W the rest.
template <int W> [[gnu::always_inline]] inline void exchange(RegisterLanes* r) {
  const IntLanes j = lane_numbers();
  const IntLanes low = (j & W) == 0 ? j : j - W + 16, high = (j & W) == 0 ? j + W : j + 16;
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    if (i & W) continue;
    const RegisterLanes a = r[i], b = r[i + W];
    r[i] = choose_lanes(a, b, low);
    r[i + W] = choose_lanes(a, b, high);
  }
}

// Transposes 16 x 16 in registers by exchanging halves, quarters, pairs and neighbours.
[[gnu::always_inline]] inline void transpose(RegisterLanes* r) {
  exchange<8>(r);
  exchange<4>(r);
  exchange<2>(r);
  exchange<1>(r);
}
}  // namespace

CAMBIUM_SIMD void multiply_tile(const TileProduct& p) {
  int64_t i = 0;
  for (; i + 8 <= p.rows; i += 8) multiply_rows<8>(p, i);
  if (i + 4 <= p.rows) {
    multiply_rows<4>(p, i);
    i += 4;
  }
  for (; i < p.rows; ++i) multiply_rows<1>(p, i);
}

CAMBIUM_SIMD void pack_rows(const float* from, int64_t stride, int64_t rows, int64_t columns,
                            float factor, float* to, int64_t ld, int64_t width) {
  for (int64_t i = 0; i < rows; ++i) {
    int64_t k = 0;
    for (; k + kLanes <= columns; k += kLanes) {
      __builtin_prefetch(from + i * stride + k + columns);
      store_lanes(to + i * ld + k, load_lanes(from + i * stride + k) * factor);
    }
    for (; k < columns; ++k) to[i * ld + k] = from[i * stride + k] * factor;
    for (; k < width; ++k) to[i * ld + k] = 0;
  }
}

CAMBIUM_SIMD void pack_transposed(const float* from, int64_t stride, int64_t rows, int64_t columns,
                                  float factor, float* to, int64_t ld) {
  for (int64_t i = 0; i < rows; i += kLanes) {
    const int64_t filled = std::min(kLanes, rows - i);
    int64_t k = 0;
    for (; k + kLanes <= columns; k += kLanes) {
      RegisterLanes r[kLanes] = {};
      if (filled == kLanes) {
#pragma GCC unroll 16
        for (int64_t l = 0; l < kLanes; ++l) {
          const float* row = from + (i + l) * stride + k;
          __builtin_prefetch(row + columns);
          r[l] = load_lanes(row) * factor;
        }
      } else {
        for (int64_t l = 0; l < filled; ++l)
          r[l] = load_lanes(from + (i + l) * stride + k) * factor;
      }
      transpose(r);
#pragma GCC unroll 16
      for (int64_t l = 0; l < kLanes; ++l) store_lanes(to + (k + l) * ld + i, r[l]);
    }
    for (; k < columns; ++k)
      for (int64_t l = 0; l < kLanes; ++l)
        to[k * ld + i + l] = l < filled ? from[(i + l) * stride + k] * factor : 0;
  }
}

CAMBIUM_SIMD void unpack_transposed(const float* from, int64_t ld, int64_t rows, int64_t columns,
                                    const float* factor, float* to, int64_t stride) {
  for (int64_t i = 0; i < rows; i += kLanes) {
    const int64_t filled = std::min(kLanes, rows - i);
    const Lanes times = load_lanes(factor + i);
    int64_t k = 0;
    for (; k + kLanes <= columns; k += kLanes) {
      RegisterLanes r[kLanes];
#pragma GCC unroll 16
      for (int64_t l = 0; l < kLanes; ++l) r[l] = load_lanes(from + (k + l) * ld + i) * times;
      transpose(r);
      if (filled == kLanes) {
#pragma GCC unroll 16
        for (int64_t l = 0; l < kLanes; ++l) store_lanes(to + (i + l) * stride + k, r[l]);
      } else {
        for (int64_t l = 0; l < filled; ++l) store_lanes(to + (i + l) * stride + k, r[l]);
      }
    }
    for (; k < columns; ++k)
      for (int64_t l = 0; l < filled; ++l)
        to[(i + l) * stride + k] = from[k * ld + i + l] * factor[i + l];
  }
}
}  // namespace cambium
