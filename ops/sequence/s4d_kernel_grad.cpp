// s4d_kernel_grad(log_dt [C], log_a, imaginary, c_re, c_im [C,N], dK [L,C]) -> the gradients of the
// five. Everything follows from two complex sums a state, P = sum_l dK_l e^(p l) and Q = sum_l l
// dK_l e^(p l) (see S4dState::gradient); they are taken in f32 within 64 places and put together in
// double.
#include <cmath>

#include "graph/graph.h"
#include "ops/sequence/support/s4d_kernel.h"
#include "ops/support/bf16.h"
#include "ops/support/reach.h"

namespace cambium::op_s4d_kernel_grad {
namespace {
using Complex = S4dState::Complex;

std::vector<ValueType> shape(const Call& c) {
  check_s4d(c);
  require(c.shape(5).rank() == 2 && c.shape(5)[1] == c.shape(1)[0], "dK must be [L,C], got ",
          c.shape(5));
  std::vector<ValueType> out;
  for (int i = 0; i < 5; ++i) out.push_back(c.in[size_t(i)].type());
  return out;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const S4dSizes z = s4d_sizes(c);
  for (int64_t ch = 0; ch < z.C; ++ch)
    for (int64_t i = ch * z.N; i < (ch + 1) * z.N; ++i) {
      const S4dState s(in[0][ch], in[1][i], in[2][i], in[3][i], in[4][i]);
      Complex sum = 0, weighted = 0;
      for (int64_t l = 0; l < z.L; ++l) {
        const Complex term = in[5][l * z.C + ch] * s.power(l);
        sum += term;
        weighted += double(l) * term;
      }
      const auto g = s.gradient(sum, weighted);
      out[0][ch] += g.log_dt;
      out[1][i] = g.log_a;
      out[2][i] = g.imaginary;
      out[3][i] = g.c_re;
      out[4][i] = g.c_im;
    }
}

// 16 channels: e^pole, and the two sums over one chunk.
struct Packed {
  float root_re[kLanes], root_im[kLanes];
  float sum_re[kLanes], sum_im[kLanes], weighted_re[kLanes], weighted_im[kLanes];
};

// Sums of dk[l] root^l and l dk[l] root^l for l in [0, steps).
CAMBIUM_SIMD void sum_powers(const float* dk, int64_t steps, Packed& p) {
  const Lanes re = load_lanes(p.root_re), im = load_lanes(p.root_im);
  Lanes x = Lanes{} + 1.0f, y = {}, a = {}, b = {}, c = {}, d = {};
  for (int64_t l = 0; l < steps; ++l, dk += kLanes) {
    const Lanes g = load_lanes(dk), gx = g * x, gy = g * y;
    a += gx;
    b += gy;
    c += float(l) * gx;
    d += float(l) * gy;
    const Lanes next = x * re - y * im;
    y = x * im + y * re;
    x = next;
  }
  store_lanes(p.sum_re, a);
  store_lanes(p.sum_im, b);
  store_lanes(p.weighted_re, c);
  store_lanes(p.weighted_im, d);
}

// dk of 16 channels as [L,16], zeros beyond the last channel.
void pack_block(const S4dSizes& z, const float* dk, int64_t first, float* to) {
  const int64_t count = std::min(kLanes, z.C - first);
  for (int64_t l = 0; l < z.L; ++l)
    for (int64_t j = 0; j < kLanes; ++j)
      to[l * kLanes + j] = j < count ? dk[l * z.C + first + j] : 0;
}

// State n of the 16 channels from `first` on.
void differentiate(const S4dSizes& z, const KernelArgs& k, int64_t first, int64_t n,
                   const float* dk) {
  const int64_t count = std::min(kLanes, z.C - first);
  const auto state = [&](int64_t l) {
    const int64_t i = (first + l) * z.N + n;
    return S4dState(double(k.f32(0)[first + l]), double(k.f32(1)[i]), double(k.f32(2)[i]),
                    double(k.f32(3)[i]), double(k.f32(4)[i]));
  };
  Complex sum[kLanes] = {}, weighted[kLanes] = {}, at[kLanes], step[kLanes];
  Packed p = {};
  for (int64_t l = 0; l < count; ++l) {
    const S4dState s = state(l);
    const Complex root = std::exp(s.pole);
    p.root_re[l] = float(root.real());
    p.root_im[l] = float(root.imag());
    at[l] = 1;
    step[l] = std::exp(s.pole * 64.0);
  }
  for (int64_t chunk = 0; chunk < z.chunks(); ++chunk) {
    sum_powers(dk + chunk * 64 * kLanes, std::min<int64_t>(64, z.L - chunk * 64), p);
    for (int64_t l = 0; l < count; ++l) {
      const Complex one(double(p.sum_re[l]), double(p.sum_im[l]));
      const Complex two(double(p.weighted_re[l]), double(p.weighted_im[l]));
      sum[l] += at[l] * one;
      weighted[l] += at[l] * (two + double(64 * chunk) * one);
      at[l] *= step[l];
    }
  }
  for (int64_t l = 0; l < count; ++l) {
    const int64_t i = (first + l) * z.N + n;
    const auto g = state(l).gradient(sum[l], weighted[l]);
    k.out_f32(0)[first + l] += float(g.log_dt);
    k.out_f32(1)[i] = float(g.log_a);
    k.out_f32(2)[i] = float(g.imaginary);
    k.out_f32(3)[i] = float(g.c_re);
    k.out_f32(4)[i] = float(g.c_im);
  }
}

Kernel kernel(const Call& c, Engine&) {
  const S4dSizes z = s4d_sizes(c);
  const int64_t parts = z.parts();  // settled here: scratch is sized for them
  const int64_t floats = z.L * kLanes;
  const auto run = [=](const KernelArgs& k) {
    std::fill_n(k.out_f32(0), z.C, 0.0f);
    for_each_part(z.blocks(), parts, [&](int64_t part, int64_t first, int64_t last) {
      float* dk = reinterpret_cast<float*>(k.scratch) + part * floats;
      for (int64_t block = first; block < last; ++block) {
        pack_block(z, k.f32(5), block * kLanes, dk);
        for (int64_t n = 0; n < z.N; ++n) differentiate(z, k, block * kLanes, n, dk);
      }
    });
  };
  return {.run = run, .scratch_bytes = parts * floats * int64_t(sizeof(float))};
}

Cost cost(const Call& c) {
  const S4dSizes z = s4d_sizes(c);
  const double products = 8 * double(z.L) * double(z.C * z.N);  // P and Q; the powers are known
  return {.flops = products,
          .bytes = 4 * double(z.L * z.C + 8 * z.C * z.N + 2 * z.C),
          .products = products};
}

Sample sample(int64_t length, int64_t c, int64_t n) {
  const Shape s{c, n};
  return {{SampleInput(Shape{c}, -4, -1), SampleInput(s, -1.5, 0), SampleInput(s, -6, 6), s, s,
           SampleInput(Shape{length, c}, -0.1, 0.1)}};
}
}  // namespace

extern const Op op_s4d_kernel_grad;
const Op op_s4d_kernel_grad = {
    .name = "s4d_kernel_grad",
    .doc = "gradient of s4d_kernel",
    .min_inputs = 6,
    .max_inputs = 6,
    .attrs = fields_of<S4dKernel>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .bf16 = stays_f32,
    .not_onnx = kOnnxGradient,
    .tolerance = 2e-5,
    .samples = {sample(5, 3, 4), sample(1, 1, 1), sample(200, 19, 5), sample(65, 32, 2),
                sample(3, 0, 2), sample(3, 2, 0), sample(0, 2, 3)}};
}  // namespace cambium::op_s4d_kernel_grad
