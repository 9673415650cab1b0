// layer_norm_grad: from dy, x, mean, rstd, gamma and what else flows into x (residual, may be left
// out) to dx, dgamma, dbeta. With h = (x - mean) * rstd and g = dy * gamma, averages over the row:
//   dx = rstd * (g - avg(g) - h * avg(g * h)) + residual
//   dgamma = sum of dy * h over rows, dbeta = sum of dy over rows
#include "ops/norm/support/norm.h"
#include "ops/support/lanes.h"
#include "ops/support/reach.h"

namespace cambium::op_layer_norm_grad {
namespace {
constexpr int kResidual = 5;

std::vector<ValueType> shape(const Call& c) {
  require_norm_inputs(c, 1, std::array{4});
  require_row_statistics(c, 1, std::array{2, 3});
  require(c.shape(0) == c.shape(1), "dy is ", c.shape(0), ", x ", c.shape(1));
  require_gradient_residual(c, 1, kResidual);
  return {{DType::kF32, c.shape(1)}, c.in[4].type(), c.in[4].type()};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t rows = c.shape(1).rows(), n = c.shape(1).last();
  const auto normal = [&](int64_t r, int64_t j) {
    return (in[1][r * n + j] - in[2][r]) * in[3][r];
  };
  for (int64_t r = 0; r < rows; ++r) {
    double average = 0, along = 0;
    for (int64_t j = 0; j < n; ++j) {
      const double g = in[0][r * n + j] * in[4][j];
      average += g / double(n);
      along += g * normal(r, j) / double(n);
      out[1][j] += in[0][r * n + j] * normal(r, j);
      out[2][j] += in[0][r * n + j];
    }
    for (int64_t j = 0; j < n; ++j)
      out[0][r * n + j] =
          in[3][r] * (in[0][r * n + j] * in[4][j] - average - normal(r, j) * along) +
          (c.has(kResidual) ? in[kResidual][r * n + j] : 0);
  }
}

// Adds these rows' dgamma and dbeta to `partial` [2, n].
template <bool kAdd>
CAMBIUM_SIMD void layer_norm_grad_rows(const float* dy, const float* x, const float* mean,
                                       const float* rstd, const float* gamma, const float* residual,
                                       float* dx, float* partial, int64_t rows, int64_t n) {
  const float inverse = n > 0 ? 1 / float(n) : 0;
  float *dgamma = partial, *dbeta = partial + n;
  for (int64_t r = 0; r < rows; ++r, dy += n, x += n, dx += n, residual += kAdd ? n : 0) {
    const float m = mean[r], s = rstd[r];
    const float average =
        inverse * lane_sum(
                      n, [](auto& acc, const auto& d, const auto& g) { acc += d * g; }, dy, gamma);
    const float along = inverse * lane_sum(
                                      n,
                                      [m, s](auto& acc, const auto& d, const auto& g,
                                             const auto& v) { acc += d * g * ((v - m) * s); },
                                      dy, gamma, x);
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) {
      const float d = dy[j], h = (x[j] - m) * s;
      dgamma[j] += d * h;
      dbeta[j] += d;
      dx[j] = s * (d * gamma[j] - average - h * along) + (kAdd ? residual[j] : 0);
    }
  }
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t rows = c.shape(1).rows(), n = c.shape(1).last();
  const bool add = c.has(kResidual);
  return {.run =
              [=](const KernelArgs& k) {
                auto* partial = reinterpret_cast<float*>(k.scratch);
                const auto some_rows =
                    add ? layer_norm_grad_rows<true> : layer_norm_grad_rows<false>;
                blocked_row_sums(rows, 2 * n, partial, [&](int64_t r, int64_t count, float* sums) {
                  some_rows(k.f32(0) + r * n, k.f32(1) + r * n, k.f32(2) + r, k.f32(3) + r,
                            k.f32(4), add ? k.f32(kResidual) + r * n : nullptr,
                            k.out_f32(0) + r * n, sums, count, n);
                });
                std::copy_n(partial, n, k.out_f32(1));
                std::copy_n(partial + n, n, k.out_f32(2));
              },
          .scratch_bytes = norm_blocks(rows) * 2 * n * int64_t(sizeof(float))};
}

std::optional<Absorbed> absorb(const Call& c, std::string_view reader, const Attrs&,
                               Value operand) {
  return absorb_gradient_sum(c, kResidual, reader, operand);
}

std::vector<InPlace> in_place(const Call& c) {
  return gradient_in_place(c, kResidual);
}
}  // namespace

extern const Op op_layer_norm_grad = {
    .name = "layer_norm_grad",
    .doc = "gradients of layer_norm from dy, x, mean, rstd, gamma and a sum's other part",
    .min_inputs = 5,
    .max_inputs = 6,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<16>,
    .reach = reach_all,
    .in_place = in_place,
    .absorb = absorb,
    .not_onnx = kOnnxGradient,
    .tolerance = 2e-5,  // sums over rows
    .samples = {{{Shape{2, 3, 5}, Shape{2, 3, 5}, Shape{2, 3}, Shape{2, 3}, Shape{5}}},
                {{Shape{200, 65}, Shape{200, 65}, Shape{200}, Shape{200}, Shape{65}}},
                {{Shape{37, 33}, Shape{37, 33}, Shape{37}, Shape{37}, Shape{33}, Shape{37, 33}}},
                {{Shape{4}, Shape{4}, Shape{}, Shape{}, Shape{4}}},
                {{Shape{0, 3}, Shape{0, 3}, Shape{0}, Shape{0}, Shape{3}}}},
};
}  // namespace cambium::op_layer_norm_grad
