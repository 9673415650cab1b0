// gru_grad(gates [B,T,4H], w [H,3H], h [B,T,H], dh [B,T,H]; reverse) -> dx, ds [B,T,3H]: the
// gradients of what the input brought and of s = h_{t-1} w + b. Backwards, with dh_t the sum of the
// gradient from outside and from the step after:
//   dn = dh_t (1 - z) (1 - n^2), dz = dh_t (h_{t-1} - n) z (1 - z), dr = dn s_n r (1 - r)
//   dx = (dr, dz, dn), ds = (dr, dz, dn r);   dh_{t-1} = ds w^T + dh_t z
#include <cmath>

#include "graph/graph.h"
#include "ops/sequence/support/recurrent.h"
#include "ops/support/bf16.h"
#include "ops/support/reach.h"

namespace cambium::op_gru_grad {
namespace {
// `gates` stands where recurrent_sizes expects x, one gate wider.
RecurrentSizes sizes(const Call& c) {
  const Shape &gates = c.shape(0), &w = c.shape(1);
  require(gates.rank() == 3 && w.rank() == 2 && w[1] == 3 * w[0] && gates[2] == 4 * w[0], "gates ",
          gates, " must be [B,T,4H] and w ", w, " [H,3H]");
  return {.B = gates[0],
          .T = gates[1],
          .H = w[0],
          .gates = 3,
          .reverse = c.as<Recurrent>().reverse,
          .width = round_up(w[0], kLanes)};
}

std::vector<ValueType> shape(const Call& c) {
  const RecurrentSizes z = sizes(c);
  for (int i = 2; i < 4; ++i)
    require(c.shape(i) == Shape{z.B, z.T, z.H}, "input ", i, " is ", c.shape(i), ", not ",
            Shape{z.B, z.T, z.H});
  const ValueType out{DType::kF32, {z.B, z.T, 3 * z.H}};
  return {out, out};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const RecurrentSizes z = sizes(c);
  for (int64_t b = 0; b < z.B; ++b) {
    std::vector<double> dh(size_t(z.H), 0.0);
    for (int64_t i = z.T - 1; i >= 0; --i) {
      const int64_t t = z.token(i), row = z.row(b, t), old = z.row(b, z.before(t));
      for (int64_t j = 0; j < z.H; ++j) {
        const auto gate = [&](int64_t g) { return in[0][(row * 4 + g) * z.H + j]; };
        const double r = gate(0), u = gate(1), n = gate(2), s = gate(3);
        const double last = i > 0 ? in[2][old * z.H + j] : 0;
        const double d = dh[size_t(j)] + in[3][row * z.H + j];
        const double dn = d * (1 - u) * (1 - n * n), dr = dn * s * r * (1 - r);
        const double du = d * (last - n) * u * (1 - u);
        const double dx[] = {dr, du, dn}, ds[] = {dr, du, dn * r};
        for (int64_t g = 0; g < 3; ++g) {
          out[0][(row * 3 + g) * z.H + j] = dx[g];
          out[1][(row * 3 + g) * z.H + j] = ds[g];
        }
        dh[size_t(j)] = d * u;
      }
      for (int64_t j = 0; j < z.H; ++j)
        for (int64_t k = 0; k < 3 * z.H; ++k)
          dh[size_t(j)] += out[1][row * 3 * z.H + k] * in[1][j * 3 * z.H + k];
    }
  }
}

// One step of one sequence, backwards; dsum [3,width] and dh [width] are the walk's own.
CAMBIUM_SIMD void step_back(int64_t n, int64_t width, const float* gates, const float* h_before,
                            const float* dy, float* dh, float* dsum, float* dx, float* ds) {
#pragma GCC ivdep
  for (int64_t j = 0; j < n; ++j) {
    const float r = gates[j], u = gates[n + j], m = gates[2 * n + j], s = gates[3 * n + j];
    const float last = h_before ? h_before[j] : 0, d = dh[j] + dy[j];
    const float dn = d * (1 - u) * (1 - m * m), dr = dn * s * r * (1 - r);
    const float du = d * (last - m) * u * (1 - u);
    dx[j] = ds[j] = dsum[j] = dr;
    dx[n + j] = ds[n + j] = dsum[width + j] = du;
    dx[2 * n + j] = dn;
    ds[2 * n + j] = dsum[2 * width + j] = dn * r;
    dh[j] = d * u;
  }
}

void walk_back(const RecurrentSizes& z, const KernelArgs& k, const float* w, int64_t first,
               int64_t last, float* scratch) {
  const int64_t rows = last - first, n = z.H;
  float *dh = scratch, *dsum = dh + rows * z.width;
  std::fill_n(scratch, rows * 4 * z.width, 0.0f);
  for (int64_t i = z.T - 1; i >= 0; --i) {
    const int64_t t = z.token(i), before = z.before(t);
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t at = z.row(first + r, t);
      const float* h_before = i > 0 ? k.f32(2) + z.row(first + r, before) * n : nullptr;
      step_back(n, z.width, k.f32(0) + at * 4 * n, h_before, k.f32(3) + at * n, dh + r * z.width,
                dsum + r * 3 * z.width, k.out_f32(0) + at * 3 * n, k.out_f32(1) + at * 3 * n);
    }
    step_product_back(z, rows, dsum, w, dh);
  }
}

Kernel kernel(const Call& c, Engine&) {
  const RecurrentSizes z = sizes(c);
  return recurrent_kernel(z, 4 * z.width, pack_recurrent_transposed,
                          [=](const KernelArgs& k, const float* w, int64_t first, int64_t last,
                              float* scratch) { walk_back(z, k, w, first, last, scratch); });
}

Cost cost(const Call& c) {
  const RecurrentSizes z = sizes(c);
  const auto rows = double(z.B * z.T * z.H);
  return {.flops = z.product_flops() + 25 * rows,
          .bytes = 4 * (12 * rows + double(c.shape(1).count())),
          .products = z.product_flops()};
}

Sample sample(int64_t b, int64_t t, int64_t h, bool reverse = false) {
  const Shape state{b, t, h};
  return {{SampleInput(Shape{b, t, 4 * h}, 0.1, 0.9), SampleInput(Shape{h, 3 * h}, -0.5, 0.5),
           state, state},
          {{"reverse", reverse}}};
}
}  // namespace

extern const Op op_gru_grad;
const Op op_gru_grad = {
    .name = "gru_grad",
    .doc = "gradients of gru for its input and its recurrent sum",
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
}  // namespace cambium::op_gru_grad
