// attention(q [B,T,H,D], k [B,S,G,D], v [B,S,G,D], optional rng i64 [2]; causal, scale, dropout,
// stream) -> o [B,T,H,D], lse [B,H,T].
//   s_ts = scale q_t . k_s,  p = softmax over s,  o_t = sum_s p_ts v_s,  lse_t = log sum_s e^s_ts.
// Head h reads key head h / (H / G) (grouped queries: Ainslie et al. 2023, arXiv 2305.13245).
// Dropout zeroes weights p after the softmax. Online softmax over tiles (Milakov and Gimelshein
// 2018, arXiv 1805.02867; Dao et al. 2022, arXiv 2205.14135): no [T,S] matrix is ever stored, tiles
// that no query sees are skipped, and the backward pass recomputes p from lse.
#include "ops/support/attention.h"

#include <cmath>

#include "graph/graph.h"
#include "ops/support/dropout.h"
#include "ops/support/scratch.h"

namespace cambium {
namespace {
std::vector<ValueType> shape(const Call& c) {
  check_attention(c, 3);
  const Shape& q = c.shape(0);
  return {c.in[0].type(), {DType::kF32, Shape{q[0], q[2], q[1]}}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const auto& a = c.as<Attention>();
  const Value none, rng = a.dropout > 0 ? c.in[3] : none;
  const Value dq = dy[0].graph->emit(
      "attention_grad", {c.in[0], c.in[1], c.in[2], c.out[0], c.out[1], dy[0], rng}, c.attrs);
  std::vector<Value> d = {dq, dq.nth(1), dq.nth(2)};
  d.resize(c.in.size());
  return d;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const AttentionSizes z = attention_sizes(c);
  const auto& a = c.as<Attention>();
  const double scale = a.scale > 0 ? a.scale : 1 / std::sqrt(double(z.D));
  std::vector<double> p(size_t(z.S), 0.0);
  for (int64_t b = 0; b < z.B; ++b)
    for (int64_t h = 0; h < z.H; ++h)
      for (int64_t t = 0; t < z.T && z.S > 0; ++t) {
        const int64_t n = z.visible(t), at = z.query(b, t, h), g = h / z.heads_per_group();
        double highest = -INFINITY, sum = 0;
        for (int64_t s = 0; s < n; ++s) {
          double dot = 0;
          for (int64_t d = 0; d < z.D; ++d) dot += in[0][at + d] * in[1][z.key(b, s, g) + d];
          p[size_t(s)] = scale * dot;
          highest = std::max(highest, p[size_t(s)]);
        }
        for (int64_t s = 0; s < n; ++s) sum += std::exp(p[size_t(s)] - highest);
        const double lse = highest + std::log(sum);
        out[1][(b * z.H + h) * z.T + t] = lse;
        for (int64_t s = 0; s < n; ++s) {
          double weight = std::exp(p[size_t(s)] - lse);
          if (a.dropout > 0) {
            const DropoutMask mask = mask_of(in[3], a.stream, a.dropout);
            weight *= mask.drops(z.mask_row(b, h, t) + s) ? 0 : 1 / (1 - a.dropout);
          }
          for (int64_t d = 0; d < z.D; ++d) out[0][at + d] += weight * in[2][z.key(b, s, g) + d];
        }
      }
}

// Pieces of one thread's scratch, in floats.
struct Workspace {
  int64_t keys, values, queries, scores, output, total;

  explicit Workspace(const AttentionSizes& z) {
    Scratch s;
    const auto piece = [&](int64_t count) { return s.add_f32(count) / int64_t(sizeof(float)); };
    keys = piece(z.padded_keys * z.D);
    values = piece(z.padded_keys * z.width);
    queries = piece(kQueryTile * z.width);
    scores = piece(kQueryTile * kScoreStride);
    output = piece(kQueryTile * z.width);
    total = s.bytes / int64_t(sizeof(float));
  }
};

struct Problem {
  AttentionSizes z;
  const float *q, *k, *v;
  float *o, *lse;
  const DropoutMask* mask;  // null without dropout

  int64_t tiles() const { return (z.T + kQueryTile - 1) / kQueryTile; }
};

struct RowState {
  float highest, sum;  // of the scores seen so far; sum is of e^(score - highest)
};

// Turns the first n scores of a row into weights e^(score - highest), zeros up to `padded`, and
// answers by how much earlier sums shrink. n >= 1.
[[gnu::always_inline]] inline float soften_row(float* row, int64_t n, int64_t padded,
                                               RowState& state) {
  Lanes top = Lanes{} + state.highest;
  for (int64_t j = 0; j < n; j += kLanes) {
    Lanes v = load_lanes(row + j);
    if (j + kLanes > n) v = keep_below(v, j, n, state.highest);
    top = v > top ? v : top;
  }
  const float highest = max_of_lanes(top);
  Lanes sum = {};
  for (int64_t j = 0; j < n; j += kLanes) {
    Lanes e = exp_lanes(load_lanes(row + j) - highest);
    if (j + kLanes > n) e = keep_below(e, j, n);
    store_lanes(row + j, e);
    sum += e;
  }
  for (int64_t j = round_up(n, kLanes); j < padded; j += kLanes) store_lanes(row + j, Lanes{});
  const float shrink = simd_exp(state.highest - highest);
  state = {highest, state.sum * shrink + sum_of_lanes(sum)};
  return shrink;
}

[[gnu::always_inline]] inline void apply_dropout(const DropoutMask& mask, int64_t mask_row,
                                                 int64_t j0, int64_t n, float* row) {
  float factors[kKeyTile];
  mask_factors(mask, mask_row, j0, n, factors);
  for (int64_t j = 0; j < n; ++j) row[j] *= factors[j];
}

// Queries [q0, q0 + count) of head h of sequence b; keys and values are packed.
[[gnu::always_inline]] inline void attend_tile(const Problem& p, int64_t b, int64_t h, int64_t q0,
                                               const Workspace& w, float* scratch) {
  const AttentionSizes& z = p.z;
  const int64_t count = std::min(kQueryTile, z.T - q0), rows = round_up(count, kTileRows);
  float *queries = scratch + w.queries, *scores = scratch + w.scores, *sum = scratch + w.output;
  pack_rows(p.q + z.query(b, q0, h), z.H * z.D, count, z.D, z.scale, queries, rows, z.width);
  std::fill_n(sum, rows * z.width, 0.0f);
  RowState state[kQueryTile];
  std::fill_n(state, count, RowState{-__builtin_inff(), 0});
  const int64_t limit = z.visible(q0 + count - 1);
  for (int64_t j0 = 0; j0 < limit; j0 += kKeyTile) {
    const int64_t keys = std::min(kKeyTile, limit - j0), padded = round_up(keys, kPanel);
    score_tile(z, q0, rows, j0, padded, queries, scratch + w.keys, scores);
    for (int64_t i = 0; i < count; ++i) {
      float* row = scores + i * kScoreStride;
      const int64_t n = std::min(keys, z.visible(q0 + i) - j0);
      if (n <= 0) {
        std::fill_n(row, padded, 0.0f);
        continue;
      }
      const float shrink = soften_row(row, n, padded, state[i]);
      if (j0 > 0 && shrink != 1)
        for (int64_t d = 0; d < z.width; ++d) sum[i * z.width + d] *= shrink;
      if (p.mask) apply_dropout(*p.mask, z.mask_row(b, h, q0 + i), j0, n, row);
    }
    add_weighted_rows(z, q0, rows, j0, keys, scores, scratch + w.values, sum);
  }
  for (int64_t i = 0; i < count; ++i) {
    float* to = p.o + z.query(b, q0 + i, h);
    const float inverse = 1 / state[i].sum;
    for (int64_t d = 0; d < z.D; ++d) to[d] = sum[i * z.width + d] * inverse;
    p.lse[(b * z.H + h) * z.T + q0 + i] = state[i].highest + simd_log(state[i].sum);
  }
}

// Items [first, last) of (sequence, head, query tile); keys and values are packed once for all
// items of one key head.
CAMBIUM_SIMD void attend(const Problem& p, int64_t first, int64_t last, float* scratch) {
  const AttentionSizes& z = p.z;
  const Workspace w(z);
  int64_t packed = -1;
  for (int64_t item = first; item < last; ++item) {
    const int64_t head = item / p.tiles(), b = head / z.H, h = head % z.H;
    const int64_t g = h / z.heads_per_group(), key_head = b * z.G + g;
    if (key_head != packed) {
      pack_panels(p.k + z.key(b, 0, g), z.G * z.D, z.S, z.D, scratch + w.keys);
      pack_rows(p.v + z.key(b, 0, g), z.G * z.D, z.S, z.D, 1, scratch + w.values, z.padded_keys,
                z.width);
      packed = key_head;
    }
    attend_tile(p, b, h, item % p.tiles() * kQueryTile, w, scratch);
  }
}

Kernel kernel(const Call& c, Engine&) {
  const auto a = c.as<Attention>();
  const AttentionSizes z = attention_sizes(c);
  const Workspace w(z);
  const int64_t items = z.B * z.H * ((z.T + kQueryTile - 1) / kQueryTile);
  const int64_t parts = z.pairs() * double(z.D) < 20000 ? 1 : part_count(items);
  const auto run = [=](const KernelArgs& args) {
    const int64_t* rng = a.dropout > 0 ? args.i64(3) : nullptr;
    const DropoutMask mask(rng ? rng[0] : 0, rng ? rng[1] : 0, a.stream, a.dropout);
    const Problem p{z,
                    args.f32(0),
                    args.f32(1),
                    args.f32(2),
                    args.out_f32(0),
                    args.out_f32(1),
                    rng ? &mask : nullptr};
    float* scratch = reinterpret_cast<float*>(args.scratch);
    for_each_part(items, parts, [&](int64_t part, int64_t first, int64_t last) {
      attend(p, first, last, scratch + part * w.total);
    });
  };
  return {.run = run, .scratch_bytes = parts * w.total * int64_t(sizeof(float))};
}

Cost cost(const Call& c) {
  const AttentionSizes z = attention_sizes(c);
  double elements = double(c.out_shape(1).count());
  for (int i = 0; i < 3; ++i) elements += double(c.shape(i).count());
  return {.flops = z.pairs() * (4 * double(z.D) + 6),
          .bytes = 4 * (elements + double(c.shape(0).count()))};
}

std::vector<Sample> samples() {
  const SampleInput rng(DType::kI64, {2}, 0, 1000);
  const auto sample = [](Shape q, Shape k, Args args) {
    return Sample{{q, k, k}, std::move(args)};
  };
  Sample dropped = sample({2, 9, 4, 6}, {2, 9, 2, 6}, {{"causal", true}, {"dropout", 0.5}});
  dropped.inputs.push_back(rng);
  Sample long_dropped = sample({1, 70, 1, 3}, {1, 131, 1, 3}, {{"dropout", 0.2}, {"stream", 5}});
  long_dropped.inputs.push_back(rng);
  return {sample({2, 5, 3, 4}, {2, 5, 3, 4}, {}),
          sample({1, 1, 1, 1}, {1, 1, 1, 1}, {}),
          sample({1, 7, 4, 5}, {1, 11, 2, 5}, {{"causal", true}}),
          sample({2, 67, 2, 33}, {2, 67, 1, 33}, {{"causal", true}, {"scale", 0.3}}),
          sample({1, 130, 2, 16}, {1, 261, 2, 16}, {}),
          sample({1, 130, 1, 64}, {1, 300, 1, 64}, {{"causal", true}}),
          sample({0, 3, 2, 4}, {0, 3, 2, 4}, {{"causal", true}}),
          sample({2, 0, 2, 4}, {2, 0, 2, 4}, {}),
          dropped,
          long_dropped};
}
}  // namespace

extern const Op op_attention;
const Op op_attention = {.name = "attention",
                         .doc = "softmax(scale q k^T) v, fused; grouped queries, causal, dropout",
                         .min_inputs = 3,
                         .max_inputs = 4,
                         .attrs = fields_of<Attention>,
                         .shape = shape,
                         .vjp = vjp,
                         .reference = reference,
                         .kernel = kernel,
                         .cost = cost,
                         .samples = samples()};
}  // namespace cambium
