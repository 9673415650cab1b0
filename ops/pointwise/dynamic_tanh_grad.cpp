// dynamic_tanh_grad: from dy, x, alpha, gamma to dx, dalpha, dgamma, dbeta. With t = tanh(alpha x):
//   dx = alpha g, g = dy gamma (1 - t^2);  dalpha = sum of g x
//   dgamma = sum of dy t over rows, dbeta = sum of dy over rows
#include <cmath>
#include <numeric>

#include "ops/norm/support/norm.h"
#include "ops/support/reach.h"

namespace cambium::op_dynamic_tanh_grad {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require_norm_inputs(c, 1, std::array{3});
  require_f32(c, 0);
  require(c.shape(0) == c.shape(1), "dy is ", c.shape(0), ", x ", c.shape(1));
  require(c.shape(2) == Shape{1}, "alpha is [1], got ", c.shape(2));
  return {c.in[1].type(), c.in[2].type(), c.in[3].type(), c.in[3].type()};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t n = c.shape(1).last();
  for (int64_t i = 0; i < in[1].size(); ++i) {
    const double t = std::tanh(in[2][0] * in[1][i]);
    const double g = in[0][i] * in[3][i % n] * (1 - t * t);
    out[0][i] = in[2][0] * g;
    out[1][0] += g * in[1][i];
    out[2][i % n] += in[0][i] * t;
    out[3][i % n] += in[0][i];
  }
}

// Adds these rows' sums to `partial` [3, n]: dalpha of each channel, dgamma, dbeta.
CAMBIUM_SIMD void dynamic_tanh_grad_rows(const float* dy, const float* x, float alpha,
                                         const float* gamma, float* dx, float* partial,
                                         int64_t rows, int64_t n) {
  float *dalpha = partial, *dgamma = partial + n, *dbeta = partial + 2 * n;
  for (int64_t r = 0; r < rows; ++r, dy += n, x += n, dx += n)
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) {
      const float d = dy[j], v = x[j], t = simd_tanh(alpha * v);
      const float g = d * gamma[j] * (1 - t * t);
      dalpha[j] += g * v;
      dgamma[j] += d * t;
      dbeta[j] += d;
      dx[j] = alpha * g;
    }
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t rows = c.shape(1).rows(), n = c.shape(1).last();
  return {.run =
              [=](const KernelArgs& k) {
                auto* partial = reinterpret_cast<float*>(k.scratch);
                blocked_row_sums(rows, 3 * n, partial, [&](int64_t r, int64_t count, float* sums) {
                  dynamic_tanh_grad_rows(k.f32(0) + r * n, k.f32(1) + r * n, *k.f32(2), k.f32(3),
                                         k.out_f32() + r * n, sums, count, n);
                });
                *k.out_f32(1) = std::accumulate(partial, partial + n, 0.0f);
                std::copy_n(partial + n, n, k.out_f32(2));
                std::copy_n(partial + 2 * n, n, k.out_f32(3));
              },
          .scratch_bytes = norm_blocks(rows) * 3 * n * int64_t(sizeof(float))};
}
}  // namespace

extern const Op op_dynamic_tanh_grad = {
    .name = "dynamic_tanh_grad",
    .doc = "gradients of dynamic_tanh from dy, x, alpha and gamma",
    .min_inputs = 4,
    .max_inputs = 4,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<26>,
    .reach = reach_all,
    .in_place = first_in_place,
    .not_onnx = kOnnxGradient,
    .tolerance = 5e-5,  // sums over rows and channels
    .samples = {{{Shape{2, 3, 5}, Shape{2, 3, 5}, Shape{1}, Shape{5}}},
                {{Shape{200, 65}, Shape{200, 65}, Shape{1}, Shape{65}}},
                {{Shape{4}, Shape{4}, Shape{1}, Shape{4}}},
                {{Shape{0, 3}, Shape{0, 3}, Shape{1}, Shape{3}}}},
};
}  // namespace cambium::op_dynamic_tanh_grad
