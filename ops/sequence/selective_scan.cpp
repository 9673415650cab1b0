// selective_scan(x [B,T,C], dt [B,T,C], A [C,N], B [B,T,N], C [B,T,N], optional D [C]; softplus)
//   -> y [B,T,C], states [B,K,R,N,16]: the state space layer of Mamba, with s = softplus(dt):
//   h_t[c,n] = e^(s_t[c] A[c,n]) h_{t-1}[c,n] + s_t[c] B_t[n] x_t[c]
//   y_t[c] = sum_n C_t[n] h_t[c,n] + D[c] x_t[c]
// Gu and Dao 2023, arXiv 2312.00752, algorithm 2. Steps follow one another; 16 channels are the
// lanes of a register and their N states stay in L1; batch and blocks of channels run in parallel.
// [B,T,C,N] is never stored: the gradient starts from the states kept every 64 steps (K of them,
// for R blocks of 16 channels), which pass no gradient of their own.
#include "ops/sequence/support/selective_scan.h"

#include <cmath>

#include "graph/graph.h"
#include "ops/support/bf16.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"

namespace cambium::op_selective_scan {
namespace {
using namespace selective;

std::vector<ValueType> shape(const Call& c) {
  check_selective_scan(c);
  const SelectiveSizes z = selective_sizes(c);
  return {c.in[kX].type(), {DType::kF32, {z.B, z.chunks(), z.blocks(), z.N, kLanes}}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const Value d = dy[0].graph->emit("selective_scan_grad",
                                    {c.in[kX], c.in[kDt], c.in[kA], c.in[kB], c.in[kC],
                                     c.has(kD) ? c.in[kD] : Value{}, dy[0], c.out[1]},
                                    c.attrs);
  std::vector<Value> out = {d, d.nth(1), d.nth(2), d.nth(3), d.nth(4)};
  if (c.has(kD)) out.push_back(d.nth(5));
  out.resize(c.in.size());
  return out;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const SelectiveSizes z = selective_sizes(c);
  for (int64_t b = 0; b < z.B; ++b)
    for (int64_t i = 0; i < z.C; ++i) {
      std::vector<double> h(size_t(z.N), 0.0);
      for (int64_t t = 0; t < z.T; ++t) {
        const int64_t at = (b * z.T + t) * z.C + i, row = (b * z.T + t) * z.N;
        const double x = in[kX][at], s = z.softplus ? softplus_of(in[kDt][at]) : in[kDt][at];
        for (int64_t n = 0; n < z.N && t % kStateChunk == 0; ++n)
          out[1][z.kept(b, t / kStateChunk, i / kLanes) + n * kLanes + i % kLanes] = h[size_t(n)];
        for (int64_t n = 0; n < z.N; ++n) {
          double& state = h[size_t(n)];
          state = std::exp(s * in[kA][i * z.N + n]) * state + s * in[kB][row + n] * x;
          out[0][at] += in[kC][row + n] * state;
        }
        if (z.skip) out[0][at] += in[kD][i] * x;
      }
    }
}

struct Problem {
  SelectiveSizes z;
  const float *x, *dt, *a, *b, *c, *d;
  float *y, *states;
};

// Pieces of one thread's scratch, in floats.
struct Workspace {
  int64_t x, dt, y, rates, state, total;

  explicit Workspace(const SelectiveSizes& z) {
    Scratch s;
    const auto piece = [&](int64_t count) { return s.add_f32(count) / int64_t(sizeof(float)); };
    x = piece(kStateChunk * kLanes);
    dt = piece(kStateChunk * kLanes);
    y = piece(kStateChunk * kLanes);
    rates = piece(z.N * kLanes);
    state = piece(z.N * kLanes);
    total = s.bytes / int64_t(sizeof(float));
  }
};

// One chunk of one block; x, dt and y are [steps,16], b and c rows of [steps,N].
[[gnu::always_inline]] inline void scan_chunk(int64_t steps, int64_t states, const float* x,
                                              const float* dt, const float* b, const float* c,
                                              const float* rates, float* h, float* y) {
  for (int64_t t = 0; t < steps; ++t, b += states, c += states) {
    const Lanes step = load_lanes(dt + t * kLanes), push = step * load_lanes(x + t * kLanes);
    Lanes sum = load_lanes(y + t * kLanes);
    for (int64_t n = 0; n < states; ++n) {
      const Lanes now =
          exp_lanes(step * load_lanes(rates + n * kLanes)) * load_lanes(h + n * kLanes) +
          push * b[n];
      store_lanes(h + n * kLanes, now);
      sum += c[n] * now;
    }
    store_lanes(y + t * kLanes, sum);
  }
}

[[gnu::always_inline]] inline void scan_block(const Problem& p, int64_t b, int64_t block,
                                              const Workspace& w, float* scratch) {
  const SelectiveSizes& z = p.z;
  const int64_t first = block * kLanes, count = std::min(kLanes, z.C - first);
  float *x = scratch + w.x, *dt = scratch + w.dt, *y = scratch + w.y, *h = scratch + w.state;
  float skip[kLanes] = {};
  for (int64_t l = 0; l < count && z.skip; ++l) skip[l] = p.d[first + l];
  pack_rates(z, p.a, block, scratch + w.rates);
  std::fill_n(h, z.N * kLanes, 0.0f);
  for (int64_t chunk = 0; chunk < z.chunks(); ++chunk) {
    const int64_t t0 = chunk * kStateChunk, steps = std::min(kStateChunk, z.T - t0);
    const int64_t at = (b * z.T + t0) * z.C + first, row = (b * z.T + t0) * z.N;
    std::copy_n(h, z.N * kLanes, p.states + z.kept(b, chunk, block));
    pack_lanes(p.x + at, z.C, steps, count, x);
    pack_lanes(p.dt + at, z.C, steps, count, dt);
    if (z.softplus) soften(dt, steps * kLanes);
    for (int64_t i = 0; i < steps * kLanes; ++i) y[i] = skip[i % kLanes] * x[i];
    scan_chunk(steps, z.N, x, dt, p.b + row, p.c + row, scratch + w.rates, h, y);
    unpack_lanes(y, steps, count, p.y + at, z.C);
  }
}

// Items [first, last) of (sequence, block of channels).
CAMBIUM_SIMD void scan_blocks(const Problem& p, int64_t first, int64_t last, float* scratch) {
  const Workspace w(p.z);
  for (int64_t item = first; item < last; ++item)
    scan_block(p, item / p.z.blocks(), item % p.z.blocks(), w, scratch);
}

Kernel kernel(const Call& c, Engine&) {
  const SelectiveSizes z = selective_sizes(c);
  const int64_t items = z.B * z.blocks(), floats = Workspace(z).total;
  const int64_t parts = z.states() < 5000 ? 1 : part_count(items);
  const auto run = [=](const KernelArgs& k) {
    const Problem p{z,
                    k.f32(kX),
                    k.f32(kDt),
                    k.f32(kA),
                    k.f32(kB),
                    k.f32(kC),
                    z.skip ? k.f32(kD) : nullptr,
                    k.out_f32(0),
                    k.out_f32(1)};
    float* scratch = reinterpret_cast<float*>(k.scratch);
    for_each_part(items, parts, [&](int64_t part, int64_t first, int64_t last) {
      scan_blocks(p, first, last, scratch + part * floats);
    });
  };
  return {.run = run, .scratch_bytes = parts * floats * int64_t(sizeof(float))};
}

Cost cost(const Call& c) {
  const SelectiveSizes z = selective_sizes(c);
  double elements = double(c.shape(kX).count() + c.out_shape(1).count());
  for (int i = 0; i < c.inputs(); ++i)
    if (c.has(i)) elements += double(c.shape(i).count());
  return {.flops = 18 * z.states() + 20 * double(c.shape(kX).count()),
          .bytes = 4 * elements,
          .products = 4 * z.states()};
}

std::vector<Sample> samples() {
  const auto sample = [](Shape x, int64_t n, bool skip, Args args = {}) {
    const Shape by_step{x[0], x[1], n};
    Sample s{{x, SampleInput(x, -4, 1), SampleInput(Shape{x[2], n}, -3, -0.1), by_step, by_step},
             std::move(args)};
    if (skip) s.inputs.push_back(Shape{x[2]});
    return s;
  };
  const auto plain = [](Shape x, int64_t n) {
    const Shape by_step{x[0], x[1], n};
    return Sample{
        {x, SampleInput(x, 0.01, 1), SampleInput(Shape{x[2], n}, -3, -0.1), by_step, by_step},
        {{"softplus", false}}};
  };
  return {sample({2, 5, 3}, 4, true),   sample({1, 1, 1}, 1, false), sample({1, 130, 19}, 16, true),
          sample({3, 65, 32}, 3, true), plain({2, 7, 17}, 5),        sample({0, 3, 4}, 2, true),
          sample({2, 0, 4}, 2, true),   sample({2, 3, 0}, 2, true),  sample({2, 3, 4}, 0, true)};
}
}  // namespace

extern const Op op_selective_scan;
const Op op_selective_scan = {
    .name = "selective_scan",
    .doc = "a diagonal state space whose step, input and output depend on the token",
    .min_inputs = 5,
    .max_inputs = 6,
    .attrs = fields_of<SelectiveScan>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_back,
    .bf16 = stays_f32,
    .onnx = onnx_selective_scan,
    .tolerance = 1e-5,
    .samples = samples()};
}  // namespace cambium::op_selective_scan
