// Rotary positions: attributes, tables of angles and rotations of tiles. Su et al. 2021, arXiv
// 2104.09864.
#pragma once
#include <memory>
#include <vector>

#include "graph/op.h"
#include "ops/support/tile.h"

namespace cambium {
struct Rope {
  double base = 10000;
  bool inverse = false;
  int64_t channels = 0;
  static constexpr auto fields = std::tuple{
      field("base", &Rope::base, "wavelengths grow from 2 pi to 2 pi base").in(1),
      field("inverse", &Rope::inverse, "turn back"),
      field("channels", &Rope::channels, "how many turn, the first of a head; 0: all").in(0)};
};

// The angle in radians of pair `pair` of `width` channels at `position`.
double rope_angle(int64_t position, int64_t pair, int64_t width, double base);

// Cosines and sines of positions [0, T) in both orders that kernels read.
struct RopeTable {
  int64_t half, stride;                         // stride: of a pair in the transposed tables
  std::vector<float> cosines, sines;            // [T, half]
  std::vector<float> columns_cos, columns_sin;  // [half, stride], zeros from T on

  RopeTable(double base, int64_t T, int64_t width);
};

// One table for all kernels that ask for the same.
std::shared_ptr<const RopeTable> rope_table(double base, int64_t T, int64_t width);

// Turns rows x[i ld + 0 .. 2 half) at positions first + i; `back` turns the other way.
[[gnu::always_inline]] inline void turn_rows(const RopeTable& t, int64_t first, int64_t rows,
                                             float* x, int64_t ld, bool back) {
  const float sign = back ? -1.0f : 1.0f;
  for (int64_t i = 0; i < rows; ++i, x += ld) {
    const float* cosine = t.cosines.data() + (first + i) * t.half;
    const float* sine = t.sines.data() + (first + i) * t.half;
    float* high = x + t.half;
#pragma GCC ivdep
    for (int64_t j = 0; j < t.half; ++j) {
      const float a = x[j], b = high[j], s = sign * sine[j];
      x[j] = a * cosine[j] - b * s;
      high[j] = b * cosine[j] + a * s;
    }
  }
}

// The same of a transposed tile x[j ld + i], i < 16 vectors, whose lanes are positions from `first`
// on; it may end up to 63 behind the last position.
[[gnu::always_inline]] inline void turn_columns(const RopeTable& t, int64_t first, int64_t vectors,
                                                float* x, int64_t ld, bool back) {
  const float sign = back ? -1.0f : 1.0f;
  for (int64_t j = 0; j < t.half; ++j)
    for (int64_t i = 0; i < vectors * kLanes; i += kLanes) {
      const int64_t at = j * t.stride + first + i;
      const Lanes cosine = load_lanes(t.columns_cos.data() + at);
      const Lanes sine = load_lanes(t.columns_sin.data() + at) * sign;
      float *low = x + j * ld + i, *high = low + t.half * ld;
      const Lanes a = load_lanes(low), b = load_lanes(high);
      store_lanes(low, a * cosine - b * sine);
      store_lanes(high, b * cosine + a * sine);
    }
}
}  // namespace cambium
