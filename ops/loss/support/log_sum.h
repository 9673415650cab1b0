// The log of the sum of exponentials of a row.
#pragma once
#include "ops/support/pointwise.h"
#include "ops/support/reduce.h"

namespace cambium {
// log sum e^x over n >= 1 numbers, shifted by their maximum.
[[gnu::always_inline]] inline float log_sum_of_row(const float* x, int64_t n) {
  constexpr int64_t kChunk = 512;
  float e[kChunk];
  const float top = fold_row<TopFold>(x, n);
  float total = 0;
  for (int64_t v = 0; v < n; v += kChunk) {
    const int64_t width = n - v < kChunk ? n - v : kChunk;
    for (int64_t j = 0; j < width; ++j) e[j] = simd_exp(x[v + j] - top);
    total += fold_row<SumFold>(e, width);
  }
  return top + simd_log(total);
}
}  // namespace cambium
