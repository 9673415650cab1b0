// delta_rule_grad(q, k, v, beta, optional g, do, u) -> dq, dk, dv, dbeta and, with g, dg.
// With q scaled and R_t = dLoss/dS_t, three scans that store no state:
//   R_t = C_t + q_t do_t^T,  dv_t = du_t = beta_t R_t^T k_t,  C_{t-1} = a_t (R_t - k_t du_t^T)
//   the same R transposed, now that du is known:  m_t = R_t u_t,  dk_t = beta_t m_t - a_t S_{t-1}
//   du_t,  dbeta_t = k_t m_t;   S_t forwards from u:  dq_t = scale S_t do_t
//   dg_t = sum_{s >= t} (q_s dq_s - a_s k_s S_{s-1} du_s - beta_s dbeta_s)  by <R_t, S_t>, in f64
#include <cmath>

#include "graph/graph.h"
#include "ops/sequence/support/delta_rule.h"
#include "ops/support/bf16.h"
#include "ops/support/reach.h"

namespace cambium::op_delta_rule_grad {
namespace {
using namespace delta;

std::vector<ValueType> shape(const Call& c) {
  check_delta_rule(c);
  require(c.shape(kDo) == c.shape(kV) && c.shape(kU) == c.shape(kV), "do is ", c.shape(kDo),
          ", u is ", c.shape(kU), ", v is ", c.shape(kV));
  std::vector<ValueType> out;
  for (int i = kQ; i <= kG; ++i)
    if (c.has(i)) out.push_back(c.in[size_t(i)].type());
  return out;
}

// Pieces of one thread's scratch, in floats.
struct Workspace {
  int64_t q, k, u, dy, du, key_out, key_out2, value_state, key_state, total;

  explicit Workspace(const DeltaSizes& z) {
    Scratch s;
    const auto piece = [&](int64_t count) { return s.add_f32(count) / int64_t(sizeof(float)); };
    const int64_t keys = kDeltaChunk * z.key_stride(), values = kDeltaChunk * z.value_stride();
    q = piece(keys);
    k = piece(keys);
    u = piece(values);
    dy = piece(values);
    du = piece(values);
    key_out = piece(keys);
    key_out2 = piece(keys);
    value_state = piece(z.D * z.value_stride());
    key_state = piece(z.E * z.key_stride());
    total = s.bytes / int64_t(sizeof(float));
  }
};

struct Problem {
  DeltaSizes z;
  const float *q, *k, *beta, *g, *dy, *u;
  float *dq, *dk, *dv, *dbeta, *dg;
};

// A packed chunk of one head.
struct Chunk {
  int64_t steps, D, E, keys, values;  // keys, values: strides
  float *q, *k, *u, *dy, *du, *key_out, *key_out2;
  float beta[kDeltaChunk], decay[kDeltaChunk];
};

// du, backwards; rows are channels of k.
struct ValueScan {
  const Chunk& c;

  template <int V> [[gnu::always_inline]] void run(int64_t column, float* state) const {
    for (int64_t t = c.steps - 1; t >= 0; --t) {
      const float *k = c.k + t * c.keys, *q = c.q + t * c.keys;
      Lanes dy[V], du[V] = {};
      load_columns<V>(c.dy + t * c.values + column, dy);
      float* s = state;
      for (int64_t r = 0; r < c.D; ++r, s += V * kLanes)
#pragma GCC unroll 4
        for (int i = 0; i < V; ++i) {
          const Lanes now = load_lanes(s + i * kLanes) + q[r] * dy[i];
          store_lanes(s + i * kLanes, now);
          du[i] += k[r] * now;
        }
#pragma GCC unroll 4
      for (int i = 0; i < V; ++i) du[i] *= c.beta[t];
      store_columns<V>(c.du + t * c.values + column, du);
      s = state;
      for (int64_t r = 0; r < c.D; ++r, s += V * kLanes)
#pragma GCC unroll 4
        for (int i = 0; i < V; ++i)
          store_lanes(s + i * kLanes, c.decay[t] * (load_lanes(s + i * kLanes) - k[r] * du[i]));
    }
  }
};

// m = R u, backwards; rows are channels of v.
struct KeyScan {
  const Chunk& c;

  template <int V> [[gnu::always_inline]] void run(int64_t column, float* state) const {
    for (int64_t t = c.steps - 1; t >= 0; --t) {
      const float *dy = c.dy + t * c.values, *u = c.u + t * c.values, *du = c.du + t * c.values;
      Lanes q[V], k[V], sum[V] = {};
      load_columns<V>(c.q + t * c.keys + column, q);
      load_columns<V>(c.k + t * c.keys + column, k);
      float* s = state;
      for (int64_t r = 0; r < c.E; ++r, s += V * kLanes)
#pragma GCC unroll 4
        for (int i = 0; i < V; ++i) {
          const Lanes now = load_lanes(s + i * kLanes) + dy[r] * q[i];
          sum[i] += u[r] * now;
          store_lanes(s + i * kLanes, c.decay[t] * (now - du[r] * k[i]));
        }
      store_columns<V>(c.key_out + t * c.keys + column, sum);
    }
  }
};

// S_t do_t and S_{t-1} du_t, forwards; rows are channels of v.
struct StateScan {
  const Chunk& c;

  template <int V> [[gnu::always_inline]] void run(int64_t column, float* state) const {
    for (int64_t t = 0; t < c.steps; ++t) {
      const float *dy = c.dy + t * c.values, *u = c.u + t * c.values, *du = c.du + t * c.values;
      Lanes k[V], seen[V] = {}, sum[V] = {};
      load_columns<V>(c.k + t * c.keys + column, k);
      float* s = state;
      for (int64_t r = 0; r < c.E; ++r, s += V * kLanes)
#pragma GCC unroll 4
        for (int i = 0; i < V; ++i) {
          const Lanes before = load_lanes(s + i * kLanes);
          seen[i] += du[r] * before;
          const Lanes now = c.decay[t] * before + c.beta[t] * u[r] * k[i];
          store_lanes(s + i * kLanes, now);
          sum[i] += dy[r] * now;
        }
      store_columns<V>(c.key_out + t * c.keys + column, sum);
      store_columns<V>(c.key_out2 + t * c.keys + column, seen);
    }
  }
};

[[gnu::always_inline]] inline Chunk pack(const Problem& p, int64_t b, int64_t h, int64_t t0,
                                         const Workspace& w, float* scratch) {
  const DeltaSizes& z = p.z;
  const int64_t steps = std::min(kDeltaChunk, z.T - t0), key = z.key(b, t0, h);
  const int64_t value = z.value(b, t0, h), keys = z.key_stride(), values = z.value_stride();
  Chunk c{steps,
          z.D,
          z.E,
          keys,
          values,
          scratch + w.q,
          scratch + w.k,
          scratch + w.u,
          scratch + w.dy,
          scratch + w.du,
          scratch + w.key_out,
          scratch + w.key_out2};
  pack_rows(p.q + key, z.H * z.D, steps, z.D, z.scale, c.q, keys, keys);
  pack_rows(p.k + key, z.H * z.D, steps, z.D, 1, c.k, keys, keys);
  pack_rows(p.u + value, z.H * z.E, steps, z.E, 1, c.u, values, values);
  pack_rows(p.dy + value, z.H * z.E, steps, z.E, 1, c.dy, values, values);
  for (int64_t i = 0; i < steps; ++i) {
    c.beta[i] = z.D * z.E > 0 ? p.beta[z.head(b, t0 + i, h)] : 0;  // of no state
    c.decay[i] = z.gated ? simd_exp(p.g[z.head(b, t0 + i, h)]) : 1;
  }
  return c;
}

[[gnu::always_inline]] inline void backwards(const Problem& p, int64_t b, int64_t h,
                                             const Workspace& w, float* scratch) {
  const DeltaSizes& z = p.z;
  for (int64_t t0 = (z.T - 1) / kDeltaChunk * kDeltaChunk; t0 >= 0 && z.T > 0; t0 -= kDeltaChunk) {
    const Chunk c = pack(p, b, h, t0, w, scratch);
    by_columns(z.E, z.D, scratch + w.value_state, ValueScan{c});
    by_columns(z.D, z.E, scratch + w.key_state, KeyScan{c});
    for (int64_t i = 0; i < c.steps; ++i) {
      const float *m = c.key_out + i * c.keys, *k = c.k + i * c.keys;
      float* dk = p.dk + z.key(b, t0 + i, h);
      float dot = 0;
      for (int64_t d = 0; d < z.D; ++d) {
        dk[d] = c.beta[i] * m[d];
        dot += k[d] * m[d];
      }
      p.dbeta[z.head(b, t0 + i, h)] = dot;
      std::copy_n(c.du + i * c.values, z.E, p.dv + z.value(b, t0 + i, h));
    }
  }
}

[[gnu::always_inline]] inline void forwards(const Problem& p, int64_t b, int64_t h,
                                            const Workspace& w, float* scratch) {
  const DeltaSizes& z = p.z;
  for (int64_t t0 = 0; t0 < z.T; t0 += kDeltaChunk) {
    const Chunk c = pack(p, b, h, t0, w, scratch);
    pack_rows(p.dv + z.value(b, t0, h), z.H * z.E, c.steps, z.E, 1, c.du, c.values, c.values);
    by_columns(z.D, z.E, scratch + w.key_state, StateScan{c});
    for (int64_t i = 0; i < c.steps; ++i) {
      const float *sum = c.key_out + i * c.keys, *seen = c.key_out2 + i * c.keys;
      const float *q = c.q + i * c.keys, *k = c.k + i * c.keys;
      float *dq = p.dq + z.key(b, t0 + i, h), *dk = p.dk + z.key(b, t0 + i, h);
      float dot = 0;
      for (int64_t d = 0; d < z.D; ++d) {
        const float later = c.decay[i] * seen[d];
        dq[d] = z.scale * sum[d];
        dk[d] -= later;
        dot += q[d] * sum[d] - k[d] * later;
      }
      const int64_t head = z.head(b, t0 + i, h);
      if (z.gated) p.dg[head] = dot - c.beta[i] * p.dbeta[head];
    }
  }
}

// Items [first, last) of (sequence, head).
CAMBIUM_SIMD void differentiate(const Problem& p, int64_t first, int64_t last, float* scratch) {
  const DeltaSizes& z = p.z;
  const Workspace w(z);
  for (int64_t item = first; item < last; ++item) {
    const int64_t b = item / z.H, h = item % z.H;
    std::fill_n(scratch + w.value_state, z.D * z.value_stride(), 0.0f);
    std::fill_n(scratch + w.key_state, z.E * z.key_stride(), 0.0f);
    backwards(p, b, h, w, scratch);
    std::fill_n(scratch + w.key_state, z.E * z.key_stride(), 0.0f);
    forwards(p, b, h, w, scratch);
    double sum = 0;
    for (int64_t t = z.T - 1; t >= 0 && z.gated; --t) {
      sum += double(p.dg[z.head(b, t, h)]);
      p.dg[z.head(b, t, h)] = float(sum);
    }
  }
}

Kernel kernel(const Call& c, Engine&) {
  const DeltaSizes z = delta_sizes(c);
  const int64_t items = z.B * z.H, floats = Workspace(z).total;
  const int64_t parts = z.states() < 5000 ? 1 : part_count(items);
  const auto run = [=](const KernelArgs& k) {
    const Problem p{z,
                    k.f32(kQ),
                    k.f32(kK),
                    k.f32(kBeta),
                    z.gated ? k.f32(kG) : nullptr,
                    k.f32(kDo),
                    k.f32(kU),
                    k.out_f32(0),
                    k.out_f32(1),
                    k.out_f32(2),
                    k.out_f32(3),
                    z.gated ? k.out_f32(4) : nullptr};
    float* scratch = reinterpret_cast<float*>(k.scratch);
    for_each_part(items, parts, [&](int64_t part, int64_t first, int64_t last) {
      differentiate(p, first, last, scratch + part * floats);
    });
  };
  return {.run = run, .scratch_bytes = parts * floats * int64_t(sizeof(float))};
}

Cost cost(const Call& c) {
  double elements = double(c.shape(kDo).count() + c.shape(kU).count());
  for (int i = 0; i < kDo; ++i)
    if (c.has(i)) elements += 2 * double(c.shape(i).count());
  const DeltaSizes z = delta_sizes(c);  // S again from u is not counted
  return {.flops = (z.gated ? 13 : 12) * z.states(),
          .bytes = 4 * elements,
          .products = 12 * z.states()};
}

std::vector<Sample> samples() {
  const auto sample = [](Shape k, Shape v, bool gated, Args args = {}) {
    const Shape heads{v[0], v[1], v[2]};
    const double reach = 1 / std::sqrt(double(std::max<int64_t>(1, k[3])));
    const SampleInput g = gated ? SampleInput(heads, -1, 0) : SampleInput::none();
    return Sample{{k, SampleInput(k, -reach, reach), v, SampleInput(heads, 0.1, 1), g, v, v},
                  std::move(args)};
  };
  return {sample({2, 5, 3, 4}, {2, 5, 3, 6}, false),
          sample({1, 1, 1, 1}, {1, 1, 1, 1}, true),
          sample({1, 130, 2, 20}, {1, 130, 2, 33}, false, {{"scale", 0.1}}),
          sample({2, 70, 1, 16}, {2, 70, 1, 81}, true, {{"scale", 0.02}}),
          sample({1, 3, 1, 2}, {1, 3, 1, 64}, true, {{"scale", 0.3}}),
          sample({0, 3, 2, 4}, {0, 3, 2, 4}, true),
          sample({2, 0, 2, 4}, {2, 0, 2, 4}, false),
          sample({2, 3, 2, 0}, {2, 3, 2, 4}, false)};
}
}  // namespace

extern const Op op_delta_rule_grad;
const Op op_delta_rule_grad = {.name = "delta_rule_grad",
                               .doc = "gradient of delta_rule",
                               .min_inputs = 7,
                               .max_inputs = 7,
                               .attrs = fields_of<DeltaRule>,
                               .shape = shape,
                               .reference = delta_rule_grad_reference,
                               .kernel = kernel,
                               .cost = cost,
                               .reach = reach_all,
                               .bf16 = stays_f32,
                               .not_onnx = kOnnxGradient,
                               .tolerance = 2e-5,
                               .samples = samples()};
}  // namespace cambium::op_delta_rule_grad
