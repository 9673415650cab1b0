// linear_attention(q [B,T,G,D], k [B,T,G,D], v [B,T,H,E], optional g; normalise, scale, eps)
//   -> o [B,T,H,E] and, with normalise, n [B,T,H]: causal attention without a softmax,
//   S_t = e^g_t * S_{t-1} + k_t v_t^T,   o_t = scale S_t^T q_t,   S [D,E] per head.
// g <= 0 is the logarithm of the decay: none (Katharopoulos et al. 2020, arXiv 2006.16236), [H]
// (retention: Sun et al. 2023, arXiv 2307.08621), [B,T,H] (Mamba-2: Dao and Gu 2024, arXiv
// 2405.21060) or [B,T,H,D] (gated linear attention: Yang et al. 2023, arXiv 2312.06635). Head h
// reads q and k of head h / (H / G). With normalise o_t is divided by n_t + eps, where n_t is the
// same sum with v = 1: a column of ones is added to v while it is packed.
// Chunks of 64 steps are packed and scanned one after another; batch and heads run in parallel. The
// state of 64 columns stays in the L1 cache, so a step costs 5 D E operations; the matrix form over
// chunks of L steps costs (L + 4) D E or more and cannot hold decays of channels safely in f32.
#include "ops/sequence/support/linear_attention.h"

#include "graph/graph.h"
#include "ops/sequence/support/memory_reach.h"
#include "ops/support/bf16.h"
#include "ops/support/onnx/rules.h"

namespace cambium::op_linear_attention {
namespace {
std::vector<ValueType> shape(const Call& c) {
  check_linear_attention(c);
  const Shape& v = c.shape(2);
  std::vector<ValueType> out = {{DType::kF32, v}};
  if (c.as<LinearAttention>().normalise) out.push_back({DType::kF32, {v[0], v[1], v[2]}});
  return out;
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const bool normalise = c.as<LinearAttention>().normalise;
  const Value none;
  const Value d = dy[0].graph->emit("linear_attention_grad",
                                    {c.in[0], c.in[1], c.in[2], c.has(3) ? c.in[3] : none, dy[0],
                                     normalise ? c.out[0] : none, normalise ? c.out[1] : none},
                                    c.attrs);
  std::vector<Value> out = {d, d.nth(1), d.nth(2), c.has(3) ? d.nth(3) : none};
  out.resize(c.in.size());
  return out;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const LinearAttentionSizes z = linear_attention_sizes(c);
  const auto& a = c.as<LinearAttention>();
  const Ref* g = c.has(3) ? &in[3] : nullptr;
  for (int64_t b = 0; b < z.B; ++b)
    for (int64_t h = 0; h < z.H; ++h) {
      const int64_t columns = z.values();
      std::vector<double> s(size_t(z.D * columns), 0.0), o(size_t(columns), 0.0);
      for (int64_t t = 0; t < z.T; ++t) {
        const int64_t key = z.key(b, t, h / z.heads_per_group()), value = z.value(b, t, h);
        std::ranges::fill(o, 0.0);
        for (int64_t d = 0; d < z.D; ++d)
          for (int64_t e = 0; e < columns; ++e) {
            double& state = s[size_t(d * columns + e)];
            state *= decay_of(z, g, b, t, h, d);
            state += in[1][key + d] * (e < z.E ? in[2][value + e] : 1);
            o[size_t(e)] += a.scale * in[0][key + d] * state;
          }
        const double total = z.normalise ? o[size_t(z.E)] : 0;
        for (int64_t e = 0; e < z.E; ++e)
          out[0][value + e] = z.normalise ? o[size_t(e)] / (total + a.eps) : o[size_t(e)];
        if (z.normalise) out[1][z.head(b, t, h)] = total;
      }
    }
}

// Pieces of one thread's scratch, in floats.
struct Workspace {
  int64_t keys, values;  // strides
  int64_t q, k, v, o, decay, state, total;

  explicit Workspace(const LinearAttentionSizes& z)
      : keys(round_up(z.D, kLanes)), values(round_up(z.values(), kLanes)) {
    Scratch s;
    const auto piece = [&](int64_t count) { return s.add_f32(count) / int64_t(sizeof(float)); };
    q = piece(kScanChunk * keys);
    k = piece(kScanChunk * keys);
    v = piece(kScanChunk * values);
    o = piece(kScanChunk * values);
    decay = piece(kScanChunk * (z.decay == Decay::kChannel ? keys : 1));
    state = piece(z.D * values);
    total = s.bytes / int64_t(sizeof(float));
  }
};

struct Problem {
  LinearAttentionSizes z;
  const float *q, *k, *v, *g;
  float *o, *total;
};

[[gnu::always_inline]] inline void write_chunk(const Problem& p, int64_t b, int64_t h, int64_t t0,
                                               int64_t steps, const float* from, int64_t ld) {
  const LinearAttentionSizes& z = p.z;
  for (int64_t i = 0; i < steps; ++i, from += ld) {
    float* to = p.o + z.value(b, t0 + i, h);
    const float factor = z.normalise ? 1 / (from[z.E] + z.eps) : 1;
    for (int64_t e = 0; e < z.E; ++e) to[e] = from[e] * factor;
    if (z.normalise) p.total[z.head(b, t0 + i, h)] = from[z.E];
  }
}

[[gnu::always_inline]] inline void scan_head(const Problem& p, int64_t b, int64_t h,
                                             const Workspace& w, float* scratch) {
  const LinearAttentionSizes& z = p.z;
  const int64_t group = h / z.heads_per_group();
  const bool channel = z.decay == Decay::kChannel;
  std::fill_n(scratch + w.state, z.D * w.values, 0.0f);
  for (int64_t t0 = 0; t0 < z.T; t0 += kScanChunk) {
    const int64_t steps = std::min(kScanChunk, z.T - t0);
    const int64_t key = z.key(b, t0, group), stride = z.G * z.D;
    pack_rows(p.q + key, stride, steps, z.D, z.scale, scratch + w.q, w.keys, w.keys);
    pack_rows(p.k + key, stride, steps, z.D, 1, scratch + w.k, w.keys, w.keys);
    pack_rows(p.v + z.value(b, t0, h), z.H * z.E, steps, z.E, 1, scratch + w.v, w.values, w.values);
    for (int64_t i = 0; i < steps && z.normalise; ++i) scratch[w.v + i * w.values + z.E] = 1;
    pack_decay(z, p.g, b, h, t0, steps, scratch + w.decay, channel ? w.keys : 1);
    const ScanChunk s{steps,
                      z.D,
                      z.values(),
                      scratch + w.k,
                      scratch + w.q,
                      scratch + w.v,
                      scratch + w.o,
                      w.keys,
                      w.values,
                      scratch + w.decay,
                      channel ? w.keys : 1,
                      scratch + w.state,
                      false};
    scan(s, z.decay == Decay::kNone ? ScanDecay::kOne
            : channel               ? ScanDecay::kRow
                                    : ScanDecay::kStep);
    write_chunk(p, b, h, t0, steps, scratch + w.o, w.values);
  }
}

// Items [first, last) of (sequence, head).
CAMBIUM_SIMD void scan_heads(const Problem& p, int64_t first, int64_t last, float* scratch) {
  const Workspace w(p.z);
  for (int64_t item = first; item < last; ++item)
    scan_head(p, item / p.z.H, item % p.z.H, w, scratch);
}

Kernel kernel(const Call& c, Engine&) {
  const LinearAttentionSizes z = linear_attention_sizes(c);
  const int64_t items = z.B * z.H, floats = Workspace(z).total;
  const int64_t parts = z.states() < 10000 ? 1 : part_count(items);
  const bool gated = z.decay != Decay::kNone;
  const auto run = [=](const KernelArgs& args) {
    const Problem p{z,
                    args.f32(0),
                    args.f32(1),
                    args.f32(2),
                    gated ? args.f32(3) : nullptr,
                    args.out_f32(0),
                    z.normalise ? args.out_f32(1) : nullptr};
    float* scratch = reinterpret_cast<float*>(args.scratch);
    for_each_part(items, parts, [&](int64_t part, int64_t first, int64_t last) {
      scan_heads(p, first, last, scratch + part * floats);
    });
  };
  return {.run = run, .scratch_bytes = parts * floats * int64_t(sizeof(float))};
}

Cost cost(const Call& c) {
  const LinearAttentionSizes z = linear_attention_sizes(c);
  double elements = 2 * double(c.shape(2).count());
  for (int i = 0; i < c.inputs(); ++i)
    if (c.has(i) && i != 2) elements += double(c.shape(i).count());
  return {.flops = z.states() * (z.decay == Decay::kNone ? 4 : 5),
          .bytes = 4 * elements,
          .products = 4 * z.states()};
}

std::vector<Sample> samples() {
  const auto sample = [](Shape k, Shape v, Args args = {}) {
    return Sample{{k, k, v}, std::move(args)};
  };
  const auto decayed = [](Shape k, Shape v, Shape g, Args args = {}) {
    return Sample{{k, k, v, SampleInput(g, -2, 0)}, std::move(args)};
  };
  const auto positive = [](Shape k, Shape v, Args args) {
    return Sample{{SampleInput(k, 0.1, 2), SampleInput(k, 0.1, 2), v}, std::move(args)};
  };
  return {sample({2, 5, 3, 4}, {2, 5, 3, 6}),
          sample({1, 1, 1, 1}, {1, 1, 1, 1}, {{"scale", 0.5}}),
          positive({1, 70, 2, 5}, {1, 70, 2, 17}, {{"normalise", true}, {"eps", 0.1}}),
          positive({2, 3, 1, 16}, {2, 3, 2, 64}, {{"normalise", true}}),
          decayed({2, 67, 2, 9}, {2, 67, 4, 33}, {4}, {{"scale", 0.3}}),
          decayed({2, 9, 1, 5}, {2, 9, 3, 48}, {2, 9, 3}),
          decayed({1, 130, 2, 20}, {1, 130, 2, 81}, {1, 130, 2, 20}, {{"scale", 0.2}}),
          decayed({1, 4, 2, 3}, {1, 4, 2, 2}, {1, 4, 2, 3}, {{"normalise", true}, {"eps", 40.0}}),
          sample({0, 3, 2, 4}, {0, 3, 2, 4}),
          sample({2, 0, 2, 4}, {2, 0, 2, 4}),
          sample({2, 3, 2, 0}, {2, 3, 2, 4})};
}
}  // namespace

extern const Op op_linear_attention;
const Op op_linear_attention = {
    .name = "linear_attention",
    .doc = "causal attention without a softmax, as a scan of a matrix state; decay, normaliser",
    .min_inputs = 3,
    .max_inputs = 4,
    .attrs = fields_of<LinearAttention>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_memory,
    .bf16 = stays_f32,
    .onnx = onnx_linear_attention,
    .tolerance = 1e-5,
    .samples = samples()};
}  // namespace cambium::op_linear_attention
