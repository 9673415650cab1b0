#include "ops/support/batch_norm.h"

namespace cambium {
namespace {
template <bool kRelu>
CAMBIUM_SIMD void transform_range(const float* x, float* y, int64_t n, const float* mean,
                                  const float* scale, const float* beta, int64_t period) {
  for (int64_t i = 0; i < n; i += period, x += period, y += period) {
    const int64_t width = n - i < period ? n - i : period;
#pragma GCC ivdep
    for (int64_t j = 0; j < width; ++j) {
      const float z = (x[j] - mean[j]) * scale[j] + beta[j];
      y[j] = kRelu && z < 0 ? 0 : z;
    }
  }
}
}  // namespace

void batch_norm_transform(const float* x, float* y, int64_t n, const float* mean,
                          const float* scale, const float* beta, int64_t period, bool relu) {
  const int64_t periods = (n + period - 1) / std::max<int64_t>(period, 1);
  parallel_for(periods, kPointwiseGrain / (period + 1) + 1, [&](int64_t first, int64_t last) {
    const int64_t begin = first * period, end = std::min(n, last * period);
    if (relu)
      transform_range<true>(x + begin, y + begin, end - begin, mean, scale, beta, period);
    else
      transform_range<false>(x + begin, y + begin, end - begin, mean, scale, beta, period);
  });
}
}  // namespace cambium
