// lstm(x [B,T,4H], w [H,4H]; reverse) -> h [B,T,H], c [B,T,H], gates [B,T,4H]: the recurrent half
// of a long short-term memory; x already holds the products of the input and the biases.
//   i, f, g, o = sigmoid, sigmoid, tanh, sigmoid of x_t + h_{t-1} w   (PyTorch's order)
//   c_t = f c_{t-1} + i g,   h_t = o tanh(c_t),   h_{-1} = c_{-1} = 0
// Hochreiter and Schmidhuber 1997. c and gates (after their functions) are kept for the gradient.
#include <cmath>

#include "graph/graph.h"
#include "ops/sequence/support/recurrent.h"
#include "ops/support/bf16.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"

namespace cambium::op_lstm {
namespace {
RecurrentSizes sizes(const Call& c) {
  return recurrent_sizes(c, 4, c.as<Recurrent>().reverse);
}

std::vector<ValueType> shape(const Call& c) {
  const RecurrentSizes z = sizes(c);
  const ValueType state{DType::kF32, {z.B, z.T, z.H}};
  return {state, state, c.in[0].type()};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const Value dx = dy[0].graph->emit("lstm_grad", {c.out[2], c.in[1], c.out[1], dy[0]}, c.attrs);
  return {dx, recurrent_weights_gradient(sizes(c), c.out[0], dx)};
}

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const RecurrentSizes z = sizes(c);
  for (int64_t b = 0; b < z.B; ++b)
    for (int64_t i = 0; i < z.T; ++i) {
      const int64_t t = z.token(i), row = z.row(b, t), old = z.row(b, z.before(t));
      for (int64_t j = 0; j < 4 * z.H; ++j) {
        double sum = in[0][row * 4 * z.H + j];
        for (int64_t k = 0; k < z.H && i > 0; ++k)
          sum += out[0][old * z.H + k] * in[1][k * 4 * z.H + j];
        out[2][row * 4 * z.H + j] = j / z.H == 2 ? std::tanh(sum) : sigmoid(sum);
      }
      for (int64_t j = 0; j < z.H; ++j) {
        const auto gate = [&](int64_t g) { return out[2][(row * 4 + g) * z.H + j]; };
        const double last = i > 0 ? out[1][old * z.H + j] : 0;
        out[1][row * z.H + j] = gate(1) * last + gate(0) * gate(2);
        out[0][row * z.H + j] = gate(3) * std::tanh(out[1][row * z.H + j]);
      }
    }
}

// One step of one sequence: `sum` [4,width] is h w; h and c [width] change.
CAMBIUM_SIMD void step(int64_t n, int64_t width, const float* x, const float* sum, float* h,
                       float* c, float* y, float* c_out, float* gates) {
#pragma GCC ivdep
  for (int64_t j = 0; j < n; ++j) {
    const float i = simd_sigmoid(x[j] + sum[j]), f = simd_sigmoid(x[n + j] + sum[width + j]);
    const float g = simd_tanh(x[2 * n + j] + sum[2 * width + j]);
    const float o = simd_sigmoid(x[3 * n + j] + sum[3 * width + j]);
    const float now = f * c[j] + i * g, out = o * simd_tanh(now);
    gates[j] = i;
    gates[n + j] = f;
    gates[2 * n + j] = g;
    gates[3 * n + j] = o;
    c[j] = c_out[j] = now;
    h[j] = y[j] = out;
  }
}

void walk(const RecurrentSizes& z, const KernelArgs& k, const float* w, int64_t first, int64_t last,
          float* scratch) {
  const int64_t rows = last - first, n = z.H;
  float *h = scratch, *c = h + rows * z.width, *sum = c + rows * z.width;
  std::fill_n(scratch, rows * 2 * z.width, 0.0f);
  for (int64_t i = 0; i < z.T; ++i) {
    step_product(z, i, rows, h, w, sum);
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t at = z.row(first + r, z.token(i));
      step(n, z.width, k.f32(0) + at * 4 * n, sum + r * 4 * z.width, h + r * z.width,
           c + r * z.width, k.out_f32(0) + at * n, k.out_f32(1) + at * n,
           k.out_f32(2) + at * 4 * n);
    }
  }
}

Kernel kernel(const Call& c, Engine&) {
  const RecurrentSizes z = sizes(c);
  return recurrent_kernel(z, 6 * z.width, pack_recurrent,
                          [=](const KernelArgs& k, const float* w, int64_t first, int64_t last,
                              float* scratch) { walk(z, k, w, first, last, scratch); });
}

Cost cost(const Call& c) {
  const RecurrentSizes z = sizes(c);
  const auto rows = double(z.B * z.T * z.H);
  return {.flops = z.product_flops() + 75 * rows,
          .bytes = 4 * (10 * rows + double(c.shape(1).count())),
          .products = z.product_flops()};
}

Sample sample(int64_t b, int64_t t, int64_t h, bool reverse = false) {
  return {{Shape{b, t, 4 * h}, SampleInput(Shape{h, 4 * h}, -0.5, 0.5)}, {{"reverse", reverse}}};
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  reach_in_order(c, in, out, c.as<Recurrent>().reverse);
}
}  // namespace

extern const Op op_lstm;
const Op op_lstm = {
    .name = "lstm",
    .doc = "the recurrent half of a long short-term memory",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<Recurrent>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .bf16 = stays_f32,
    .onnx = onnx_lstm,
    .tolerance = 1e-5,
    .samples = {sample(2, 5, 3), sample(1, 1, 1), sample(13, 9, 33), sample(3, 4, 16, true),
                sample(0, 3, 2), sample(2, 0, 2), sample(2, 3, 0)}};
}  // namespace cambium::op_lstm
