// gru(x [B,T,3H], w [H,3H], optional b [3H]; reverse) -> h [B,T,H], gates [B,T,4H]: the recurrent
// half of a gated recurrent unit; x already holds the products of the input and its biases.
//   s = h_{t-1} w + b;  r, z = sigmoid(x_r + s_r), sigmoid(x_z + s_z);  n = tanh(x_n + r s_n)
//   h_t = (1 - z) n + z h_{t-1},   h_{-1} = 0   (PyTorch's form and order r, z, n)
// Cho et al. 2014, arXiv 1406.1078. gates holds r, z, n and s_n for the gradient.
#include <cmath>

#include "graph/graph.h"
#include "ops/sequence/support/recurrent.h"
#include "ops/support/bf16.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"

namespace cambium::op_gru {
namespace {
RecurrentSizes sizes(const Call& c) {
  return recurrent_sizes(c, 3, c.as<Recurrent>().reverse);
}

std::vector<ValueType> shape(const Call& c) {
  const RecurrentSizes z = sizes(c);
  require(!c.has(2) || c.shape(2) == Shape{3 * z.H}, "b must be ", Shape{3 * z.H});
  return {{DType::kF32, {z.B, z.T, z.H}}, {DType::kF32, {z.B, z.T, 4 * z.H}}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  Graph& g = *dy[0].graph;
  const Value dx = g.emit("gru_grad", {c.out[1], c.in[1], c.out[0], dy[0]}, c.attrs);
  const Value dsum = dx.nth(1);
  std::vector<Value> out = {dx, recurrent_weights_gradient(sizes(c), c.out[0], dsum)};
  if (c.has(2)) out.push_back(g.emit("reduce_sum", {dsum}, {{"axes", std::vector<int64_t>{0, 1}}}));
  out.resize(c.in.size());
  return out;
}

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const RecurrentSizes z = sizes(c);
  for (int64_t b = 0; b < z.B; ++b)
    for (int64_t i = 0; i < z.T; ++i) {
      const int64_t t = z.token(i), row = z.row(b, t), old = z.row(b, z.before(t));
      for (int64_t j = 0; j < z.H; ++j) {
        double sum[3] = {};
        for (int64_t g = 0; g < 3; ++g) {
          if (c.has(2)) sum[g] = in[2][g * z.H + j];
          for (int64_t k = 0; k < z.H && i > 0; ++k)
            sum[g] += out[0][old * z.H + k] * in[1][(k * 3 + g) * z.H + j];
        }
        const auto x = [&](int64_t g) { return in[0][(row * 3 + g) * z.H + j]; };
        const double r = sigmoid(x(0) + sum[0]), u = sigmoid(x(1) + sum[1]);
        const double n = std::tanh(x(2) + r * sum[2]);
        const double kept[] = {r, u, n, sum[2]};
        for (int64_t g = 0; g < 4; ++g) out[1][(row * 4 + g) * z.H + j] = kept[g];
        out[0][row * z.H + j] = (1 - u) * n + u * (i > 0 ? out[0][old * z.H + j] : 0);
      }
    }
}

// One step of one sequence: `sum` [3,width] is h w; h [width] changes.
CAMBIUM_SIMD void step(int64_t n, int64_t width, const float* x, const float* sum, const float* b,
                       float* h, float* y, float* gates) {
#pragma GCC ivdep
  for (int64_t j = 0; j < n; ++j) {
    const float r = simd_sigmoid(x[j] + (sum[j] + b[j]));
    const float u = simd_sigmoid(x[n + j] + (sum[width + j] + b[width + j]));
    const float s = sum[2 * width + j] + b[2 * width + j];
    const float m = simd_tanh(x[2 * n + j] + r * s);
    gates[j] = r;
    gates[n + j] = u;
    gates[2 * n + j] = m;
    gates[3 * n + j] = s;
    h[j] = y[j] = m + u * (h[j] - m);
  }
}

void walk(const RecurrentSizes& z, const KernelArgs& k, const float* w, const float* b,
          int64_t first, int64_t last, float* scratch) {
  const int64_t rows = last - first, n = z.H;
  float *h = scratch, *sum = h + rows * z.width;
  std::fill_n(h, rows * z.width, 0.0f);
  for (int64_t i = 0; i < z.T; ++i) {
    step_product(z, i, rows, h, w, sum);
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t at = z.row(first + r, z.token(i));
      step(n, z.width, k.f32(0) + at * 3 * n, sum + r * 3 * z.width, b, h + r * z.width,
           k.out_f32(0) + at * n, k.out_f32(1) + at * 4 * n);
    }
  }
}

Kernel kernel(const Call& c, Engine&) {
  const RecurrentSizes z = sizes(c);
  const RecurrentScratch s(z, 4 * z.width);
  const bool bias = c.has(2);
  const auto run = [=](const KernelArgs& k) {
    pack_recurrent(z, k.f32(1), s.packed(k));
    float* b = reinterpret_cast<float*>(k.scratch + s.bytes);  // [3,width]
    std::fill_n(b, 3 * z.width, 0.0f);
    for (int64_t g = 0; g < 3 && bias; ++g) std::copy_n(k.f32(2) + g * z.H, z.H, b + g * z.width);
    for_each_part(z.B, s.count, [&](int64_t part, int64_t first, int64_t last) {
      walk(z, k, s.packed(k), b, first, last, s.part(k, part));
    });
  };
  return {.run = run, .scratch_bytes = s.bytes + 3 * z.width * 4};
}

Cost cost(const Call& c) {
  const RecurrentSizes z = sizes(c);
  const auto rows = double(z.B * z.T * z.H);
  return {.flops = z.product_flops() + 60 * rows,
          .bytes = 4 * (8 * rows + double(c.shape(1).count())),
          .products = z.product_flops()};
}

Sample sample(int64_t b, int64_t t, int64_t h, bool bias, bool reverse = false) {
  Sample s{{Shape{b, t, 3 * h}, SampleInput(Shape{h, 3 * h}, -0.5, 0.5)}, {{"reverse", reverse}}};
  if (bias) s.inputs.push_back(Shape{3 * h});
  return s;
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  reach_in_order(c, in, out, c.as<Recurrent>().reverse);
}
}  // namespace

extern const Op op_gru;
const Op op_gru = {
    .name = "gru",
    .doc = "the recurrent half of a gated recurrent unit",
    .min_inputs = 2,
    .max_inputs = 3,
    .attrs = fields_of<Recurrent>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .bf16 = stays_f32,
    .onnx = onnx_gru,
    .tolerance = 1e-5,
    .samples = {sample(2, 5, 3, true), sample(1, 1, 1, false), sample(13, 9, 33, true),
                sample(3, 4, 16, false, true), sample(0, 3, 2, true), sample(2, 0, 2, true),
                sample(2, 3, 0, true)}};
}  // namespace cambium::op_gru
