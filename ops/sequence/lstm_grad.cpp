// lstm_grad(gates [B,T,4H], w [H,4H], c [B,T,H], dh [B,T,H]; reverse) -> dx [B,T,4H]. Backwards,
// with dh_t the sum of the gradient from outside and w from the step after:
//   dc_t += dh_t o (1 - tanh^2 c_t);   do = dh_t tanh(c_t) o (1 - o), di = dc_t g i (1 - i),
//   df = dc_t c_{t-1} f (1 - f), dg = dc_t i (1 - g^2);   dh_{t-1} = d(i,f,g,o) w^T, dc_{t-1} =
//   dc_t f
#include <cmath>

#include "graph/graph.h"
#include "ops/sequence/support/recurrent.h"
#include "ops/support/bf16.h"
#include "ops/support/reach.h"

namespace cambium::op_lstm_grad {
namespace {
RecurrentSizes sizes(const Call& c) {
  return recurrent_sizes(c, 4, c.as<Recurrent>().reverse);
}

std::vector<ValueType> shape(const Call& c) {
  const RecurrentSizes z = sizes(c);
  for (int i = 2; i < 4; ++i)
    require(c.shape(i) == Shape{z.B, z.T, z.H}, "input ", i, " is ", c.shape(i), ", not ",
            Shape{z.B, z.T, z.H});
  return {c.in[0].type()};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const RecurrentSizes z = sizes(c);
  for (int64_t b = 0; b < z.B; ++b) {
    std::vector<double> dh(size_t(z.H), 0.0), dc(size_t(z.H), 0.0);
    for (int64_t step = z.T - 1; step >= 0; --step) {
      const int64_t t = z.token(step), row = z.row(b, t), old = z.row(b, z.before(t));
      for (int64_t j = 0; j < z.H; ++j) {
        const auto at = [&](int64_t g) { return (row * 4 + g) * z.H + j; };
        const double i = in[0][at(0)], f = in[0][at(1)], g = in[0][at(2)], o = in[0][at(3)];
        const double th = std::tanh(in[2][row * z.H + j]);
        const double last = step > 0 ? in[2][old * z.H + j] : 0;
        const double d = dh[size_t(j)] + in[3][row * z.H + j];
        const double dcell = dc[size_t(j)] + d * o * (1 - th * th);
        out[0][at(0)] = dcell * g * i * (1 - i);
        out[0][at(1)] = dcell * last * f * (1 - f);
        out[0][at(2)] = dcell * i * (1 - g * g);
        out[0][at(3)] = d * th * o * (1 - o);
        dc[size_t(j)] = dcell * f;
      }
      for (int64_t j = 0; j < z.H; ++j) {
        dh[size_t(j)] = 0;
        for (int64_t k = 0; k < 4 * z.H; ++k)
          dh[size_t(j)] += out[0][row * 4 * z.H + k] * in[1][j * 4 * z.H + k];
      }
    }
  }
}

// One step of one sequence, backwards; dsum [4,width], dh and dc [width] are the walk's own.
CAMBIUM_SIMD void step_back(int64_t n, int64_t width, const float* gates, const float* c,
                            const float* c_before, const float* dy, float* dh, float* dc,
                            float* dsum, float* dx) {
#pragma GCC ivdep
  for (int64_t j = 0; j < n; ++j) {
    const float i = gates[j], f = gates[n + j], g = gates[2 * n + j], o = gates[3 * n + j];
    const float th = simd_tanh(c[j]), d = dh[j] + dy[j];
    const float dcell = dc[j] + d * o * (1 - th * th);
    const float last = c_before ? c_before[j] : 0;
    const float di = dcell * g * i * (1 - i), df = dcell * last * f * (1 - f);
    const float dg = dcell * i * (1 - g * g), dout = d * th * o * (1 - o);
    dx[j] = dsum[j] = di;
    dx[n + j] = dsum[width + j] = df;
    dx[2 * n + j] = dsum[2 * width + j] = dg;
    dx[3 * n + j] = dsum[3 * width + j] = dout;
    dc[j] = dcell * f;
    dh[j] = 0;
  }
}

void walk_back(const RecurrentSizes& z, const KernelArgs& k, const float* w, int64_t first,
               int64_t last, float* scratch) {
  const int64_t rows = last - first, n = z.H;
  float *dh = scratch, *dc = dh + rows * z.width, *dsum = dc + rows * z.width;
  std::fill_n(scratch, rows * 6 * z.width, 0.0f);
  for (int64_t i = z.T - 1; i >= 0; --i) {
    const int64_t t = z.token(i), before = z.before(t);
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t at = z.row(first + r, t);
      const float* c_before = i > 0 ? k.f32(2) + z.row(first + r, before) * n : nullptr;
      step_back(n, z.width, k.f32(0) + at * 4 * n, k.f32(2) + at * n, c_before, k.f32(3) + at * n,
                dh + r * z.width, dc + r * z.width, dsum + r * 4 * z.width,
                k.out_f32() + at * 4 * n);
    }
    step_product_back(z, rows, dsum, w, dh);
  }
}

Kernel kernel(const Call& c, Engine&) {
  const RecurrentSizes z = sizes(c);
  return recurrent_kernel(z, 6 * z.width, pack_recurrent_transposed,
                          [=](const KernelArgs& k, const float* w, int64_t first, int64_t last,
                              float* scratch) { walk_back(z, k, w, first, last, scratch); });
}

Cost cost(const Call& c) {
  const RecurrentSizes z = sizes(c);
  const auto rows = double(z.B * z.T * z.H);
  return {.flops = z.product_flops() + 45 * rows,
          .bytes = 4 * (11 * rows + double(c.shape(1).count())),
          .products = z.product_flops()};
}

Sample sample(int64_t b, int64_t t, int64_t h, bool reverse = false) {
  const Shape state{b, t, h};
  return {{SampleInput(Shape{b, t, 4 * h}, 0.1, 0.9), SampleInput(Shape{h, 4 * h}, -0.5, 0.5),
           state, state},
          {{"reverse", reverse}}};
}
}  // namespace

extern const Op op_lstm_grad;
const Op op_lstm_grad = {
    .name = "lstm_grad",
    .doc = "gradient of lstm for its input, from what it kept",
    .min_inputs = 4,
    .max_inputs = 4,
    .attrs = fields_of<Recurrent>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .bf16 = stays_f32,
    .not_onnx = kOnnxGradient,
    .tolerance = 1e-5,
    .samples = {sample(2, 5, 3), sample(1, 1, 1), sample(13, 9, 33), sample(3, 4, 16, true),
                sample(0, 3, 2), sample(2, 0, 2), sample(2, 3, 0)}};
}  // namespace cambium::op_lstm_grad
