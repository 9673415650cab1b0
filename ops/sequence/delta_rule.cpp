// delta_rule(q [B,T,H,D], k [B,T,H,D], v [B,T,H,E], beta [B,T,H], optional g [B,T,H]; scale)
//   -> o [B,T,H,E], u [B,T,H,E]: a state that is corrected, not only added to.
//   u_t = v_t - a_t S_{t-1}^T k_t,   S_t = a_t S_{t-1} + beta_t k_t u_t^T,   o_t = scale S_t^T q_t
// with a_t = e^g_t <= 1, or 1 without g. u is kept for the gradient and passes none of its own.
// Schlag et al. 2021, arXiv 2102.11174; Yang et al. 2024, arXiv 2406.06484 (DeltaNet), arXiv
// 2412.06464 (with a decay). One step follows the other, in chunks of 64 that are packed; batch and
// heads run in parallel, and 64 columns of the state at a time stay in the L1 cache.
#include "ops/sequence/support/delta_rule.h"

#include <cmath>

#include "graph/graph.h"
#include "ops/sequence/support/memory_reach.h"
#include "ops/support/bf16.h"
#include "ops/support/onnx/rules.h"

namespace cambium::op_delta_rule {
namespace {
std::vector<ValueType> shape(const Call& c) {
  check_delta_rule(c);
  return {c.in[2].type(), c.in[2].type()};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const Value d = dy[0].graph->emit(
      "delta_rule_grad",
      {c.in[0], c.in[1], c.in[2], c.in[3], c.has(4) ? c.in[4] : Value{}, dy[0], c.out[1]}, c.attrs);
  std::vector<Value> out = {d, d.nth(1), d.nth(2), d.nth(3), c.has(4) ? d.nth(4) : Value{}};
  out.resize(c.in.size());
  return out;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const DeltaSizes z = delta_sizes(c);
  for (int64_t b = 0; b < z.B; ++b)
    for (int64_t h = 0; h < z.H; ++h) {
      std::vector<double> s(size_t(z.D * z.E), 0.0);
      for (int64_t t = 0; t < z.T; ++t) {
        const int64_t key = z.key(b, t, h), value = z.value(b, t, h), head = z.head(b, t, h);
        const double decay = z.gated ? std::exp(in[4][head]) : 1;
        for (int64_t e = 0; e < z.E; ++e) {
          double seen = 0;
          for (int64_t d = 0; d < z.D; ++d) seen += s[size_t(d * z.E + e)] * in[1][key + d];
          const double u = in[2][value + e] - decay * seen;
          out[1][value + e] = u;
          for (int64_t d = 0; d < z.D; ++d) {
            double& state = s[size_t(d * z.E + e)];
            state = decay * state + in[3][head] * in[1][key + d] * u;
            out[0][value + e] += c.as<DeltaRule>().scale * in[0][key + d] * state;
          }
        }
      }
    }
}

// Pieces of one thread's scratch, in floats.
struct Workspace {
  int64_t q, k, v, u, o, state, total;

  explicit Workspace(const DeltaSizes& z) {
    Scratch s;
    const auto piece = [&](int64_t count) { return s.add_f32(count) / int64_t(sizeof(float)); };
    q = piece(kDeltaChunk * z.key_stride());
    k = piece(kDeltaChunk * z.key_stride());
    v = piece(kDeltaChunk * z.value_stride());
    u = piece(kDeltaChunk * z.value_stride());
    o = piece(kDeltaChunk * z.value_stride());
    state = piece(z.D * z.value_stride());
    total = s.bytes / int64_t(sizeof(float));
  }
};

struct Problem {
  DeltaSizes z;
  const float *q, *k, *v, *beta, *g;
  float *o, *u;
};

// A packed chunk; rows of the state are channels of k, lanes those of v.
struct Forward {
  int64_t steps, rows, keys, values;  // keys, values: strides
  const float *q, *k, *v;
  float *u, *o;
  float beta[kDeltaChunk], decay[kDeltaChunk];

  template <int V> [[gnu::always_inline]] void run(int64_t column, float* state) const {
    for (int64_t t = 0; t < steps; ++t) {
      const float *kt = k + t * keys, *qt = q + t * keys;
      Lanes seen[V] = {}, now[V], sum[V] = {};
      const float* s = state;
      for (int64_t r = 0; r < rows; ++r, s += V * kLanes)
#pragma GCC unroll 4
        for (int i = 0; i < V; ++i) seen[i] += kt[r] * load_lanes(s + i * kLanes);
      load_columns<V>(v + t * values + column, now);
#pragma GCC unroll 4
      for (int i = 0; i < V; ++i) now[i] -= decay[t] * seen[i];
      store_columns<V>(u + t * values + column, now);
#pragma GCC unroll 4
      for (int i = 0; i < V; ++i) now[i] *= beta[t];
      float* to = state;
      for (int64_t r = 0; r < rows; ++r, to += V * kLanes)
#pragma GCC unroll 4
        for (int i = 0; i < V; ++i) {
          const Lanes next = decay[t] * load_lanes(to + i * kLanes) + kt[r] * now[i];
          store_lanes(to + i * kLanes, next);
          sum[i] += qt[r] * next;
        }
      store_columns<V>(o + t * values + column, sum);
    }
  }
};

[[gnu::always_inline]] inline void scan_head(const Problem& p, int64_t b, int64_t h,
                                             const Workspace& w, float* scratch) {
  const DeltaSizes& z = p.z;
  const int64_t keys = z.key_stride(), values = z.value_stride();
  std::fill_n(scratch + w.state, z.D * values, 0.0f);
  for (int64_t t0 = 0; t0 < z.T; t0 += kDeltaChunk) {
    const int64_t steps = std::min(kDeltaChunk, z.T - t0);
    const int64_t key = z.key(b, t0, h), value = z.value(b, t0, h);
    pack_rows(p.q + key, z.H * z.D, steps, z.D, z.scale, scratch + w.q, keys, keys);
    pack_rows(p.k + key, z.H * z.D, steps, z.D, 1, scratch + w.k, keys, keys);
    pack_rows(p.v + value, z.H * z.E, steps, z.E, 1, scratch + w.v, values, values);
    Forward f{steps,         z.D,           keys,          values,       scratch + w.q,
              scratch + w.k, scratch + w.v, scratch + w.u, scratch + w.o};
    for (int64_t i = 0; i < steps; ++i) {
      f.beta[i] = p.beta[z.head(b, t0 + i, h)];
      f.decay[i] = z.gated ? simd_exp(p.g[z.head(b, t0 + i, h)]) : 1;
    }
    by_columns(z.E, z.D, scratch + w.state, f);
    for (int64_t i = 0; i < steps; ++i) {
      std::copy_n(f.o + i * values, z.E, p.o + z.value(b, t0 + i, h));
      std::copy_n(f.u + i * values, z.E, p.u + z.value(b, t0 + i, h));
    }
  }
}

// Items [first, last) of (sequence, head).
CAMBIUM_SIMD void scan_heads(const Problem& p, int64_t first, int64_t last, float* scratch) {
  const Workspace w(p.z);
  for (int64_t item = first; item < last; ++item)
    scan_head(p, item / p.z.H, item % p.z.H, w, scratch);
}

Kernel kernel(const Call& c, Engine&) {
  const DeltaSizes z = delta_sizes(c);
  const int64_t items = z.B * z.H, floats = Workspace(z).total;
  const int64_t parts = z.states() < 10000 ? 1 : part_count(items);
  const auto run = [=](const KernelArgs& k) {
    const Problem p{z,
                    k.f32(0),
                    k.f32(1),
                    k.f32(2),
                    k.f32(3),
                    z.gated ? k.f32(4) : nullptr,
                    k.out_f32(0),
                    k.out_f32(1)};
    float* scratch = reinterpret_cast<float*>(k.scratch);
    for_each_part(items, parts, [&](int64_t part, int64_t first, int64_t last) {
      scan_heads(p, first, last, scratch + part * floats);
    });
  };
  return {.run = run, .scratch_bytes = parts * floats * int64_t(sizeof(float))};
}

Cost cost(const Call& c) {
  double elements = 2 * double(c.shape(2).count());
  for (int i = 0; i < c.inputs(); ++i)
    if (c.has(i)) elements += double(c.shape(i).count());
  const DeltaSizes z = delta_sizes(c);
  return {
      .flops = (z.gated ? 7 : 6) * z.states(), .bytes = 4 * elements, .products = 6 * z.states()};
}

// Keys are short: with |k|^2 beta > 2 the state grows without bound.
std::vector<Sample> samples() {
  const auto sample = [](Shape k, Shape v, bool gated, Args args = {}) {
    const Shape heads{v[0], v[1], v[2]};
    const double reach = 1 / std::sqrt(double(std::max<int64_t>(1, k[3])));
    Sample s{{k, SampleInput(k, -reach, reach), v, SampleInput(heads, 0.1, 1)}, std::move(args)};
    if (gated) s.inputs.push_back(SampleInput(heads, -1, 0));
    return s;
  };
  return {sample({2, 5, 3, 4}, {2, 5, 3, 6}, false),
          sample({1, 1, 1, 1}, {1, 1, 1, 1}, true),
          sample({1, 130, 2, 20}, {1, 130, 2, 33}, false, {{"scale", 0.3}}),
          sample({2, 70, 1, 16}, {2, 70, 1, 81}, true, {{"scale", 0.5}}),
          sample({1, 3, 1, 2}, {1, 3, 1, 64}, true),
          sample({0, 3, 2, 4}, {0, 3, 2, 4}, true),
          sample({2, 0, 2, 4}, {2, 0, 2, 4}, false),
          sample({2, 3, 2, 0}, {2, 3, 2, 4}, false)};
}
}  // namespace

extern const Op op_delta_rule;
const Op op_delta_rule = {.name = "delta_rule",
                          .doc = "a matrix state corrected by the delta rule; optional decay",
                          .min_inputs = 4,
                          .max_inputs = 5,
                          .attrs = fields_of<DeltaRule>,
                          .shape = shape,
                          .vjp = vjp,
                          .reference = reference,
                          .kernel = kernel,
                          .cost = cost,
                          .reach = reach_memory,
                          .bf16 = stays_f32,
                          .onnx = onnx_delta_rule,
                          .tolerance = 1e-5,
                          .samples = samples()};
}  // namespace cambium::op_delta_rule
