// rms_norm_grad: from dy, x, rstd, gamma and what else flows into x (residual, may be left out) to
// dx, dgamma. With h = x * rstd and g = dy * gamma, the average over the row:
//   dx = rstd * (g - h * avg(g * h)) + residual;  dgamma = sum of dy * h over rows
#include "ops/norm/support/norm.h"
#include "ops/support/lanes.h"
#include "ops/support/reach.h"

namespace cambium::op_rms_norm_grad {
namespace {
constexpr int kResidual = 4;

std::vector<ValueType> shape(const Call& c) {
  require_norm_inputs(c, 1, std::array{3});
  require_row_statistics(c, 1, std::array{2});
  require(c.shape(0) == c.shape(1), "dy is ", c.shape(0), ", x ", c.shape(1));
  require_gradient_residual(c, 1, kResidual);
  return {{DType::kF32, c.shape(1)}, c.in[3].type()};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t rows = c.shape(1).rows(), n = c.shape(1).last();
  for (int64_t r = 0; r < rows; ++r) {
    const double s = in[2][r];
    double along = 0;
    for (int64_t j = 0; j < n; ++j) {
      along += in[0][r * n + j] * in[3][j] * in[1][r * n + j] * s / double(n);
      out[1][j] += in[0][r * n + j] * in[1][r * n + j] * s;
    }
    for (int64_t j = 0; j < n; ++j)
      out[0][r * n + j] = s * (in[0][r * n + j] * in[3][j] - in[1][r * n + j] * s * along) +
                          (c.has(kResidual) ? in[kResidual][r * n + j] : 0);
  }
}

template <bool kAdd>
CAMBIUM_SIMD void rms_norm_grad_rows(const float* dy, const float* x, const float* rstd,
                                     const float* gamma, const float* residual, float* dx,
                                     float* dgamma, int64_t rows, int64_t n) {
  const float inverse = n > 0 ? 1 / float(n) : 0;
  for (int64_t r = 0; r < rows; ++r, dy += n, x += n, dx += n, residual += kAdd ? n : 0) {
    const float s = rstd[r];
    const float along = inverse * lane_sum(
                                      n,
                                      [s](auto& acc, const auto& d, const auto& g, const auto& v) {
                                        acc += d * g * (v * s);
                                      },
                                      dy, gamma, x);
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) {
      const float d = dy[j], h = x[j] * s;
      dgamma[j] += d * h;
      dx[j] = s * (d * gamma[j] - h * along) + (kAdd ? residual[j] : 0);
    }
  }
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t rows = c.shape(1).rows(), n = c.shape(1).last();
  const bool add = c.has(kResidual);
  return {.run =
              [=](const KernelArgs& k) {
                auto* partial = reinterpret_cast<float*>(k.scratch);
                const auto some_rows = add ? rms_norm_grad_rows<true> : rms_norm_grad_rows<false>;
                blocked_row_sums(rows, n, partial, [&](int64_t r, int64_t count, float* sums) {
                  some_rows(k.f32(0) + r * n, k.f32(1) + r * n, k.f32(2) + r, k.f32(3),
                            add ? k.f32(kResidual) + r * n : nullptr, k.out_f32(0) + r * n, sums,
                            count, n);
                });
                std::copy_n(partial, n, k.out_f32(1));
              },
          .scratch_bytes = norm_blocks(rows) * n * int64_t(sizeof(float))};
}

std::optional<Absorbed> absorb(const Call& c, std::string_view reader, const Attrs&,
                               Value operand) {
  return absorb_gradient_sum(c, kResidual, reader, operand);
}

std::vector<InPlace> in_place(const Call& c) {
  return gradient_in_place(c, kResidual);
}
}  // namespace

extern const Op op_rms_norm_grad = {
    .name = "rms_norm_grad",
    .doc = "gradients of rms_norm from dy, x, rstd, gamma and a sum's other part",
    .min_inputs = 4,
    .max_inputs = 5,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<11>,
    .reach = reach_all,
    .in_place = in_place,
    .absorb = absorb,
    .not_onnx = kOnnxGradient,
    .tolerance = 2e-5,  // sums over rows
    .samples = {{{Shape{2, 3, 5}, Shape{2, 3, 5}, Shape{2, 3}, Shape{5}}},
                {{Shape{200, 65}, Shape{200, 65}, Shape{200}, Shape{65}}},
                {{Shape{37, 33}, Shape{37, 33}, Shape{37}, Shape{33}, Shape{37, 33}}},
                {{Shape{4}, Shape{4}, Shape{}, Shape{4}}},
                {{Shape{0, 3}, Shape{0, 3}, Shape{0}, Shape{3}}}},
};
}  // namespace cambium::op_rms_norm_grad
