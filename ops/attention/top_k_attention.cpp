// top_k_attention(q [B,T,H,D], k [B,S,G,D], v [B,S,G,E], mask [B,S] or left out; causal, scale,
// soft_cap, keep) -> o [B,T,H,E], lse [B,H,T], kept i32 [B,H,T,K], K = min(keep, S): attention of
// each query to the K keys with the highest scores alone (of equals the first), kept in rising
// order and -1 where a query sees fewer. Keys whose mask is below 1/2 are padding that no query
// sees; one that sees nothing else gets o = 0 and lse = 0.
//   s_ts = scale q_t . k_s,  o_t = sum over kept s of e^(s_ts - lse_t) v_s
// All scores are computed, O(T S D), in tiles of 64 queries (scratch of 64 S numbers a thread); the
// sum over values and the backward pass (top_k_attention_grad) touch T K keys. Who is kept is taken
// as given by the gradient. Gupta et al. 2021, arXiv 2106.06899.
#include "ops/attention/support/top_k_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "graph/graph.h"
#include "ops/attention/support/attention_tiles.h"
#include "ops/support/bf16.h"
#include "ops/support/lanes.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/scratch.h"

namespace cambium::op_top_k_attention {
namespace {
constexpr int kMask = 3;

std::vector<ValueType> shape(const Call& c) {
  check_top_k(c);
  const Shape& q = c.shape(0);
  const ValueType mask{DType::kF32, {c.shape(1)[0], c.shape(1)[1]}};
  require(!c.has(kMask) || c.in[kMask].type() == mask, "mask must be ", mask);
  return {{DType::kF32, q.with_last(c.shape(2)[3])},
          {DType::kF32, {q[0], q[2], q[1]}},
          {DType::kI32, {q[0], q[2], q[1], kept_keys(c)}}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const Value dq =
      dy[0].graph->emit("top_k_attention_grad",
                        {c.in[0], c.in[1], c.in[2], c.out[0], c.out[1], c.out[2], dy[0]}, c.attrs);
  std::vector<Value> d = {dq, dq.nth(1), dq.nth(2)};
  d.resize(c.in.size());
  return d;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const AttentionSizes z = top_k_sizes(c);
  const double given = c.as<TopKAttention>().scale;
  const double scale = given > 0 ? given : 1 / std::sqrt(double(z.D));
  const int64_t K = kept_keys(c);
  std::vector<Scored<double>> scored(static_cast<size_t>(2 * K));
  std::vector<double> scores(static_cast<size_t>(z.S));
  for (int64_t b = 0; b < z.B; ++b)
    for (int64_t h = 0; h < z.H; ++h)
      for (int64_t t = 0; t < z.T && z.S > 0; ++t) {
        const int64_t at = z.query(b, t, h), g = h / z.heads_per_group(),
                      row = (b * z.H + h) * z.T + t;
        for (int64_t s = 0; s < z.visible(t); ++s) {
          double dot = 0;
          for (int64_t d = 0; d < z.D; ++d) dot += in[0][at + d] * in[1][z.key(b, s, g) + d];
          scores[size_t(s)] = attention_score(z, scale * dot, h, t, s);
          if (c.has(kMask) && !is_real(in[kMask].data.data(), b * z.S + s))
            scores[size_t(s)] = -HUGE_VAL;
        }
        const int64_t n = keep_best(
            z.visible(t), K, [&](int64_t s) { return scores[size_t(s)]; }, scored.data());
        double highest = -HUGE_VAL, sum = 0;
        for (int64_t i = 0; i < n; ++i) highest = std::max(highest, scored[size_t(i)].score);
        for (int64_t i = 0; i < n; ++i) sum += std::exp(scored[size_t(i)].score - highest);
        out[1][row] = n > 0 ? highest + std::log(sum) : 0;
        for (int64_t i = 0; i < K; ++i) out[2][row * K + i] = i < n ? scored[size_t(i)].key : -1;
        for (int64_t i = 0; i < n; ++i)
          for (int64_t d = 0; d < z.E; ++d)
            out[0][z.result(b, t, h) + d] += std::exp(scored[size_t(i)].score - out[1][row]) *
                                             in[2][z.value(b, scored[size_t(i)].key, g) + d];
      }
}

// Pieces of one thread's scratch, in floats: a tile of scores, and all scores of its queries by
// row.
struct Workspace {
  int64_t keys, queries, tile, rows, scored, total;

  Workspace(const AttentionSizes& z, int64_t keep) {
    Scratch s;
    const auto piece = [&](int64_t count) { return s.add_f32(count) / int64_t(sizeof(float)); };
    keys = piece(kKeyTile * z.D);
    queries = piece(kQueryTile * z.D);
    tile = piece(kKeyTile * kTileStride);
    rows = piece(kQueryTile * z.S);
    scored = piece(4 * keep);  // a score and a key each
    total = s.bytes / int64_t(sizeof(float));
  }
};

struct Problem {
  AttentionSizes z;
  int64_t keep;
  const float *q, *k, *v, *mask;  // mask null when left out
  float *o, *lse;
  int32_t* kept;
};

// Writes the result of one query from its kept keys.
[[gnu::always_inline]] inline void answer(const Problem& p, int64_t b, int64_t h, int64_t t,
                                          Scored<float>* scored, int64_t n) {
  const AttentionSizes& z = p.z;
  const int64_t row = (b * z.H + h) * z.T + t, g = h / z.heads_per_group();
  float highest = -__builtin_inff(), sum = 0;
  for (int64_t i = 0; i < n; ++i) highest = std::max(highest, scored[i].score);
  for (int64_t i = 0; i < n; ++i) sum += scored[i].score = simd_exp(scored[i].score - highest);
  p.lse[row] = n > 0 ? highest + simd_log(sum) : 0;
  for (int64_t i = 0; i < p.keep; ++i) p.kept[row * p.keep + i] = i < n ? scored[i].key : -1;
  float* o = p.o + z.result(b, t, h);
  std::fill_n(o, z.E, 0.0f);
  for (int64_t i = 0; i < n; ++i) {
    const float weight = scored[i].score / sum, *v = p.v + z.value(b, scored[i].key, g);
    for (int64_t d = 0; d < z.E; ++d) o[d] += weight * v[d];
  }
}

// Queries [q0, q0 + kQueryTile) of head h of sequence b.
[[gnu::always_inline]] inline void attend_tile(const Problem& p, int64_t b, int64_t h, int64_t q0,
                                               const Workspace& w, float* scratch) {
  const AttentionSizes& z = p.z;
  const int64_t count = std::min(kQueryTile, z.T - q0), g = h / z.heads_per_group();
  const int64_t limit = z.visible(q0 + count - 1);
  float *queries = scratch + w.queries, *keys = scratch + w.keys, *scores = scratch + w.tile;
  auto* scored = reinterpret_cast<Scored<float>*>(scratch + w.scored);
  alignas(64) float ones[kQueryTile];
  std::fill_n(ones, kQueryTile, 1.0f);
  pack_transposed(p.q + z.query(b, q0, h), z.H * z.D, count, z.D, z.scale, queries, kQueryTile);
  for (int64_t j0 = 0; j0 < limit; j0 += kKeyTile) {
    const ScoreTile tile{z, q0, count, j0, std::min(kKeyTile, limit - j0)};
    pack_rows(p.k + z.key(b, j0, g), z.G * z.D, tile.keys, z.D, 1, keys, z.D, z.D);
    multiply_scores(tile, keys, queries, z.D, scores);
    unpack_transposed(scores, kTileStride, count, tile.keys, ones, scratch + w.rows + j0, z.S);
  }
  for (int64_t t = 0; t < count; ++t) {
    const float* row = scratch + w.rows + t * z.S;
    const float* real = p.mask ? p.mask + b * z.S : nullptr;
    const auto score = [&](int64_t s) {
      if (!is_real(real, s)) return -__builtin_inff();
      return z.soft_cap > 0 ? z.soft_cap * simd_tanh(row[s] / z.soft_cap) : row[s];
    };
    answer(p, b, h, q0 + t, scored, keep_best(z.visible(q0 + t), p.keep, score, scored));
  }
}

// Items [first, last) of (sequence, head, query tile).
CAMBIUM_SIMD void attend(const Problem& p, int64_t first, int64_t last, float* scratch) {
  const Workspace w(p.z, p.keep);
  const int64_t tiles = p.z.query_tiles();
  for (int64_t item = first; item < last; ++item) {
    const int64_t head = item / tiles;
    attend_tile(p, head / p.z.H, head % p.z.H, item % tiles * kQueryTile, w, scratch);
  }
}

Kernel kernel(const Call& c, Engine&) {
  const AttentionSizes z = top_k_sizes(c);
  const int64_t items = z.B * z.H * z.query_tiles(), keep = kept_keys(c);
  const bool masked = c.has(kMask);
  const Workspace w(z, keep);
  const int64_t parts = z.pairs() * double(z.D) < 20000 ? 1 : part_count(items);
  const auto run = [=](const KernelArgs& args) {
    const Problem p{z,
                    keep,
                    args.f32(0),
                    args.f32(1),
                    args.f32(2),
                    masked ? args.f32(kMask) : nullptr,
                    args.out_f32(0),
                    args.out_f32(1),
                    static_cast<int32_t*>(args.out[2])};
    float* scratch = reinterpret_cast<float*>(args.scratch);
    for_each_part(items, parts, [&](int64_t part, int64_t first, int64_t last) {
      attend(p, first, last, scratch + part * w.total);
    });
  };
  return {.run = run, .scratch_bytes = parts * w.total * int64_t(sizeof(float))};
}

// Every score, and a comparison of each; then the kept keys.
Cost cost(const Call& c) {
  const AttentionSizes z = top_k_sizes(c);
  const double kept = kept_pairs(c);
  double elements =
      double(c.out_shape(0).count() + c.out_shape(1).count() + c.out_shape(2).count());
  for (int i = 0; i < 3; ++i) elements += double(c.shape(i).count());
  const double products = 2 * (double(z.D) * z.pairs() + double(z.E) * kept);
  return {.flops = products + z.pairs() + 4 * kept, .bytes = 4 * elements, .products = products};
}

Sample sample(Shape q, Shape k, Args args) {
  return {{q, k, k}, std::move(args)};
}

// With a mask, of which about 1 - 1 / (2 most) is real.
Sample padded(Sample sample, double most) {
  const Shape k = sample.inputs[1].type.shape;
  sample.inputs.emplace_back(Shape{k[0], k[1]}, 0, most);
  return sample;
}

// With values of another width than the keys'.
Sample valued(Sample sample, int64_t width) {
  sample.inputs[2] = sample.inputs[2].type.shape.with_last(width);
  return sample;
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  reach_attention(top_k_sizes(c), in, {.mask = c.has(kMask) ? &in[kMask] : nullptr}, out);
}
}  // namespace

extern const Op op_top_k_attention;
const Op op_top_k_attention = {
    .name = "top_k_attention",
    .doc = "attention to the keys with the highest scores alone",
    .min_inputs = 3,
    .max_inputs = 4,
    .attrs = fields_of<TopKAttention>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .bf16 = stays_f32,
    .onnx = onnx_top_k_attention,
    .samples = {sample({2, 5, 4, 3}, {2, 7, 2, 3}, {{"keep", 3}}),
                sample({1, 1, 1, 1}, {1, 1, 1, 1}, {{"keep", 4}}),
                sample({1, 70, 2, 5}, {1, 131, 1, 5}, {{"keep", 9}, {"causal", true}}),
                sample({1, 67, 1, 33}, {1, 67, 1, 33}, {{"keep", 20}, {"soft_cap", 0.9}}),
                sample({2, 9, 1, 4}, {2, 9, 1, 4}, {{"keep", 30}, {"scale", 0.4}}),
                padded(sample({2, 70, 2, 3}, {2, 131, 1, 3}, {{"keep", 9}, {"causal", true}}), 1),
                padded(sample({1, 5, 1, 3}, {1, 5, 1, 3}, {{"keep", 4}}), 0.7),
                padded(sample({1, 3, 1, 3}, {1, 3, 1, 3}, {{"keep", 2}}), 0.4),
                valued(sample({2, 5, 4, 3}, {2, 7, 2, 3}, {{"keep", 3}}), 5),
                valued(sample({1, 67, 1, 33}, {1, 67, 1, 33}, {{"keep", 9}}), 2),
                sample({0, 3, 2, 4}, {0, 3, 2, 4}, {{"keep", 2}}),
                sample({2, 0, 2, 4}, {2, 0, 2, 4}, {{"keep", 2}})}};
}  // namespace cambium::op_top_k_attention
