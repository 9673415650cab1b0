// attention(q [B,T,H,D], k [B,S,G,D], v [B,S,G,E], optional rng i64 [2], bias [H,S+T-1], sinks [H],
// blocks, mask, pairs; causal, window, alibi, rope, turned, scale, soft_cap, dropout, stream,
// block) -> o [B,T,H,E], lse [B,H,T]. The optional inputs: ops/attention/support/attention.h.
//   s_ts = scale q_t . k_s (with `rope`, of both turned by their positions),  p = softmax over s,
//   o_t = sum_s p_ts v_s,  lse_t = log sum_s e^s_ts.
// Head h reads key head h / (H / G) (grouped queries: Ainslie et al. 2023, arXiv 2305.13245).
// Dropout zeroes weights p after the softmax; biases come after the cap. Online softmax over tiles
// (Milakov and Gimelshein 2018, arXiv 1805.02867; Dao et al. 2022, arXiv 2205.14135): no [T,S]
// matrix is ever stored, tiles that no query sees are skipped, and the backward pass recomputes p
// from lse.
#include <cmath>

#include "graph/graph.h"
#include "ops/attention/support/attention_softmax.h"
#include "ops/attention/support/rope.h"
#include "ops/pointwise/support/dropout.h"
#include "ops/support/bf16.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/scratch.h"

namespace cambium::op_attention {
namespace {
enum Input { kQ, kK, kV, kRng, kBias, kSinks, kBlocks, kMask, kPairs };

constexpr int kExtra = kRng;

std::vector<ValueType> shape(const Call& c) {
  check_attention(c, kExtra);
  const Shape& q = c.shape(0);
  return {{DType::kF32, q.with_last(c.shape(2)[3])}, {DType::kF32, Shape{q[0], q[2], q[1]}}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const auto& a = c.as<Attention>();
  Graph& g = *dy[0].graph;
  std::vector<Value> in = {c.in[0], c.in[1], c.in[2], c.out[0], c.out[1], dy[0]};
  for (int i = kExtra; i < kExtra + kAttentionExtras; ++i) {
    const bool used = c.has(i) && (i > kExtra || a.dropout > 0);
    in.push_back(used ? c.in[size_t(i)] : Value{});
  }
  while (!in.back()) in.pop_back();
  const Value dq = g.emit("attention_grad", in, c.attrs);
  std::vector<Value> d = {dq, dq.nth(1), dq.nth(2)};
  d.resize(c.in.size());
  int next = 3;  // one row a sequence each
  for (int i : {kBias, kSinks})
    if (c.has(i))
      d[size_t(i)] = g.emit("reduce_sum", {dq.nth(next++)}, {{"axes", std::vector<int64_t>{0}}});
  if (c.has(kPairs)) {
    Value& pairs = d[kPairs] = dq.nth(next);
    if (c.shape(kPairs)[0] == 1 && c.shape(0)[0] != 1)
      pairs = g.emit("reduce_sum", {pairs}, {{"axes", std::vector<int64_t>{0}}, {"keep", true}});
  }
  return d;
}

// Pieces of one thread's scratch, in floats.
struct Workspace {
  int64_t keys, values, queries, scores, output, factors, rows, total;

  Workspace(const AttentionSizes& z, bool dropout) {
    Scratch s;
    const auto piece = [&](int64_t count) { return s.add_f32(count) / int64_t(sizeof(float)); };
    keys = piece(kKeyTile * z.D);
    values = piece(kKeyTile * z.E);
    queries = piece(kQueryTile * z.D);
    scores = piece(kKeyTile * kTileStride);
    output = piece(kQueryTile * z.E);
    factors = piece(dropout ? kKeyTile * kTileStride : 0);
    rows = piece(dropout ? kKeyTile * kQueryTile : 0);
    total = s.bytes / int64_t(sizeof(float));
  }
};

struct Problem {
  AttentionSizes z;
  const float *q, *k, *v;
  float *o, *lse;
  const DropoutMask* mask;                   // null without dropout
  const float *bias, *sinks, *real, *pairs;  // null when left out; `real` is the mask of the keys
  int64_t pair_sets;
  const int32_t* blocks;
  const RopeTable* turns;  // null without rope
};

[[gnu::always_inline]] inline void apply_factors(const ScoreTile& tile, const float* factors,
                                                 float* scores) {
  for (int64_t i = 0; i < tile.keys; ++i)
    for (int64_t t = 0; t < tile.vectors() * kLanes; t += kLanes)
      store_lanes(scores + i * kTileStride + t, load_lanes(scores + i * kTileStride + t) *
                                                    load_lanes(factors + i * kTileStride + t));
}

// Writes the queries' results: o = output / sum, lse = highest + log sum, where the sum counts the
// sink; zeros where it is empty.
[[gnu::always_inline]] inline void finish_tile(const Problem& p, int64_t b, int64_t h, int64_t q0,
                                               int64_t count, const SoftmaxState& state,
                                               const float* output) {
  alignas(64) float inverse[kQueryTile], logs[kQueryTile];
  for (int64_t t = 0; t < kQueryTile; ++t) {
    float highest = state.highest[t], sum = state.sum[t], shrink = 1;
    if (p.sinks) {
      highest = std::max(highest, p.sinks[h]);
      shrink = simd_exp(state.highest[t] - highest);
      sum = sum * shrink + simd_exp(p.sinks[h] - highest);
    }
    inverse[t] = sum == 0 ? 0 : shrink / sum;  // both written so that NaN passes through
    logs[t] = sum == 0 ? 0 : highest + simd_log(sum);
  }
  unpack_transposed(output, kQueryTile, count, p.z.E, inverse, p.o + p.z.result(b, q0, h),
                    p.z.H * p.z.E);
  std::copy_n(logs, count, p.lse + (b * p.z.H + h) * p.z.T + q0);
}

// Queries [q0, q0 + query_tile()) of head h of sequence b.
[[gnu::always_inline]] inline void attend_tile(const Problem& p, int64_t b, int64_t h, int64_t q0,
                                               const Workspace& w, float* scratch) {
  const AttentionSizes& z = p.z;
  const int64_t count = std::min(z.query_tile(), z.T - q0), g = h / z.heads_per_group();
  float *queries = scratch + w.queries, *scores = scratch + w.scores, *output = scratch + w.output;
  float *keys = scratch + w.keys, *values = scratch + w.values, *factors = scratch + w.factors;
  pack_transposed(p.q + z.query(b, q0, h), z.H * z.D, count, z.D, z.scale, queries, kQueryTile);
  if (p.turns) turn_columns(*p.turns, q0, kQueryTile / kLanes, queries, kQueryTile, false);
  std::fill_n(output, z.E * kQueryTile, 0.0f);
  SoftmaxState state;
  std::fill_n(state.highest, kQueryTile, kLowest);
  std::fill_n(state.sum, kQueryTile, 0.0f);
  const KeyTiles tiles(z, p.blocks, q0, count);
  const auto slope = float(z.slope(h));
  const float* bias = p.bias ? p.bias + h * z.distances() : nullptr;
  const float* pairs = p.pairs ? p.pairs + z.pairs_of(p.pair_sets, b, h) : nullptr;
  bool first = true;
  for (int64_t n = 0; n < tiles.count; ++n) {
    const ScoreTile tile = tiles.at(n);
    if (tile.keys <= 0) continue;
    pack_rows(p.k + z.key(b, tile.j0, g), z.G * z.D, tile.keys, z.D, 1, keys, z.D, z.D);
    if (p.turns) turn_rows(*p.turns, tile.j0, tile.keys, keys, z.D, false);
    pack_rows(p.v + z.value(b, tile.j0, g), z.G * z.E, tile.keys, z.E, 1, values, z.E, z.E);
    const ScoreChanges changes = {slope, bias, p.real ? p.real + b * z.S + tile.j0 : nullptr,
                                  pairs};
    clear_padding(changes.real, 0, tile.keys, z.E, values);
    multiply_scores(tile, keys, queries, z.D, scores);
    for (int64_t v = 0; v < tile.vectors(); ++v)
      soften(tile, v, changes, first, scores, state, output);
    if (p.mask) {
      mask_factors(tile, *p.mask, b, h, scratch + w.rows, factors);
      apply_factors(tile, factors, scores);
    }
    add_weighted(tile, values, z.E, scores, output);
    first = false;
  }
  finish_tile(p, b, h, q0, count, state, output);
}

// Items [first, last) of (sequence, head, query tile).
CAMBIUM_SIMD void attend(const Problem& p, int64_t first, int64_t last, float* scratch) {
  const Workspace w(p.z, p.mask != nullptr);
  const int64_t tiles = p.z.query_tiles();
  for (int64_t item = first; item < last; ++item) {
    const int64_t head = item / tiles;
    attend_tile(p, head / p.z.H, head % p.z.H, item % tiles * p.z.query_tile(), w, scratch);
  }
}

Kernel kernel(const Call& c, Engine&) {
  const auto a = c.as<Attention>();
  const AttentionSizes z = attention_sizes(c, kExtra);
  const Workspace w(z, a.dropout > 0);
  const int64_t items = z.B * z.H * z.query_tiles();
  const int64_t parts =
      attention_pairs(c, kExtra) * double(std::max(z.D, z.E)) < 20000 ? 1 : part_count(items);
  const bool bias = c.has(kBias), sinks = c.has(kSinks), masked = c.has(kMask);
  const int64_t pair_sets = c.has(kPairs) ? c.shape(kPairs)[0] : 0;
  const auto turns = a.rope > 0 ? rope_table(a.rope, z.T, turned_channels(a, z.D)) : nullptr;
  const auto run = [=](const KernelArgs& args) {
    const int64_t* rng = a.dropout > 0 ? args.i64(kExtra) : nullptr;
    const DropoutMask mask(rng ? rng[0] : 0, rng ? rng[1] : 0, a.stream, a.dropout);
    const Problem p{.z = z,
                    .q = args.f32(0),
                    .k = args.f32(1),
                    .v = args.f32(2),
                    .o = args.out_f32(0),
                    .lse = args.out_f32(1),
                    .mask = rng ? &mask : nullptr,
                    .bias = bias ? args.f32(kBias) : nullptr,
                    .sinks = sinks ? args.f32(kSinks) : nullptr,
                    .real = masked ? args.f32(kMask) : nullptr,
                    .pairs = pair_sets > 0 ? args.f32(kPairs) : nullptr,
                    .pair_sets = pair_sets,
                    .blocks = z.block > 0 ? args.i32(kBlocks) : nullptr,
                    .turns = turns.get()};
    if (p.blocks) check_blocks("attention", z, p.blocks);
    float* scratch = reinterpret_cast<float*>(args.scratch);
    for_each_part(items, parts, [&](int64_t part, int64_t first, int64_t last) {
      attend(p, first, last, scratch + part * w.total);
    });
  };
  return {.run = run, .scratch_bytes = parts * w.total * int64_t(sizeof(float))};
}

Cost cost(const Call& c) {
  double elements = double(c.out_shape(1).count());
  for (int i : {0, 1, 2, int(kPairs)})
    if (c.has(i)) elements += double(c.shape(i).count());
  const double pairs = attention_pairs(c, kExtra);
  const double products = pairs * 2 * double(c.shape(0)[3] + c.shape(2)[3]);
  return {.flops = products + 6 * pairs,
          .bytes = 4 * (elements + double(c.out_shape(0).count())),
          .products = products};
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  Heard rest;
  for (int i : {kRng, kBias, kSinks})
    if (c.has(i)) rest.join(whole(in[size_t(i)]));
  const auto given = [&](int i) { return c.has(i) ? &in[size_t(i)] : nullptr; };
  reach_attention(attention_sizes(c, kExtra), in,
                  {given(kMask), given(kBlocks), given(kPairs), rest}, out);
}

std::string detail(const Call& c) {
  const Shape& q = c.shape(0);
  return str(q[2], " heads of ", q[3], c.as<Attention>().causal ? ", causal" : "");
}
}  // namespace

extern const Op op_attention;
const Op op_attention = {.name = "attention",
                         .doc = "softmax(scale q k^T) v, fused; grouped queries, causal, blocks",
                         .min_inputs = 3,
                         .max_inputs = kExtra + kAttentionExtras,
                         .attrs = fields_of<Attention>,
                         .shape = shape,
                         .vjp = vjp,
                         .reference = attention_reference,
                         .kernel = kernel,
                         .cost = cost,
                         .reach = reach,
                         .bf16 = stays_f32,
                         .turns_inputs = &kAttentionTurns,
                         .places = Places::kTokens,
                         .detail = detail,
                         .onnx = onnx_attention,
                         .samples = attention_samples()};
}  // namespace cambium::op_attention
