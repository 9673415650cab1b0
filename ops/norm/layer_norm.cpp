// layer_norm: y = (x - mean) * rstd * gamma + beta over the last axis. Ba et al. 2016, arXiv
// 1607.06450.
//   x, y: [..., C]   gamma, beta: [C]   mean, rstd = 1 / sqrt(variance + eps): [...]
// The variance is that of the centred row (two passes over a row that is in cache).
#include <cmath>

#include "ops/norm/support/norm.h"
#include "ops/support/lanes.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"

namespace cambium::op_layer_norm {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require_norm_inputs(c, 0, std::array{1, 2});
  const ValueType statistic{DType::kF32, row_shape(c.shape(0))};
  return {{c.as<NormAttrs>().dtype(), c.shape(0)}, statistic, statistic};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const Value dx =
      dy[0].graph->emit("layer_norm_grad", {dy[0], c.in[0], c.out[1], c.out[2], c.in[1]});
  return {dx, dx.nth(1), dx.nth(2)};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t rows = c.shape(0).rows(), n = c.shape(0).last();
  for (int64_t r = 0; r < rows; ++r) {
    double mean = 0, variance = 0;
    for (int64_t j = 0; j < n; ++j) mean += in[0][r * n + j] / double(n);
    for (int64_t j = 0; j < n; ++j) variance += std::pow(in[0][r * n + j] - mean, 2) / double(n);
    const double rstd = 1 / std::sqrt(variance + c.as<NormAttrs>().eps);
    for (int64_t j = 0; j < n; ++j)
      out[0][r * n + j] = (in[0][r * n + j] - mean) * rstd * in[1][j] + in[2][j];
    out[1][r] = mean;
    out[2][r] = rstd;
  }
  if (c.as<NormAttrs>().dtype() == DType::kBf16) round_to_bf16(out[0]);
}

CAMBIUM_SIMD void layer_norm_rows(const float* x, const float* gamma, const float* beta, float* y,
                                  float* mean, float* rstd, int64_t rows, int64_t n, float eps) {
  const float inverse = n > 0 ? 1 / float(n) : 0;
  for (int64_t r = 0; r < rows; ++r, x += n, y += n) {
    const float m = inverse * lane_sum(
                                  n, [](auto& acc, const auto& v) { acc += v; }, x);
    const float variance =
        inverse * lane_sum(
                      n, [m](auto& acc, const auto& v) { acc += (v - m) * (v - m); }, x);
    const float s = inverse_root(variance, eps);
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) y[j] = (x[j] - m) * s * gamma[j] + beta[j];
    mean[r] = m;
    rstd[r] = s;
  }
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t rows = c.shape(0).rows(), n = c.shape(0).last();
  const auto eps = float(c.as<NormAttrs>().eps);
  return norm_kernel(rows, n, c.as<NormAttrs>().dtype(),
                     [=](const KernelArgs& k, int64_t first, int64_t count, float* y) {
                       layer_norm_rows(k.f32(0) + first * n, k.f32(1), k.f32(2), y,
                                       k.out_f32(1) + first, k.out_f32(2) + first, count, n, eps);
                     });
}
}  // namespace

extern const Op op_layer_norm = {
    .name = "layer_norm",
    .doc = "rows of mean 0 and variance 1, then scaled and shifted",
    .min_inputs = 3,
    .max_inputs = 3,
    .attrs = fields_of<NormAttrs>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<8>,
    .reach = reach_rows,
    .absorb = absorb_cast,
    .cheap = true,
    .onnx = onnx_layer_norm,
    .tolerance = 5e-6,
    .samples = {{{Shape{2, 3, 5}, Shape{5}, Shape{5}}},
                {{Shape{7, 65}, Shape{65}, Shape{65}}, {{"eps", 1e-3}}},
                {{Shape{200, 130}, Shape{130}, Shape{130}}},
                {{Shape{37, 33}, Shape{33}, Shape{33}}, {{"to", "bf16"}}},
                {{Shape{4}, Shape{4}, Shape{4}}},
                {{Shape{0, 3}, Shape{3}, Shape{3}}}},
};
}  // namespace cambium::op_layer_norm
