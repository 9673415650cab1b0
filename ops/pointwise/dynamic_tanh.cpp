// dynamic_tanh: y = gamma tanh(alpha x) + beta, which stands where a norm would. Zhu et al. 2025,
// arXiv 2503.10622.
//   x, y: [..., C]   alpha: [1]   gamma, beta: [C]
#include <cmath>

#include "ops/norm/support/norm.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"

namespace cambium::op_dynamic_tanh {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require_norm_inputs(c, 0, std::array{2, 3});
  require_f32(c, 1);
  require(c.shape(1) == Shape{1}, "alpha is [1], got ", c.shape(1));
  return {{DType::kF32, c.shape(0)}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const Value dx = dy[0].graph->emit("dynamic_tanh_grad", {dy[0], c.in[0], c.in[1], c.in[2]});
  return {dx, dx.nth(1), dx.nth(2), dx.nth(3)};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t n = c.shape(0).last();
  for (int64_t i = 0; i < in[0].size(); ++i)
    out[0][i] = std::tanh(in[1][0] * in[0][i]) * in[2][i % n] + in[3][i % n];
}

CAMBIUM_SIMD void dynamic_tanh_rows(const float* x, float alpha, const float* gamma,
                                    const float* beta, float* y, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; ++r, x += n, y += n)
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) y[j] = simd_tanh(alpha * x[j]) * gamma[j] + beta[j];
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t rows = c.shape(0).rows(), n = c.shape(0).last();
  return {.run = [=](const KernelArgs& k) {
    parallel_for(rows, kPointwiseGrain / (n + 1) + 1, [&](int64_t begin, int64_t end) {
      dynamic_tanh_rows(k.f32(0) + begin * n, *k.f32(1), k.f32(2), k.f32(3),
                        k.out_f32() + begin * n, end - begin, n);
    });
  }};
}
}  // namespace

extern const Op op_dynamic_tanh = {
    .name = "dynamic_tanh",
    .doc = "tanh of alpha x, then scaled and shifted by channel",
    .min_inputs = 4,
    .max_inputs = 4,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<18>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .cheap = true,
    .onnx = onnx_dynamic_tanh,
    .samples = {{{Shape{2, 3, 5}, Shape{1}, Shape{5}, Shape{5}}},
                {{Shape{200, 65}, Shape{1}, Shape{65}, Shape{65}}},
                {{Shape{4}, Shape{1}, Shape{4}, Shape{4}}},
                {{Shape{0, 3}, Shape{1}, Shape{3}, Shape{3}}}},
};
}  // namespace cambium::op_dynamic_tanh
