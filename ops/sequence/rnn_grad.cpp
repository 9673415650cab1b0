// rnn_grad(h [B,T,H], w [H,H], dh [B,T,H]; activation, reverse) -> dx [B,T,H], backwards:
//   dx_t = (dh_t + dx_{t+1} w^T) f', with f' = 1 - h_t^2 for tanh, and [h_t > 0] for relu
#include <cmath>

#include "graph/graph.h"
#include "ops/sequence/support/recurrent.h"
#include "ops/sequence/support/rnn.h"
#include "ops/support/bf16.h"
#include "ops/support/reach.h"

namespace cambium::op_rnn_grad {
namespace {
std::vector<ValueType> shape(const Call& c) {
  recurrent_sizes(c, 1, false);
  require(c.shape(2) == c.shape(0), "dh is ", c.shape(2), ", h is ", c.shape(0));
  return {c.in[0].type()};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const RecurrentSizes z = recurrent_sizes(c, 1, c.as<Rnn>().reverse);
  for (int64_t b = 0; b < z.B; ++b) {
    std::vector<double> dh(size_t(z.H), 0.0);
    for (int64_t i = z.T - 1; i >= 0; --i) {
      const int64_t row = z.row(b, z.token(i)) * z.H;
      for (int64_t j = 0; j < z.H; ++j) {
        const double h = in[0][row + j], slope = c.as<Rnn>().relu() ? double(h > 0) : 1 - h * h;
        out[0][row + j] = (dh[size_t(j)] + in[2][row + j]) * slope;
      }
      for (int64_t j = 0; j < z.H; ++j) {
        dh[size_t(j)] = 0;
        for (int64_t k = 0; k < z.H; ++k) dh[size_t(j)] += out[0][row + k] * in[1][j * z.H + k];
      }
    }
  }
}

CAMBIUM_SIMD void step_back(int64_t n, bool relu, const float* h, const float* dy, float* dh,
                            float* dsum, float* dx) {
#pragma GCC ivdep
  for (int64_t j = 0; j < n; ++j) {
    const float slope = relu ? (h[j] > 0 ? 1.0f : 0.0f) : 1 - h[j] * h[j];
    dx[j] = dsum[j] = (dh[j] + dy[j]) * slope;
    dh[j] = 0;
  }
}

void walk_back(const RecurrentSizes& z, bool relu, const KernelArgs& k, const float* w,
               int64_t first, int64_t last, float* scratch) {
  const int64_t rows = last - first, n = z.H;
  float *dh = scratch, *dsum = dh + rows * z.width;
  std::fill_n(scratch, rows * 2 * z.width, 0.0f);
  for (int64_t i = z.T - 1; i >= 0; --i) {
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t at = z.row(first + r, z.token(i)) * n;
      step_back(n, relu, k.f32(0) + at, k.f32(2) + at, dh + r * z.width, dsum + r * z.width,
                k.out_f32() + at);
    }
    step_product_back(z, rows, dsum, w, dh);
  }
}

Kernel kernel(const Call& c, Engine&) {
  const RecurrentSizes z = recurrent_sizes(c, 1, c.as<Rnn>().reverse);
  const bool relu = c.as<Rnn>().relu();
  return recurrent_kernel(z, 2 * z.width, pack_recurrent_transposed,
                          [=](const KernelArgs& k, const float* w, int64_t first, int64_t last,
                              float* scratch) { walk_back(z, relu, k, w, first, last, scratch); });
}

Cost cost(const Call& c) {
  const RecurrentSizes z = recurrent_sizes(c, 1, false);
  const auto rows = double(z.B * z.T * z.H);
  return {.flops = z.product_flops() + 4 * rows,
          .bytes = 4 * (3 * rows + double(c.shape(1).count())),
          .products = z.product_flops()};
}

Sample sample(int64_t b, int64_t t, int64_t h, std::string activation, bool reverse = false) {
  const Shape state{b, t, h};
  return {{SampleInput(state, -0.9, 0.9), SampleInput(Shape{h, h}, -0.5, 0.5), state},
          {{"activation", std::move(activation)}, {"reverse", reverse}}};
}
}  // namespace

extern const Op op_rnn_grad;
const Op op_rnn_grad = {
    .name = "rnn_grad",
    .doc = "gradient of rnn for its input, from its result",
    .min_inputs = 3,
    .max_inputs = 3,
    .attrs = fields_of<Rnn>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .bf16 = stays_f32,
    .not_onnx = kOnnxGradient,
    .tolerance = 1e-5,
    .samples = {sample(2, 5, 3, "tanh"), sample(1, 1, 1, "tanh"), sample(13, 9, 33, "relu"),
                sample(3, 4, 16, "relu", true), sample(0, 3, 2, "tanh"), sample(2, 0, 2, "tanh"),
                sample(2, 3, 0, "tanh")}};
}  // namespace cambium::op_rnn_grad
