// rnn(x [B,T,H], w [H,H]; activation, reverse) -> h [B,T,H]: h_t = f(x_t + h_{t-1} w), h_{-1} = 0,
// with f tanh or relu; x already holds the products of the input and the biases. Elman 1990.
#include "ops/sequence/support/rnn.h"

#include <cmath>

#include "graph/graph.h"
#include "ops/sequence/support/recurrent.h"
#include "ops/support/bf16.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"

namespace cambium::op_rnn {
namespace {
std::vector<ValueType> shape(const Call& c) {
  recurrent_sizes(c, 1, false);
  return {c.in[0].type()};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const RecurrentSizes z = recurrent_sizes(c, 1, c.as<Rnn>().reverse);
  const Value dx = dy[0].graph->emit("rnn_grad", {c.out[0], c.in[1], dy[0]}, c.attrs);
  return {dx, recurrent_weights_gradient(z, c.out[0], dx)};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const RecurrentSizes z = recurrent_sizes(c, 1, c.as<Rnn>().reverse);
  for (int64_t b = 0; b < z.B; ++b)
    for (int64_t i = 0; i < z.T; ++i) {
      const int64_t t = z.token(i), row = z.row(b, t), old = z.row(b, z.before(t));
      for (int64_t j = 0; j < z.H; ++j) {
        double sum = in[0][row * z.H + j];
        for (int64_t k = 0; k < z.H && i > 0; ++k)
          sum += out[0][old * z.H + k] * in[1][k * z.H + j];
        out[0][row * z.H + j] = c.as<Rnn>().relu() ? std::max(sum, 0.0) : std::tanh(sum);
      }
    }
}

CAMBIUM_SIMD void step(int64_t n, bool relu, const float* x, const float* sum, float* h, float* y) {
#pragma GCC ivdep
  for (int64_t j = 0; j < n; ++j) {
    const float v = x[j] + sum[j];
    h[j] = y[j] = relu ? (v < 0 ? 0.0f : v) : simd_tanh(v);
  }
}

void walk(const RecurrentSizes& z, bool relu, const KernelArgs& k, const float* w, int64_t first,
          int64_t last, float* scratch) {
  const int64_t rows = last - first, n = z.H;
  float *h = scratch, *sum = h + rows * z.width;
  std::fill_n(h, rows * z.width, 0.0f);
  for (int64_t i = 0; i < z.T; ++i) {
    step_product(z, i, rows, h, w, sum);
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t at = z.row(first + r, z.token(i)) * n;
      step(n, relu, k.f32(0) + at, sum + r * z.width, h + r * z.width, k.out_f32() + at);
    }
  }
}

Kernel kernel(const Call& c, Engine&) {
  const RecurrentSizes z = recurrent_sizes(c, 1, c.as<Rnn>().reverse);
  const bool relu = c.as<Rnn>().relu();
  return recurrent_kernel(z, 2 * z.width, pack_recurrent,
                          [=](const KernelArgs& k, const float* w, int64_t first, int64_t last,
                              float* scratch) { walk(z, relu, k, w, first, last, scratch); });
}

Cost cost(const Call& c) {
  const RecurrentSizes z = recurrent_sizes(c, 1, false);
  const auto rows = double(z.B * z.T * z.H);
  return {.flops = z.product_flops() + 15 * rows,
          .bytes = 4 * (2 * rows + double(c.shape(1).count())),
          .products = z.product_flops()};
}

// tanh only: relu has a kink at 0, and rnn_grad's own samples cover it.
Sample sample(int64_t b, int64_t t, int64_t h, bool reverse = false) {
  return {{Shape{b, t, h}, SampleInput(Shape{h, h}, -0.2, 0.2)}, {{"reverse", reverse}}};
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  reach_in_order(c, in, out, c.as<Rnn>().reverse);
}
}  // namespace

extern const Op op_rnn;
const Op op_rnn = {
    .name = "rnn",
    .doc = "the recurrent half of a simple recurrent network",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<Rnn>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .bf16 = stays_f32,
    .onnx = onnx_rnn,
    .tolerance = 1e-5,
    .samples = {sample(2, 5, 3),
                sample(1, 1, 1),
                sample(13, 9, 33),
                sample(3, 4, 16, true),
                {{SampleInput(Shape{2, 4, 5}, 0.5, 2), SampleInput(Shape{5, 5}, 0, 0.3)},
                 {{"activation", "relu"}}},
                sample(0, 3, 2),
                sample(2, 0, 2),
                sample(2, 3, 0)}};
}  // namespace cambium::op_rnn
