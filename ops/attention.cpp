// attention(q [B,T,H,D], k [B,S,G,D], v [B,S,G,D], optional rng i64 [2]; causal, window, alibi,
// scale, soft_cap, dropout, stream) -> o [B,T,H,D], lse [B,H,T].
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
        const int64_t first = z.lowest(t), n = z.visible(t);
        const int64_t at = z.query(b, t, h), g = h / z.heads_per_group();
        double highest = -HUGE_VAL, sum = 0;
        for (int64_t s = first; s < n; ++s) {
          double dot = 0;
          for (int64_t d = 0; d < z.D; ++d) dot += in[0][at + d] * in[1][z.key(b, s, g) + d];
          p[size_t(s)] = attention_score(z, scale * dot, h, t, s);
          highest = std::max(highest, p[size_t(s)]);
        }
        for (int64_t s = first; s < n; ++s) sum += std::exp(p[size_t(s)] - highest);
        const double lse = highest + std::log(sum);
        out[1][(b * z.H + h) * z.T + t] = lse;
        for (int64_t s = first; s < n; ++s) {
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
  int64_t keys, values, queries, scores, output, factors, rows, total;

  Workspace(const AttentionSizes& z, bool dropout) {
    Scratch s;
    const auto piece = [&](int64_t count) { return s.add_f32(count) / int64_t(sizeof(float)); };
    keys = piece(kKeyTile * z.D);
    values = piece(kKeyTile * z.D);
    queries = piece(kQueryTile * z.D);
    scores = piece(kKeyTile * kTileStride);
    output = piece(kQueryTile * z.D);
    factors = piece(dropout ? kKeyTile * kTileStride : 0);
    rows = piece(dropout ? kKeyTile * kQueryTile : 0);
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

constexpr float kLowest = -1.7e38f;  // below any score, yet differences of it stay finite

struct QueryState {  // of the scores seen so far; sum is of e^(score - highest)
  alignas(64) float highest[kQueryTile], sum[kQueryTile];
};

// The scores of vector v as the softmax sees them, kLowest where a query does not see the key; and
// their maximum with `top`.
[[gnu::always_inline]] inline Lanes adjust(const ScoreTile& tile, int64_t v, float slope,
                                           float* column, Lanes top) {
  const TileRange keys = tile.keys_of(v, 1);
  const bool whole = tile.whole(v), changed = slope > 0 || tile.z.soft_cap > 0;
  for (int64_t i = keys.begin; i < keys.end; ++i) {
    Lanes s = load_lanes(column + i * kTileStride);
    if (tile.z.soft_cap > 0) s = capped(s, tile.z.soft_cap, nullptr);
    if (slope > 0) s += tile.distance_bias(v, i, slope);
    if (changed) store_lanes(column + i * kTileStride, s);
    if (!whole) s = tile.mask(v, i) ? s : Lanes{} + kLowest;
    top = s > top ? s : top;
  }
  return top;
}

// Turns the scores of vector v into weights e^(score - highest), zeros where a query does not see
// the key, and shrinks the state and the rows of `output` to the new maximum.
[[gnu::always_inline]] inline void soften(const ScoreTile& tile, int64_t v, float slope, bool first,
                                          float* scores, QueryState& state, float* output) {
  float* column = scores + v * kLanes;
  const TileRange keys = tile.keys_of(v, 1), written = tile.written_keys(v);
  const bool whole = tile.whole(v);
  const Lanes before = load_lanes(state.highest + v * kLanes);
  const Lanes top = adjust(tile, v, slope, column, before);
  Lanes sum = {};
  for (int64_t i = written.begin; i < keys.begin; ++i)
    store_lanes(column + i * kTileStride, Lanes{});
  for (int64_t i = keys.begin; i < keys.end; ++i) {
    Lanes e = exp_lanes(load_lanes(column + i * kTileStride) - top);
    if (!whole) e = tile.mask(v, i) ? e : Lanes{};
    store_lanes(column + i * kTileStride, e);
    sum += e;
  }
  for (int64_t i = std::max(keys.begin, keys.end); i < written.end; ++i)
    store_lanes(column + i * kTileStride, Lanes{});
  const Lanes shrink = exp_lanes(before - top);
  store_lanes(state.highest + v * kLanes, top);
  store_lanes(state.sum + v * kLanes, load_lanes(state.sum + v * kLanes) * shrink + sum);
  if (first) return;
  for (int64_t d = 0; d < tile.z.D; ++d) {
    float* row = output + d * kQueryTile + v * kLanes;
    store_lanes(row, load_lanes(row) * shrink);
  }
}

[[gnu::always_inline]] inline void apply_factors(const ScoreTile& tile, const float* factors,
                                                 float* scores) {
  for (int64_t i = 0; i < tile.keys; ++i)
    for (int64_t t = 0; t < tile.vectors() * kLanes; t += kLanes)
      store_lanes(scores + i * kTileStride + t, load_lanes(scores + i * kTileStride + t) *
                                                    load_lanes(factors + i * kTileStride + t));
}

// Writes the queries' results: o = output / sum, lse = highest + log sum.
[[gnu::always_inline]] inline void finish_tile(const Problem& p, int64_t b, int64_t h, int64_t q0,
                                               int64_t count, const QueryState& state,
                                               const float* output) {
  alignas(64) float inverse[kQueryTile], logs[kQueryTile];
  for (int64_t t = 0; t < kQueryTile; ++t) {
    inverse[t] = 1 / state.sum[t];
    logs[t] = state.highest[t] + simd_log(state.sum[t]);
  }
  unpack_transposed(output, kQueryTile, count, p.z.D, inverse, p.o + p.z.query(b, q0, h),
                    p.z.H * p.z.D);
  std::copy_n(logs, count, p.lse + (b * p.z.H + h) * p.z.T + q0);
}

// Queries [q0, q0 + kQueryTile) of head h of sequence b.
[[gnu::always_inline]] inline void attend_tile(const Problem& p, int64_t b, int64_t h, int64_t q0,
                                               const Workspace& w, float* scratch) {
  const AttentionSizes& z = p.z;
  const int64_t count = std::min(kQueryTile, z.T - q0), g = h / z.heads_per_group();
  float *queries = scratch + w.queries, *scores = scratch + w.scores, *output = scratch + w.output;
  float *keys = scratch + w.keys, *values = scratch + w.values, *factors = scratch + w.factors;
  pack_transposed(p.q + z.query(b, q0, h), z.H * z.D, count, z.D, z.scale, queries, kQueryTile);
  std::fill_n(output, z.D * kQueryTile, 0.0f);
  QueryState state;
  std::fill_n(state.highest, kQueryTile, kLowest);
  std::fill_n(state.sum, kQueryTile, 0.0f);
  const int64_t limit = z.visible(q0 + count - 1), start = z.lowest(q0) / kKeyTile * kKeyTile;
  const auto slope = float(z.slope(h));
  for (int64_t j0 = start; j0 < limit; j0 += kKeyTile) {
    const ScoreTile tile{z, q0, count, j0, std::min(kKeyTile, limit - j0)};
    pack_rows(p.k + z.key(b, j0, g), z.G * z.D, tile.keys, z.D, 1, keys, z.D, z.D);
    pack_rows(p.v + z.key(b, j0, g), z.G * z.D, tile.keys, z.D, 1, values, z.D, z.D);
    multiply_scores(tile, keys, queries, scores);
    for (int64_t v = 0; v < tile.vectors(); ++v)
      soften(tile, v, slope, j0 == start, scores, state, output);
    if (p.mask) {
      mask_factors(tile, *p.mask, b, h, scratch + w.rows, factors);
      apply_factors(tile, factors, scores);
    }
    add_weighted(tile, values, scores, output);
  }
  finish_tile(p, b, h, q0, count, state, output);
}

// Items [first, last) of (sequence, head, query tile).
CAMBIUM_SIMD void attend(const Problem& p, int64_t first, int64_t last, float* scratch) {
  const Workspace w(p.z, p.mask != nullptr);
  for (int64_t item = first; item < last; ++item) {
    const int64_t head = item / p.tiles();
    attend_tile(p, head / p.z.H, head % p.z.H, item % p.tiles() * kQueryTile, w, scratch);
  }
}

Kernel kernel(const Call& c, Engine&) {
  const auto a = c.as<Attention>();
  const AttentionSizes z = attention_sizes(c);
  const Workspace w(z, a.dropout > 0);
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
          sample({1, 200, 2, 16}, {1, 200, 1, 16}, {{"causal", true}, {"window", 37}}),
          sample({1, 150, 1, 5}, {1, 153, 1, 5}, {{"window", 9}, {"alibi", true}}),
          sample({2, 70, 3, 8}, {2, 75, 3, 8}, {{"causal", true}, {"alibi", true}}),
          sample({1, 67, 2, 8}, {1, 67, 2, 8}, {{"soft_cap", 0.7}, {"window", 20}}),
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
