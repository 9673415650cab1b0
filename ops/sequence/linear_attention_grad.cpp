// linear_attention_grad(q, k, v, optional g, do, optional o and n when normalised)
//   -> dq, dk [B,T,G,D], dv [B,T,H,E], with g dg. a_t = e^g_t, q scaled, scans of linear_attention:
//   S_t = a_t S_{t-1} + k_t v_t^T         forwards:   dq_t = S_t do_t
//   R_t = a_{t+1} R_{t+1} + q_t do_t^T    backwards:  dk_t = R_t v_t,  dv_t = R_t^T k_t
//   dg_t = sum_{s >= t} (q_s dq_s - k_s dk_s)    (Yang et al. 2023, arXiv 2312.06635, appendix C)
// No state is stored. dg, whose terms cancel, is kept in double. With normalise, v has a column of
// ones and do becomes [do / (n + eps), -(do . o) / (n + eps)].
#include "ops/sequence/support/linear_attention.h"

namespace cambium::op_linear_attention_grad {
namespace {
std::vector<ValueType> shape(const Call& c) {
  check_linear_attention(c);
  require(c.shape(kDo) == c.shape(kV), "do is ", c.shape(kDo), ", v is ", c.shape(kV));
  std::vector<ValueType> out = {c.in[kQ].type(), c.in[kK].type(), c.in[kV].type()};
  if (c.has(kG)) out.push_back(c.in[kG].type());
  return out;
}

// Pieces of one thread's scratch, in floats.
struct Workspace {
  int64_t keys, values;  // strides
  int64_t q, k, v, dy, dkey, dvalue, decay, key_state, value_state, gates, sums, total;

  explicit Workspace(const LinearAttentionSizes& z)
      : keys(round_up(z.D, kLanes)), values(round_up(z.values(), kLanes)) {
    Scratch s;
    const auto piece = [&](int64_t count) { return s.add_f32(count) / int64_t(sizeof(float)); };
    q = piece(kScanChunk * keys);
    k = piece(kScanChunk * keys);
    v = piece(kScanChunk * values);
    dy = piece(kScanChunk * values);
    dkey = piece(kScanChunk * keys);
    dvalue = piece(kScanChunk * values);
    decay = piece(kScanChunk * (z.decay == Decay::kChannel ? keys : 1));
    key_state = piece(z.values() * keys);
    value_state = piece(z.D * values);
    gates = piece(z.decay == Decay::kHead ? z.T : 0);
    sums = piece(2 * z.D);  // doubles
    total = s.bytes / int64_t(sizeof(float));
  }
};

struct Problem {
  LinearAttentionSizes z;
  const float *q, *k, *v, *g, *dy, *o, *n;
  float *dq, *dk, *dv, *dg;
  float* partial;  // kHead: dg of each sequence [B,H]
};

// One head of one sequence, and its scratch.
struct Head {
  const Problem& p;
  const Workspace& w;
  float* scratch;
  int64_t b, h, group;

  bool channel() const { return p.z.decay == Decay::kChannel; }

  // Where gates of step t are gathered before they are summed.
  float* gates(int64_t t) const {
    if (p.z.decay == Decay::kHead) return scratch + w.gates + t;
    return p.dg + p.z.gate(b, t, h);
  }
};

// Packs q, k, v and do of a chunk; `shift`: decays of the steps after.
[[gnu::always_inline]] inline void pack_chunk(const Head& x, int64_t t0, int64_t steps,
                                              int64_t shift) {
  const LinearAttentionSizes& z = x.p.z;
  const Workspace& w = x.w;
  const int64_t key = z.key(x.b, t0, x.group), value = z.value(x.b, t0, x.h);
  pack_rows(x.p.q + key, z.G * z.D, steps, z.D, z.scale, x.scratch + w.q, w.keys, w.keys);
  pack_rows(x.p.k + key, z.G * z.D, steps, z.D, 1, x.scratch + w.k, w.keys, w.keys);
  pack_rows(x.p.v + value, z.H * z.E, steps, z.E, 1, x.scratch + w.v, w.values, w.values);
  pack_rows(x.p.dy + value, z.H * z.E, steps, z.E, 1, x.scratch + w.dy, w.values, w.values);
  pack_decay(z, x.p.g, x.b, x.h, t0 + shift, steps, x.scratch + w.decay, x.channel() ? w.keys : 1);
  for (int64_t i = 0; i < steps && z.normalise; ++i) {
    float* dy = x.scratch + w.dy + i * w.values;
    const float* o = x.p.o + z.value(x.b, t0 + i, x.h);
    const float inverse = 1 / (x.p.n[z.head(x.b, t0 + i, x.h)] + z.eps);
    float dot = 0;
    for (int64_t e = 0; e < z.E; ++e) {
      dot += dy[e] * o[e];
      dy[e] *= inverse;
    }
    dy[z.E] = -dot * inverse;
    x.scratch[w.v + i * w.values + z.E] = 1;
  }
}

// Rows are columns of v, lanes those of k: out = w^T M with M = decay M + x y^T.
[[gnu::always_inline]] inline void scan_keys(const Head& h, int64_t steps, int64_t x, int64_t w,
                                             int64_t y, bool reverse) {
  const ScanDecay one = h.p.z.decay == Decay::kNone ? ScanDecay::kOne : ScanDecay::kStep;
  const ScanChunk s{steps,
                    h.p.z.values(),
                    h.p.z.D,
                    h.scratch + x,
                    h.scratch + w,
                    h.scratch + y,
                    h.scratch + h.w.dkey,
                    h.w.values,
                    h.w.keys,
                    h.scratch + h.w.decay,
                    h.channel() ? h.w.keys : 1,
                    h.scratch + h.w.key_state,
                    reverse};
  scan(s, h.channel() ? ScanDecay::kColumn : one);
}

[[gnu::always_inline]] inline void scan_values(const Head& h, int64_t steps) {
  const ScanDecay one = h.p.z.decay == Decay::kNone ? ScanDecay::kOne : ScanDecay::kStep;
  const ScanChunk s{steps,
                    h.p.z.D,
                    h.p.z.values(),
                    h.scratch + h.w.q,
                    h.scratch + h.w.k,
                    h.scratch + h.w.dy,
                    h.scratch + h.w.dvalue,
                    h.w.keys,
                    h.w.values,
                    h.scratch + h.w.decay,
                    h.channel() ? h.w.keys : 1,
                    h.scratch + h.w.value_state,
                    true};
  scan(s, h.channel() ? ScanDecay::kRow : one);
}

// Adds (the first head of a group writes) a chunk of dq or dk.
[[gnu::always_inline]] inline void write_keys(const Head& x, int64_t t0, int64_t steps,
                                              float factor, float* to) {
  const LinearAttentionSizes& z = x.p.z;
  const bool first = x.h % z.heads_per_group() == 0;
  for (int64_t i = 0; i < steps; ++i) {
    const float* from = x.scratch + x.w.dkey + i * x.w.keys;
    float* row = to + z.key(x.b, t0 + i, x.group);
    for (int64_t d = 0; d < z.D; ++d) row[d] = (first ? 0 : row[d]) + from[d] * factor;
  }
}

// gates_t = q_t dq_t, summed over channels unless each has its own decay.
[[gnu::always_inline]] inline void start_gates(const Head& x, int64_t t0, int64_t steps) {
  for (int64_t i = 0; i < steps; ++i) {
    const float *q = x.scratch + x.w.q + i * x.w.keys, *dq = x.scratch + x.w.dkey + i * x.w.keys;
    float* to = x.gates(t0 + i);
    float dot = 0;
    for (int64_t d = 0; d < x.p.z.D; ++d) {
      const float term = q[d] * dq[d];
      if (x.channel()) to[d] = term;
      dot += term;
    }
    if (!x.channel()) to[0] = dot;
  }
}

// dg_t = the sum over s >= t of gates_s - k_s dk_s.
[[gnu::always_inline]] inline void finish_gates(const Head& x, int64_t t0, int64_t steps) {
  auto* sums = reinterpret_cast<double*>(x.scratch + x.w.sums);
  for (int64_t i = steps - 1; i >= 0; --i) {
    const float *k = x.scratch + x.w.k + i * x.w.keys, *dk = x.scratch + x.w.dkey + i * x.w.keys;
    float* gates = x.gates(t0 + i);
    if (x.channel()) {
      for (int64_t d = 0; d < x.p.z.D; ++d) {
        sums[d] += double(gates[d]) - double(k[d] * dk[d]);
        gates[d] = float(sums[d]);
      }
      continue;
    }
    float dot = 0;
    for (int64_t d = 0; d < x.p.z.D; ++d) dot += k[d] * dk[d];
    sums[0] += double(gates[0]) - double(dot);
    gates[0] = float(sums[0]);
  }
}

[[gnu::always_inline]] inline void differentiate_head(const Head& x) {
  const LinearAttentionSizes& z = x.p.z;
  const Workspace& w = x.w;
  const bool gated = z.decay != Decay::kNone && z.D > 0;
  std::fill_n(x.scratch + w.key_state, z.values() * w.keys, 0.0f);
  for (int64_t t0 = 0; t0 < z.T; t0 += kScanChunk) {
    const int64_t steps = std::min(kScanChunk, z.T - t0);
    pack_chunk(x, t0, steps, 0);
    scan_keys(x, steps, w.v, w.dy, w.k, false);
    write_keys(x, t0, steps, z.scale, x.p.dq);
    if (gated) start_gates(x, t0, steps);
  }
  std::fill_n(x.scratch + w.key_state, z.values() * w.keys, 0.0f);
  std::fill_n(x.scratch + w.value_state, z.D * w.values, 0.0f);
  std::fill_n(reinterpret_cast<double*>(x.scratch + w.sums), z.D, 0.0);
  for (int64_t t0 = (z.T - 1) / kScanChunk * kScanChunk; t0 >= 0 && z.T > 0; t0 -= kScanChunk) {
    const int64_t steps = std::min(kScanChunk, z.T - t0);
    pack_chunk(x, t0, steps, 1);
    scan_values(x, steps);
    for (int64_t i = 0; i < steps; ++i)
      std::copy_n(x.scratch + w.dvalue + i * w.values, z.E, x.p.dv + z.value(x.b, t0 + i, x.h));
    scan_keys(x, steps, w.dy, w.v, w.q, true);
    write_keys(x, t0, steps, 1, x.p.dk);
    if (gated) finish_gates(x, t0, steps);
  }
  double sum = 0;
  for (int64_t t = 0; t < z.T && gated && x.p.partial; ++t) sum += double(*x.gates(t));
  if (x.p.partial) x.p.partial[x.b * z.H + x.h] = float(sum);
}

// Items [first, last) of (sequence, group of heads).
CAMBIUM_SIMD void differentiate(const Problem& p, int64_t first, int64_t last, float* scratch) {
  const Workspace w(p.z);
  const int64_t heads = p.z.heads_per_group();
  for (int64_t item = first; item < last; ++item)
    for (int64_t h = 0; h < heads; ++h) {
      const int64_t group = item % p.z.G;
      differentiate_head({p, w, scratch, item / p.z.G, group * heads + h, group});
    }
}

Kernel kernel(const Call& c, Engine&) {
  const LinearAttentionSizes z = linear_attention_sizes(c);
  const int64_t items = z.B * z.G, floats = Workspace(z).total;
  const int64_t parts = z.states() < 5000 ? 1 : part_count(items);
  const bool gated = z.decay != Decay::kNone, constant = z.decay == Decay::kHead;
  Scratch s;
  const int64_t partial = s.add_f32(constant ? z.B * z.H : 0), threads = s.bytes;
  const auto run = [=](const KernelArgs& k) {
    const Problem p{z,
                    k.f32(kQ),
                    k.f32(kK),
                    k.f32(kV),
                    gated ? k.f32(kG) : nullptr,
                    k.f32(kDo),
                    z.normalise ? k.f32(kO) : nullptr,
                    z.normalise ? k.f32(kN) : nullptr,
                    k.out_f32(0),
                    k.out_f32(1),
                    k.out_f32(2),
                    gated ? k.out_f32(3) : nullptr,
                    constant ? reinterpret_cast<float*>(k.scratch + partial) : nullptr};
    float* scratch = reinterpret_cast<float*>(k.scratch + threads);
    for_each_part(items, parts, [&](int64_t part, int64_t first, int64_t last) {
      differentiate(p, first, last, scratch + part * floats);
    });
    for (int64_t h = 0; h < z.H && constant; ++h) {
      p.dg[h] = 0;
      for (int64_t b = 0; b < z.B; ++b) p.dg[h] += p.partial[b * z.H + h];
    }
  };
  return {.run = run, .scratch_bytes = threads + parts * floats * int64_t(sizeof(float))};
}

Cost cost(const Call& c) {
  const LinearAttentionSizes z = linear_attention_sizes(c);
  double elements = 0;
  for (int i = 0; i < c.inputs(); ++i)
    if (c.has(i)) elements += double(c.shape(i).count()) * (i < kDo ? 2 : 1);
  const double products = 8 * z.states();  // S again is not counted: docs/flops.md
  return {products + (z.decay == Decay::kNone ? 0 : z.states()), 4 * elements, products};
}

std::vector<Sample> samples() {
  const auto none = SampleInput::none();
  const auto sample = [&](Shape k, Shape v, Args args = {}) {
    return Sample{{k, k, v, none, v}, std::move(args)};
  };
  const auto decayed = [](Shape k, Shape v, Shape g, Args args = {}) {
    return Sample{{k, k, v, SampleInput(g, -2, 0), v}, std::move(args)};
  };
  const auto normalised = [&](Shape k, Shape v, SampleInput g, Args args) {
    return Sample{{k, k, v, g, v, v, SampleInput(Shape{v[0], v[1], v[2]}, 3, 9)}, std::move(args)};
  };
  return {sample({2, 5, 3, 4}, {2, 5, 3, 6}),
          sample({1, 1, 1, 1}, {1, 1, 1, 1}, {{"scale", 0.5}}),
          normalised({1, 70, 2, 5}, {1, 70, 2, 17}, none, {{"normalise", true}, {"scale", 0.2}}),
          normalised({2, 3, 1, 16}, {2, 3, 2, 64}, none, {{"normalise", true}}),
          decayed({2, 9, 2, 9}, {2, 9, 4, 33}, {4}, {{"scale", 0.02}}),
          decayed({2, 67, 1, 5}, {2, 67, 3, 48}, {2, 67, 3}, {{"scale", 0.02}}),
          decayed({1, 130, 2, 20}, {1, 130, 2, 81}, {1, 130, 2, 20}, {{"scale", 0.05}}),
          normalised({1, 4, 2, 3}, {1, 4, 2, 2}, SampleInput(Shape{1, 4, 2, 3}, -1, 0),
                     {{"normalise", true}}),
          sample({0, 3, 2, 4}, {0, 3, 2, 4}),
          sample({2, 0, 2, 4}, {2, 0, 2, 4}),
          decayed({2, 3, 2, 0}, {2, 3, 2, 4}, {2})};
}
}  // namespace

extern const Op op_linear_attention_grad = {.name = "linear_attention_grad",
                                            .doc = "gradient of linear_attention",
                                            .min_inputs = 5,
                                            .max_inputs = 7,
                                            .attrs = fields_of<LinearAttention>,
                                            .shape = shape,
                                            .reference = linear_attention_grad_reference,
                                            .kernel = kernel,
                                            .cost = cost,
                                            .reach = reach_all,
                                            .bf16 = stays_f32,
                                            .not_onnx = kOnnxGradient,
                                            .tolerance = 2e-5,
                                            .samples = samples()};
}  // namespace cambium::op_linear_attention_grad
