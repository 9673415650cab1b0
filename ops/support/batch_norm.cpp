#include "ops/support/batch_norm.h"

namespace cambium {
namespace {
template <bool kRelu, class X, class Y>
CAMBIUM_SIMD void transform_range(const X* x, Y* y, int64_t n, const float* mean,
                                  const float* scale, const float* beta, int64_t period) {
  for (int64_t i = 0; i < n; i += period, x += period, y += period) {
    const int64_t width = n - i < period ? n - i : period;
#pragma GCC ivdep
    for (int64_t j = 0; j < width; ++j) {
      const float z = (wide(x[j]) - mean[j]) * scale[j] + beta[j];
      put(y[j], kRelu && z < 0 ? 0 : z);
    }
  }
}
}  // namespace

NormTransform::NormTransform(const Call& c, int64_t period)
    : from(c.dtype(0)),
      to(c.as<BatchNormAttrs>().dtype()),
      relu(c.as<BatchNormAttrs>().activation == "relu"),
      n(c.shape(0).count()),
      period(period) {}

void NormTransform::operator()(const KernelArgs& k, const float* mean, const float* scale,
                               const float* beta) const {
  for_each_period(n, period, [&](int64_t at, int64_t count) {
    with_elements(from, k.in[0], at, [&](const auto* x) {
      with_elements(to, k.out[0], at, [&](auto* y) {
        if (relu)
          transform_range<true>(x, y, count, mean, scale, beta, period);
        else
          transform_range<false>(x, y, count, mean, scale, beta, period);
      });
    });
  });
}

std::vector<InPlace> norm_in_place(const Call& c) {
  return c.dtype(0) == c.out[0].type().dtype ? first_in_place(c) : std::vector<InPlace>{};
}

void require_batch_norm_inputs(const Call& c, int x, std::span<const int> parameters) {
  require(c.dtype(x) == DType::kF32 || c.dtype(x) == DType::kBf16, "input ", x, " is ",
          name_of(c.dtype(x)), ", not f32 or bf16");
  require_channels(c, x, parameters);
}
}  // namespace cambium
