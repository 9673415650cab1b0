// rms_norm: y = x * rstd * gamma over the last axis. Zhang and Sennrich 2019, arXiv 1910.07467.
//   x, y: [..., C]   gamma: [C]   rstd = 1 / sqrt(mean(x^2) + eps): [...]
#include <cmath>

#include "ops/norm/support/norm.h"
#include "ops/support/lanes.h"
#include "ops/support/nan.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"

namespace cambium::op_rms_norm {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require_norm_inputs(c, 0, std::array{1});
  return {{c.as<NormAttrs>().dtype(), c.shape(0)}, {DType::kF32, row_shape(c.shape(0))}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const Value dx = dy[0].graph->emit("rms_norm_grad", {dy[0], c.in[0], c.out[1], c.in[1]});
  return {dx, dx.nth(1)};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t rows = c.shape(0).rows(), n = c.shape(0).last();
  for (int64_t r = 0; r < rows; ++r) {
    double square = 0;
    for (int64_t j = 0; j < n; ++j) square += in[0][r * n + j] * in[0][r * n + j] / double(n);
    out[1][r] = 1 / std::sqrt(square + c.as<NormAttrs>().eps);
    for (int64_t j = 0; j < n; ++j) out[0][r * n + j] = in[0][r * n + j] * out[1][r] * in[1][j];
  }
  if (c.as<NormAttrs>().dtype() == DType::kBf16) round_to_bf16(out[0]);
}

// 1 / sqrt(mean(x^2) + eps) where squares have left f32, or there is an infinity or NaN.
float rstd_of_large(const float* x, int64_t n, float eps) {
  double square = 0;
  for (int64_t j = 0; j < n; ++j) square += double(x[j]) * double(x[j]) / double(n);
  return float(1 / std::sqrt(square + double(eps)));
}

CAMBIUM_SIMD void rms_norm_rows(const float* x, const float* gamma, float* y, float* rstd,
                                int64_t rows, int64_t n, float eps) {
  const float inverse = n > 0 ? 1 / float(n) : 0;
  for (int64_t r = 0; r < rows; ++r, x += n, y += n) {
    const float square = inverse * lane_sum(
                                       n, [](auto& acc, const auto& v) { acc += v * v; }, x);
    const float s =
        square < __builtin_inff() ? 1 / __builtin_sqrtf(square + eps) : rstd_of_large(x, n, eps);
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) y[j] = x[j] * s * gamma[j];
    rstd[r] = s;
  }
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t rows = c.shape(0).rows(), n = c.shape(0).last();
  const auto eps = float(c.as<NormAttrs>().eps);
  return norm_kernel(rows, n, c.as<NormAttrs>().dtype(),
                     [=](const KernelArgs& k, int64_t first, int64_t count, float* y) {
                       rms_norm_rows(k.f32(0) + first * n, k.f32(1), y, k.out_f32(1) + first, count,
                                     n, eps);
                     });
}
}  // namespace

extern const Op op_rms_norm = {
    .name = "rms_norm",
    .doc = "rows divided by their root mean square, then scaled",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<NormAttrs>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<4>,
    .reach = reach_rows,
    .absorb = absorb_cast,
    .cheap = true,
    .onnx = onnx_rms_norm,
    .tolerance = 5e-6,
    .samples = {{{Shape{2, 3, 5}, Shape{5}}},
                {{Shape{7, 65}, Shape{65}}, {{"eps", 1e-3}}},
                {{Shape{200, 130}, Shape{130}}},
                {{Shape{37, 33}, Shape{33}}, {{"to", "bf16"}}},
                {{Shape{4}, Shape{4}}},
                {{Shape{0, 3}, Shape{3}}}},
};
}  // namespace cambium::op_rms_norm
