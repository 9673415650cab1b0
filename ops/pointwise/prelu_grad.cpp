// prelu_grad: from dy, x, slope to dx and dslope.
//   dx = dy above x = 0, slope dy below;  dslope_c = sum over rows of dy x where x < 0
#include "ops/norm/support/norm.h"
#include "ops/support/nan.h"
#include "ops/support/reach.h"

namespace cambium::op_prelu_grad {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require_norm_inputs(c, 1, std::array{2});
  require_f32(c, 0);
  require(c.shape(0) == c.shape(1), "dy is ", c.shape(0), ", x ", c.shape(1));
  return {c.in[1].type(), c.in[2].type()};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t n = c.shape(1).last();
  for (int64_t i = 0; i < in[1].size(); ++i) {
    const double dy = in[0][i], x = in[1][i];
    out[0][i] = unless_nan(x, x < 0 ? in[2][i % n] * dy : dy);
    out[1][i % n] += x >= 0 ? 0 : dy * x;
  }
}

CAMBIUM_SIMD void prelu_grad_rows(const float* dy, const float* x, const float* slope, float* dx,
                                  float* dslope, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; ++r, dy += n, x += n, dx += n)
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) {
      const float d = dy[j], v = x[j];
      dslope[j] += v >= 0 ? 0.0f : d * v;  // both written so that NaN passes through
      dx[j] = unless_nan(v, v < 0 ? slope[j] * d : d);
    }
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t rows = c.shape(1).rows(), n = c.shape(1).last();
  return {.run =
              [=](const KernelArgs& k) {
                auto* partial = reinterpret_cast<float*>(k.scratch);
                blocked_row_sums(rows, n, partial, [&](int64_t r, int64_t count, float* sums) {
                  prelu_grad_rows(k.f32(0) + r * n, k.f32(1) + r * n, k.f32(2), k.out_f32() + r * n,
                                  sums, count, n);
                });
                std::copy_n(partial, n, k.out_f32(1));
              },
          .scratch_bytes = norm_blocks(rows) * n * int64_t(sizeof(float))};
}
}  // namespace

extern const Op op_prelu_grad = {
    .name = "prelu_grad",
    .doc = "gradients of prelu from dy, x and the slopes",
    .min_inputs = 3,
    .max_inputs = 3,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<5>,
    .reach = reach_all,
    .in_place = first_in_place,
    .not_onnx = kOnnxGradient,
    .tolerance = 1e-5,  // sums over rows
    .samples = {{{Shape{2, 3, 5}, Shape{2, 3, 5}, Shape{5}}},
                {{Shape{200, 65}, Shape{200, 65}, Shape{65}}},
                {{Shape{4}, Shape{4}, Shape{4}}},
                {{Shape{0, 3}, Shape{0, 3}, Shape{3}}}},
};
}  // namespace cambium::op_prelu_grad
