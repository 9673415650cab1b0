// wkv_grad(k, v [B,T,C], w, u [C], dy [B,T,C]) -> dk, dv [B,T,C], dw, du [C]. With A_t and B_t the
// sums before token t, S_t = B_t + e^(u + k_t), and G_t, H_t = dLoss/dA_t, dLoss/dB_t:
//   G_t = dy_t / S_t + e^w G_{t+1},   H_t = -dy_t y_t / S_t + e^w H_{t+1}
//   dv_t = dy_t e^(u+k_t) / S_t + e^k_t G_{t+1},   e = dy_t (v_t - y_t) e^(u+k_t) / S_t
//   dk_t = e + e^k_t (v_t G_{t+1} + H_{t+1}),   du = sum e,   dw = sum e^w (A_t G_{t+1} + B_t
//   H_{t+1})
// A and B are computed forwards and kept for one sequence and 16 channels; G and H are carried
// divided by e^p as well, with p the largest exponent so far. Peng et al. 2023, arXiv 2305.13048.
#include <cmath>

#include "graph/graph.h"
#include "ops/sequence/support/wkv.h"
#include "ops/support/reach.h"
#include "ops/support/scratch.h"

namespace cambium::op_wkv_grad {
namespace {
std::vector<ValueType> shape(const Call& c) {
  check_wkv(c);
  require(c.shape(4) == c.shape(0), "dy is ", c.shape(4), ", k is ", c.shape(0));
  return {c.in[0].type(), c.in[1].type(), c.in[2].type(), c.in[3].type()};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const WkvSizes z = wkv_sizes(c);
  for (int64_t b = 0; b < z.B; ++b)
    for (int64_t i = 0; i < z.C; ++i)
      for (int64_t t = 0; t < z.T; ++t) {
        const std::vector<double> share = wkv_shares(z, in, b, t, i);
        const double dy = in[4][z.at(b, t, i)];
        double y = 0;
        for (int64_t s = 0; s <= t; ++s) y += share[size_t(s)] * in[1][z.at(b, s, i)];
        for (int64_t s = 0; s <= t; ++s) {
          const int64_t at = z.at(b, s, i);
          const double exponent = dy * share[size_t(s)] * (in[1][at] - y);  // dLoss/dexponent
          out[0][at] += exponent;
          out[1][at] += dy * share[size_t(s)];
          if (s == t)
            out[3][i] += exponent;
          else
            out[2][i] += double(t - 1 - s) * exponent;
        }
      }
}

struct Problem {
  WkvSizes z;
  const float *k, *v, *w, *u, *dy;
  float *dk, *dv;
  float *dw, *du;  // of each sequence [B,C]
};

// G, H, and what dw and du have so far.
struct Back {
  Lanes g, h, exponent, dw, du;
};

// One token, backwards: answers dk and dv, then adds the token to G and H.
[[gnu::always_inline]] inline void step_back(const WkvLanes& s, const WkvStep& step, const Lanes& k,
                                             const Lanes& v, const Lanes& dy, Back& back, Lanes& dk,
                                             Lanes& dv) {
  const Lanes share = dy / step.total;  // times e^-step.exponent: dy / S
  const Lanes bonus = share * step.now * (v - step.y);
  const Lanes later = exp_lanes(k + back.exponent);
  dv = share * step.now + later * back.g;
  dk = bonus + later * (v * back.g + back.h);
  const Lanes carried = exp_lanes(s.w + s.exponent + back.exponent);
  back.dw += carried * (s.above * back.g + s.below * back.h);
  back.du += bonus;
  const Lanes aged = s.w + back.exponent, newest = -step.exponent;
  const Lanes top = aged > newest ? aged : newest;
  const Lanes old = exp_below(aged - top), fresh = exp_below(newest - top) * share;
  back.g = old * back.g + fresh;
  back.h = old * back.h - fresh * step.y;
  back.exponent = top;
}

// Items [first, last) of (sequence, block of channels); `states` has room for T.
CAMBIUM_SIMD void differentiate(const Problem& p, int64_t first, int64_t last, WkvLanes* states) {
  const WkvSizes& z = p.z;
  for (int64_t item = first; item < last; ++item) {
    const int64_t b = item / z.blocks(), channel = item % z.blocks() * kLanes;
    const int64_t count = std::min(kLanes, z.C - channel), start = b * z.T * z.C + channel;
    WkvLanes s;
    start_wkv(p.w + channel, p.u + channel, count, z.T, s);
    for (int64_t t = 0; t < z.T; ++t) {
      const int64_t at = start + t * z.C;
      states[t] = s;
      advance(s, load_some(p.k + at, count), load_some(p.v + at, count));
    }
    Back back = {};
    back.exponent = Lanes{} - 1e30f;
    for (int64_t t = z.T - 1; t >= 0; --t) {
      const int64_t at = start + t * z.C;
      const Lanes k = load_some(p.k + at, count), v = load_some(p.v + at, count);
      WkvStep step;
      look(states[t], k, v, step);
      Lanes dk, dv;
      step_back(states[t], step, k, v, load_some(p.dy + at, count), back, dk, dv);
      store_some(p.dk + at, count, dk);
      store_some(p.dv + at, count, dv);
    }
    store_some(p.dw + b * z.C + channel, count, back.dw);
    store_some(p.du + b * z.C + channel, count, back.du);
  }
}

Kernel kernel(const Call& c, Engine&) {
  const WkvSizes z = wkv_sizes(c);
  const int64_t items = z.B * z.blocks();
  const int64_t parts = z.B * z.T * z.C < 2000 ? 1 : part_count(items);
  Scratch s;
  const int64_t dw = s.add_f32(z.B * z.C), du = s.add_f32(z.B * z.C), states = s.bytes;
  const int64_t state_bytes = z.T * int64_t(sizeof(WkvLanes));
  const auto run = [=](const KernelArgs& a) {
    const Problem p{z,
                    a.f32(0),
                    a.f32(1),
                    a.f32(2),
                    a.f32(3),
                    a.f32(4),
                    a.out_f32(0),
                    a.out_f32(1),
                    reinterpret_cast<float*>(a.scratch + dw),
                    reinterpret_cast<float*>(a.scratch + du)};
    for_each_part(items, parts, [&](int64_t part, int64_t first, int64_t last) {
      differentiate(p, first, last,
                    reinterpret_cast<WkvLanes*>(a.scratch + states + part * state_bytes));
    });
    for (int64_t i = 0; i < z.C; ++i) {
      float sum_w = 0, sum_u = 0;
      for (int64_t b = 0; b < z.B; ++b) {
        sum_w += p.dw[b * z.C + i];
        sum_u += p.du[b * z.C + i];
      }
      a.out_f32(2)[i] = sum_w;
      a.out_f32(3)[i] = sum_u;
    }
  };
  return {.run = run, .scratch_bytes = states + parts * state_bytes};
}

Cost cost(const Call& c) {
  const auto n = double(c.shape(0).count());
  return {.flops = 190 * n, .bytes = 20 * n + 16 * double(c.shape(2).count())};
}

Sample sample(int64_t b, int64_t t, int64_t c) {
  const Shape s{b, t, c};
  return {{s, s, SampleInput(Shape{c}, -2, 0), Shape{c}, s}};
}
}  // namespace

extern const Op op_wkv_grad;
const Op op_wkv_grad = {.name = "wkv_grad",
                        .doc = "gradient of wkv",
                        .min_inputs = 5,
                        .max_inputs = 5,
                        .shape = shape,
                        .reference = reference,
                        .kernel = kernel,
                        .cost = cost,
                        .reach = reach_all,
                        .not_onnx = kOnnxGradient,
                        .tolerance = 2e-5,
                        .samples = {sample(2, 5, 3), sample(1, 1, 1), sample(2, 70, 35),
                                    sample(0, 3, 2), sample(2, 0, 2), sample(2, 3, 0)}};
}  // namespace cambium::op_wkv_grad
