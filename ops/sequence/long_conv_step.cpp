// long_conv_step(x [B,S,C], f [1,S,C], position i32 [1,1]) -> y [B,1,C]: long_conv at one place, of
// caches that are filled up to it: y = sum_{s <= position} f_{position - s} x_s. O(position) for
// each token, for generation; without gradient. RuntimeError for a position outside [0, S).
#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/attention/support/position.h"
#include "ops/support/bf16.h"
#include "ops/support/reach.h"
#include "ops/support/shapes.h"

namespace cambium::op_long_conv_step {
namespace {
std::vector<ValueType> shape(const Call& c) {
  const Shape &x = c.shape(0), &f = c.shape(1);
  require_f32(c, 0);
  require_f32(c, 1);
  require(x.rank() == 3, "x must be [B,S,C], got ", x);
  require(f == Shape{1, x[1], x[2]}, "the filter is ", f, ", x ", x);
  require_position(c, 2);
  return {{DType::kF32, {x[0], 1, x[2]}}};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t B = c.shape(0)[0], S = c.shape(0)[1], C = c.shape(0)[2];
  const auto position = int64_t(in[2][0]);
  check_position("long_conv_step", position, S);
  for (int64_t b = 0; b < B; ++b)
    for (int64_t s = 0; s <= position; ++s)
      for (int64_t i = 0; i < C; ++i)
        out[0][b * C + i] += in[1][(position - s) * C + i] * in[0][(b * S + s) * C + i];
}

// Channels [first, last) of one sequence.
CAMBIUM_SIMD void add_places(const float* x, const float* f, int64_t position, int64_t C,
                             int64_t first, int64_t last, float* y) {
  for (int64_t i = first; i < last; ++i) y[i] = 0;
  for (int64_t s = 0; s <= position; ++s) {
    const float *past = x + s * C, *weight = f + (position - s) * C;
#pragma GCC ivdep
    for (int64_t i = first; i < last; ++i) y[i] += weight[i] * past[i];
  }
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t B = c.shape(0)[0], S = c.shape(0)[1], C = c.shape(0)[2];
  return {.run = [=](const KernelArgs& k) {
    const int64_t position = k.i32(2)[0];
    check_position("long_conv_step", position, S);
    const int64_t grain = std::max<int64_t>(16, 16384 / (position + 1));
    for (int64_t b = 0; b < B; ++b)
      parallel_for(C, grain, [&](int64_t first, int64_t last) {
        add_places(k.f32(0) + b * S * C, k.f32(1), position, C, first, last, k.out_f32() + b * C);
      });
  }};
}

// At the last place.
Cost cost(const Call& c) {
  const auto x = double(c.shape(0).count()), f = double(c.shape(1).count());
  return {.flops = 2 * x, .bytes = 4 * (x + f + double(c.out_shape().count())), .products = 2 * x};
}

Sample sample(const Shape& x, int64_t position) {
  return {{x, Shape{1, x[1], x[2]}, {DType::kI32, {1, 1}, double(position), double(position + 1)}}};
}
}  // namespace

extern const Op op_long_conv_step;
const Op op_long_conv_step = {
    .name = "long_conv_step",
    .doc = "a long convolution at the newest of the cached places",
    .min_inputs = 3,
    .max_inputs = 3,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .bf16 = stays_f32,
    .not_onnx = kOnnxStep,
    .tolerance = 1e-5,
    .samples = {sample({2, 5, 3}, 4), sample({1, 1, 1}, 0), sample({1, 700, 37}, 650),
                sample({2, 6, 16}, 2), sample({2, 6, 4}, 0), sample({0, 3, 2}, 1),
                sample({1, 3, 0}, 2)}};
}  // namespace cambium::op_long_conv_step
