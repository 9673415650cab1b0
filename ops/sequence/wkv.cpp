// wkv(k [B,T,C], v [B,T,C], w [C], u [C]) -> y [B,T,C]: the weighted average of RWKV-4, for each
// channel on its own, with w <= 0 the logarithm of the decay and u the bonus of the present token:
//   y_t = (sum_{s<t} e^((t-1-s) w + k_s) v_s + e^(u + k_t) v_t) /
//         (sum_{s<t} e^((t-1-s) w + k_s)     + e^(u + k_t))
// Both sums are carried divided by e^p with p the largest exponent so far, so nothing overflows.
// Peng et al. 2023, arXiv 2305.13048, eq. 16 and appendix D. Lanes are 16 channels; batch and
// blocks of channels run in parallel.
#include "ops/sequence/support/wkv.h"

#include <cmath>

#include "graph/graph.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"

namespace cambium::op_wkv {
namespace {
std::vector<ValueType> shape(const Call& c) {
  check_wkv(c);
  return {c.in[0].type()};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const Value d = dy[0].graph->emit("wkv_grad", {c.in[0], c.in[1], c.in[2], c.in[3], dy[0]});
  return {d, d.nth(1), d.nth(2), d.nth(3)};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const WkvSizes z = wkv_sizes(c);
  for (int64_t b = 0; b < z.B; ++b)
    for (int64_t i = 0; i < z.C; ++i)
      for (int64_t t = 0; t < z.T; ++t) {
        const std::vector<double> share = wkv_shares(z, in, b, t, i);
        for (int64_t s = 0; s <= t; ++s)
          out[0][z.at(b, t, i)] += share[size_t(s)] * in[1][z.at(b, s, i)];
      }
}

// Items [first, last) of (sequence, block of channels).
CAMBIUM_SIMD void average(const WkvSizes& z, const float* k, const float* v, const float* w,
                          const float* u, float* y, int64_t first, int64_t last) {
  for (int64_t item = first; item < last; ++item) {
    const int64_t channel = item % z.blocks() * kLanes, count = std::min(kLanes, z.C - channel);
    WkvLanes s;
    start_wkv(w + channel, u + channel, count, z.T, s);
    for (int64_t t = 0; t < z.T; ++t) {
      const int64_t at = (item / z.blocks() * z.T + t) * z.C + channel;
      const Lanes kt = load_some(k + at, count), vt = load_some(v + at, count);
      WkvStep step;
      look(s, kt, vt, step);
      advance(s, kt, vt);
      store_some(y + at, count, step.y);
    }
  }
}

Kernel kernel(const Call& c, Engine&) {
  const WkvSizes z = wkv_sizes(c);
  const int64_t items = z.B * z.blocks();
  return {.run = [=](const KernelArgs& a) {
    parallel_for(items, 20000 / (z.T * kLanes + 1) + 1, [&](int64_t first, int64_t last) {
      average(z, a.f32(0), a.f32(1), a.f32(2), a.f32(3), a.out_f32(), first, last);
    });
  }};
}

Cost cost(const Call& c) {
  const auto n = double(c.shape(0).count());
  return {.flops = 65 * n, .bytes = 12 * n + 8 * double(c.shape(2).count())};
}

Sample sample(int64_t b, int64_t t, int64_t c) {
  const Shape s{b, t, c};
  return {{s, s, SampleInput(Shape{c}, -2, 0), Shape{c}}};
}
}  // namespace

extern const Op op_wkv;
const Op op_wkv = {.name = "wkv",
                   .doc = "RWKV's average of values, weighted by keys and a decay of each channel",
                   .min_inputs = 4,
                   .max_inputs = 4,
                   .shape = shape,
                   .vjp = vjp,
                   .reference = reference,
                   .kernel = kernel,
                   .cost = cost,
                   .reach = reach_back,
                   .onnx = onnx_wkv,
                   .tolerance = 1e-5,
                   .samples = {sample(2, 5, 3), sample(1, 1, 1), sample(2, 70, 35), sample(0, 3, 2),
                               sample(2, 0, 2), sample(2, 3, 0)}};
}  // namespace cambium::op_wkv
