// s4d_kernel(log_dt [C], log_a [C,N], imaginary [C,N], c_re [C,N], c_im [C,N]; length) -> K [L,C]:
// the convolution kernel of a diagonal state space, discretised by zero-order hold:
//   A = -e^log_a + i imaginary,  p = dt A,  K_l = 2 Re sum_n c_n (e^p_n - 1) / A_n e^(p_n l)
// N states stand for 2 N, one of each conjugate pair. Gu et al. 2022, arXiv 2206.11893, eq. 8
// and 9. Powers of e^p are taken in f32 within 64 places, and from there on in double, so that
// their error does not grow with the length; lanes are 16 channels, blocks of which run in
// parallel.
#include "ops/sequence/support/s4d_kernel.h"

#include <cmath>

#include "graph/graph.h"
#include "ops/message/support/edge_reach.h"
#include "ops/support/bf16.h"
#include "ops/support/onnx/rules.h"

namespace cambium::op_s4d_kernel {
namespace {
std::vector<ValueType> shape(const Call& c) {
  check_s4d(c);
  const S4dSizes z = s4d_sizes(c);
  return {{DType::kF32, {z.L, z.C}}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const Value d =
      dy[0].graph->emit("s4d_kernel_grad", {c.in[0], c.in[1], c.in[2], c.in[3], c.in[4], dy[0]});
  return {d, d.nth(1), d.nth(2), d.nth(3), d.nth(4)};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const S4dSizes z = s4d_sizes(c);
  for (int64_t ch = 0; ch < z.C; ++ch)
    for (int64_t i = ch * z.N; i < (ch + 1) * z.N; ++i) {
      const S4dState s(in[0][ch], in[1][i], in[2][i], in[3][i], in[4][i]);
      for (int64_t l = 0; l < z.L; ++l) out[0][l * z.C + ch] += 2 * (s.weight * s.power(l)).real();
    }
}

// 16 channels of one state: e^pole, weight e^(64 pole k) of the chunk k that is next, e^(64 pole).
struct Walk {
  float root_re[kLanes], root_im[kLanes], at_re[kLanes], at_im[kLanes];
  S4dState::Complex at[kLanes], step[kLanes];
};

// out[l] += 2 Re(at root^l) for l in [0, steps).
CAMBIUM_SIMD void add_powers(const Walk& p, int64_t steps, float* out) {
  const Lanes re = load_lanes(p.root_re), im = load_lanes(p.root_im);
  Lanes x = load_lanes(p.at_re) * 2.0f, y = load_lanes(p.at_im) * 2.0f;
  for (int64_t l = 0; l < steps; ++l, out += kLanes) {
    store_lanes(out, load_lanes(out) + x);
    const Lanes next = x * re - y * im;
    y = x * im + y * re;
    x = next;
  }
}

void start(const S4dSizes& z, const KernelArgs& k, int64_t first, int64_t n, Walk& w) {
  for (int64_t l = 0; l < kLanes; ++l) {
    w.root_re[l] = w.root_im[l] = 0;
    w.at[l] = w.step[l] = 0;
    if (first + l >= z.C) continue;
    const int64_t i = (first + l) * z.N + n;
    const S4dState s(double(k.f32(0)[first + l]), double(k.f32(1)[i]), double(k.f32(2)[i]),
                     double(k.f32(3)[i]), double(k.f32(4)[i]));
    const S4dState::Complex root = std::exp(s.pole);
    w.root_re[l] = float(root.real());
    w.root_im[l] = float(root.imag());
    w.at[l] = s.weight;
    w.step[l] = std::exp(s.pole * 64.0);
  }
}

// The kernels of 16 channels; `walks` has room for N.
void fill_block(const S4dSizes& z, const KernelArgs& k, int64_t first, Walk* walks) {
  const int64_t count = std::min(kLanes, z.C - first);
  for (int64_t n = 0; n < z.N; ++n) start(z, k, first, n, walks[n]);
  for (int64_t chunk = 0; chunk < z.chunks(); ++chunk) {
    const int64_t steps = std::min<int64_t>(64, z.L - chunk * 64);
    float sum[64 * kLanes] = {};
    for (Walk* w = walks; w < walks + z.N; ++w) {
      for (int64_t l = 0; l < kLanes; ++l) {
        w->at_re[l] = float(w->at[l].real());
        w->at_im[l] = float(w->at[l].imag());
        w->at[l] *= w->step[l];
      }
      add_powers(*w, steps, sum);
    }
    for (int64_t l = 0; l < steps; ++l)
      std::copy_n(sum + l * kLanes, count, k.out_f32() + (chunk * 64 + l) * z.C + first);
  }
}

Kernel kernel(const Call& c, Engine&) {
  const S4dSizes z = s4d_sizes(c);
  const int64_t parts = z.parts();  // settled here: scratch is sized for them
  const int64_t walk_bytes = round_up(z.N * int64_t(sizeof(Walk)), 64);
  const auto run = [=](const KernelArgs& k) {
    for_each_part(z.blocks(), parts, [&](int64_t part, int64_t first, int64_t last) {
      auto* walks = reinterpret_cast<Walk*>(k.scratch + part * walk_bytes);
      for (int64_t block = first; block < last; ++block) fill_block(z, k, block * kLanes, walks);
    });
  };
  return {.run = run, .scratch_bytes = parts * walk_bytes};
}

Cost cost(const Call& c) {
  const S4dSizes z = s4d_sizes(c);
  const double terms = double(z.L) * double(z.C * z.N);  // a power and its part of the sum each
  return {.flops = 8 * terms,
          .bytes = 4 * double(z.L * z.C + 4 * z.C * z.N + z.C),
          .products = 4 * terms};
}

Sample sample(int64_t length, int64_t c, int64_t n) {
  const Shape s{c, n};
  return {{SampleInput(Shape{c}, -4, -1), SampleInput(s, -1.5, 0), SampleInput(s, -6, 6), s, s},
          {{"length", length}}};
}

// A channel of the kernel hears its own numbers.
void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const S4dSizes z = s4d_sizes(c);
  if (z.L * z.C == 0) return;
  for (const Reach& x : in)
    out[0] = joined(out[0], reshaped(without_channels(x), {1, z.C}), out[0].shape);
}
}  // namespace

extern const Op op_s4d_kernel;
const Op op_s4d_kernel = {
    .name = "s4d_kernel",
    .doc = "the convolution kernel of a diagonal state space",
    .min_inputs = 5,
    .max_inputs = 5,
    .attrs = fields_of<S4dKernel>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .bf16 = stays_f32,
    .onnx = onnx_s4d_kernel,
    .tolerance = 1e-5,
    .samples = {sample(5, 3, 4), sample(1, 1, 1), sample(200, 19, 5), sample(65, 32, 2),
                sample(3, 0, 2), sample(3, 2, 0), sample(0, 2, 3)}};
}  // namespace cambium::op_s4d_kernel
