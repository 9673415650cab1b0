#include "ops/loss/support/cross_entropy.h"

#include "ops/loss/support/log_sum.h"

namespace cambium {
namespace {
CAMBIUM_SIMD void statistics_of_rows(const float* x, float* lse, float* sum, int64_t rows,
                                     int64_t n) {
  for (int64_t r = 0; r < rows; ++r, x += n) {
    lse[r] = log_sum_of_row(x, n);
    sum[r] = fold_row<SumFold>(x, n);
  }
}

CAMBIUM_SIMD void gradient_of_row(const float* x, float* dx, int64_t n, float lse, float peak,
                                  float even, float factor) {
#pragma GCC ivdep
  for (int64_t v = 0; v < n; ++v) dx[v] = (simd_exp(x[v] - lse) * peak - even) * factor;
}
}  // namespace

double RowLosses::weight(const int32_t* target, int64_t rows, const int32_t* group) const {
  double sum = 0;
  for (int64_t r = 0; r < rows; ++r) sum += row_weight(target, group, r);
  return sum;
}

double RowLosses::loss(const float* x, const int32_t* target, int64_t rows, float* lse, float* sum,
                       const int32_t* group) const {
  const int64_t n = classes;
  parallel_for(rows, 4096 / (n + 1) + 1, [&](int64_t begin, int64_t end) {
    statistics_of_rows(x + begin * n, lse + begin, sum + begin, end - begin, n);
  });
  double loss = 0;
  for (int64_t r = 0; r < rows; ++r)
    if (const double weight = row_weight(target, group, r); weight > 0)
      loss +=
          weight * attrs.of_row(double(lse[r]), double(x[r * n + target[r]]), double(sum[r]), n);
  return loss;
}

void RowLosses::gradient(const float* x, const int32_t* target, int64_t rows, const float* lse,
                         float factor, float* dx, const int32_t* group) const {
  const int64_t n = classes;
  const auto smoothing = float(attrs.label_smoothing), z_loss = float(attrs.z_loss);
  parallel_for(rows, 8192 / (n + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      float* d = dx + r * n;
      const auto weight = float(row_weight(target, group, r));
      if (weight == 0) {
        std::fill_n(d, n, 0.0f);
        continue;
      }
      const float share = factor * weight;
      gradient_of_row(x + r * n, d, n, lse[r], 1 + 2 * z_loss * lse[r], smoothing / float(n),
                      share);
      d[target[r]] -= (1 - smoothing) * share;
    }
  });
}

CAMBIUM_SIMD int64_t first_largest(const float* x, int64_t n) {
  constexpr int64_t kChunk = 512;
  float top = -__builtin_inff();
  int64_t at = 0;
  for (int64_t v = 0; v < n; v += kChunk) {
    const float highest = fold_row<MaxFold>(x + v, std::min(kChunk, n - v));
    if (highest != highest) return -1;
    if (highest <= top) continue;
    top = highest;
    at = v;
  }
  while (x[at] != top) ++at;
  return at;
}

int64_t count_correct(const float* x, const int32_t* target, int64_t rows, int64_t n,
                      uint8_t* hit) {
  parallel_for(rows, 8192 / (n + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      hit[r] = is_scored(target[r], n) && first_largest(x + r * n, n) == target[r];
  });
  return std::count(hit, hit + rows, uint8_t(1));
}
}  // namespace cambium
