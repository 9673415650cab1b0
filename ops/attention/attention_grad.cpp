// attention_grad(q, k, v, o, lse, do, the optional inputs and the attributes of attention) -> dq,
// dk, dv and, for each of them that is given, dbias [B,H,S+T-1], dsinks [B,H] and dpairs
// [B,H,S,T], one row a sequence. With p_ts = e^(s_ts - lse_t), m the dropout factors and delta_t =
// do_t . o_t:
//   dv_s = sum_t m p do_t,  dp_ts = m (do_t . v_s),  ds = p (dp - delta),
//   dq_t = scale sum_s ds_ts k_s,  dk_s = scale sum_t ds_ts q_t.
// With `rope`, q_t and k_s are turned by their positions, and dq_t and dk_s back.
// Dao et al. 2022, arXiv 2205.14135, algorithm 4. Scores are recomputed tile by tile. One thread
// owns a key head with all its query heads, so sums need no atomics and keep their order.
#include "ops/attention/support/attention_slopes.h"
#include "ops/attention/support/rope.h"
#include "ops/pointwise/support/dropout.h"
#include "ops/support/bf16.h"
#include "ops/support/lanes.h"
#include "ops/support/scratch.h"

namespace cambium::op_attention_grad {
namespace {
enum Input {
  kQ,
  kK,
  kV,
  kO,
  kLse,
  kDo,
  kExtra,
  kRng = kExtra,
  kBias,
  kSinks,
  kBlocks,
  kMask,
  kPairs
};

std::vector<ValueType> shape(const Call& c) {
  check_attention(c, kExtra);
  const Shape& q = c.shape(kQ);
  const ValueType rows{DType::kF32, Shape{q[0], q[2], q[1]}};
  const Shape o = q.with_last(c.shape(kV)[3]);
  require(c.shape(kO) == o && c.shape(kDo) == o, "o ", c.shape(kO), " and do ", c.shape(kDo),
          " must be ", o);
  require(c.in[kLse].type() == rows, "lse must be ", rows, ", got ", c.in[kLse].type());
  std::vector<ValueType> out = {c.in[kQ].type(), c.in[kK].type(), c.in[kV].type()};
  if (c.has(kBias)) out.push_back({DType::kF32, {q[0], q[2], c.shape(kBias)[1]}});
  if (c.has(kSinks)) out.push_back({DType::kF32, {q[0], q[2]}});
  if (c.has(kPairs)) out.push_back({DType::kF32, {q[0], q[2], c.shape(kK)[1], q[1]}});
  return out;
}

// Pieces of one thread's scratch, in floats.
struct Workspace {
  int64_t keys, values;  // of one key tile, row-major
  int64_t dk, dv;        // of one key head, rows of z.width and z.value_width
  int64_t queries, d_o, query_rows, d_o_rows, dq;  // of one query tile; `rows` row-major
  int64_t weights, slopes, factors, rows, total;   // of both

  Workspace(const AttentionSizes& z, bool dropout) {
    Scratch s;
    const auto piece = [&](int64_t count) { return s.add_f32(count) / int64_t(sizeof(float)); };
    keys = piece(kKeyTile * z.D);
    values = piece(kKeyTile * z.E);
    dk = piece(z.S * z.width);
    dv = piece(z.S * z.value_width);
    for (int64_t* of_queries : {&queries, &dq}) *of_queries = piece(kQueryTile * z.D);
    d_o = piece(kQueryTile * z.E);
    query_rows = piece(kQueryTile * z.width);
    d_o_rows = piece(kQueryTile * z.value_width);
    weights = piece(kKeyTile * kTileStride);
    slopes = piece(kKeyTile * kTileStride);
    factors = piece(dropout ? kKeyTile * kTileStride : 0);
    rows = piece(dropout ? kKeyTile * kQueryTile : 0);
    total = s.bytes / int64_t(sizeof(float));
  }
};

struct Problem {
  AttentionSizes z;
  const float *q, *k, *v, *o, *lse, *d_o;
  float *dq, *dk, *dv;
  const DropoutMask* mask;                   // null without dropout
  const float *bias, *sinks, *real, *pairs;  // null when left out; `real` is the mask of the keys
  int64_t pair_sets;
  float *dbias, *dsinks, *dpairs;
  const int32_t* blocks;
  const RopeTable* turns;  // null without rope
};

[[gnu::always_inline]] inline void pack_query_tile(const Problem& p, int64_t b, int64_t h,
                                                   int64_t q0, int64_t count, const Workspace& w,
                                                   float* scratch, QueryState& state) {
  const AttentionSizes& z = p.z;
  const int64_t from = z.query(b, q0, h), stride = z.H * z.D;
  const int64_t at = z.result(b, q0, h), step = z.H * z.E, wide = z.value_width;
  pack_transposed(p.q + from, stride, count, z.D, z.scale, scratch + w.queries, kQueryTile);
  pack_transposed(p.d_o + at, step, count, z.E, 1, scratch + w.d_o, kQueryTile);
  pack_rows(p.q + from, stride, count, z.D, z.scale, scratch + w.query_rows, z.width, z.width);
  pack_rows(p.d_o + at, step, count, z.E, 1, scratch + w.d_o_rows, wide, wide);
  if (p.turns) {
    turn_columns(*p.turns, q0, kQueryTile / kLanes, scratch + w.queries, kQueryTile, false);
    turn_rows(*p.turns, q0, count, scratch + w.query_rows, z.width, false);
  }
  std::fill_n(scratch + w.dq, z.D * kQueryTile, 0.0f);
  std::fill_n(state.lse, kQueryTile, 0.0f);
  std::fill_n(state.delta, kQueryTile, 0.0f);
  std::copy_n(p.lse + (b * z.H + h) * z.T + q0, count, state.lse);
  for (int64_t t = 0; t < count; ++t) {
    const float *d_o = p.d_o + at + t * step, *o = p.o + at + t * step;
    state.delta[t] = lane_sum(
        z.E, [](auto& acc, const auto& a, const auto& b) { acc += a * b; }, d_o, o);
  }
}

// Zeros in place of queries that see padding alone: nobody hears them, and zero times NaN is NaN.
inline void clear_unseeing(const Problem& p, const float* real, int64_t q0, int64_t count,
                           const Workspace& w, float* scratch, QueryState& state) {
  const AttentionSizes& z = p.z;
  for (int64_t t = 0; t < count; ++t) {
    if (sees_real(z, p.blocks, real, q0 + t)) continue;
    state.lse[t] = state.delta[t] = 0;
    for (int64_t d = 0; d < z.D; ++d) scratch[w.queries + d * kQueryTile + t] = 0;
    for (int64_t d = 0; d < z.E; ++d) scratch[w.d_o + d * kQueryTile + t] = 0;
    std::fill_n(scratch + w.query_rows + t * z.width, z.D, 0.0f);
    std::fill_n(scratch + w.d_o_rows + t * z.value_width, z.E, 0.0f);
  }
}

// The sink's share of the weights times -delta, summed over the queries.
[[gnu::always_inline]] inline float sink_slope(const QueryState& state, int64_t count, float sink) {
  float sum = 0;
  for (int64_t t = 0; t < count; ++t) sum -= simd_exp(sink - state.lse[t]) * state.delta[t];
  return sum;
}

// Queries [q0, q0 + query_tile()) of head h: their dq, and their share of dk, dv, dbias and dsinks.
[[gnu::always_inline]] inline void differentiate_tile(const Problem& p, int64_t b, int64_t h,
                                                      int64_t q0, const Workspace& w,
                                                      float* scratch) {
  const AttentionSizes& z = p.z;
  const int64_t count = std::min(z.query_tile(), z.T - q0), g = h / z.heads_per_group();
  float *weights = scratch + w.weights, *slopes = scratch + w.slopes;
  float *keys = scratch + w.keys, *values = scratch + w.values, *factors = scratch + w.factors;
  QueryState state;
  pack_query_tile(p, b, h, q0, count, w, scratch, state);
  if (p.sinks) p.dsinks[b * z.H + h] += sink_slope(state, count, p.sinks[h]);
  const KeyTiles tiles(z, p.blocks, q0, count);
  const HeadExtras head{float(z.slope(h)),
                        p.bias ? p.bias + h * z.distances() : nullptr,
                        p.real ? p.real + b * z.S : nullptr,
                        p.pairs ? p.pairs + z.pairs_of(p.pair_sets, b, h) : nullptr,
                        p.bias ? p.dbias + (b * z.H + h) * z.distances() : nullptr,
                        p.pairs ? p.dpairs + z.pairs_of(z.B, b, h) : nullptr};
  if (head.real) clear_unseeing(p, head.real, q0, count, w, scratch, state);
  for (int64_t n = 0; n < tiles.count; ++n) {
    const ScoreTile tile = tiles.at(n);
    if (tile.keys <= 0) continue;
    pack_rows(p.k + z.key(b, tile.j0, g), z.G * z.D, tile.keys, z.D, 1, keys, z.D, z.D);
    if (p.turns) turn_rows(*p.turns, tile.j0, tile.keys, keys, z.D, false);
    clear_padding(head.real, tile.j0, tile.keys, z.D, keys);
    pack_rows(p.v + z.value(b, tile.j0, g), z.G * z.E, tile.keys, z.E, 1, values, z.E, z.E);
    multiply_scores(tile, keys, scratch + w.queries, z.D, weights);
    multiply_scores(tile, values, scratch + w.d_o, z.E, slopes);
    if (p.mask) mask_factors(tile, *p.mask, b, h, scratch + w.rows, factors);
    for (int64_t v = 0; v < tile.vectors(); ++v)
      slope(tile, v, head, state, p.mask ? factors : nullptr, weights, slopes);
    add_to_keys(tile, weights, scratch + w.d_o_rows, z.value_width,
                scratch + w.dv + tile.j0 * z.value_width);
    add_to_keys(tile, slopes, scratch + w.query_rows, z.width, scratch + w.dk + tile.j0 * z.width);
    add_weighted(tile, keys, z.D, slopes, scratch + w.dq);
  }
  if (p.turns) turn_columns(*p.turns, q0, kQueryTile / kLanes, scratch + w.dq, kQueryTile, true);
  alignas(64) float scale[kQueryTile];
  std::fill_n(scale, kQueryTile, z.scale);
  unpack_transposed(scratch + w.dq, kQueryTile, count, z.D, scale, p.dq + z.query(b, q0, h),
                    z.H * z.D);
}

CAMBIUM_SIMD void differentiate(const Problem& p, int64_t first, int64_t last, float* scratch) {
  const AttentionSizes& z = p.z;
  const Workspace w(z, p.mask != nullptr);
  for (int64_t item = first; item < last; ++item) {
    const int64_t b = item / z.G, g = item % z.G;
    std::fill_n(scratch + w.dk, z.S * z.width, 0.0f);
    std::fill_n(scratch + w.dv, z.S * z.value_width, 0.0f);
    for (int64_t h = g * z.heads_per_group(); h < (g + 1) * z.heads_per_group(); ++h) {
      if (p.bias) std::fill_n(p.dbias + (b * z.H + h) * z.distances(), z.distances(), 0.0f);
      if (p.sinks) p.dsinks[b * z.H + h] = 0;
      if (p.pairs) std::fill_n(p.dpairs + z.pairs_of(z.B, b, h), z.S * z.T, 0.0f);
      for (int64_t q0 = 0; q0 < z.T; q0 += z.query_tile())
        differentiate_tile(p, b, h, q0, w, scratch);
    }
    if (p.turns) turn_rows(*p.turns, 0, z.S, scratch + w.dk, z.width, true);
    pack_rows(scratch + w.dk, z.width, z.S, z.D, 1, p.dk + z.key(b, 0, g), z.G * z.D, z.D);
    pack_rows(scratch + w.dv, z.value_width, z.S, z.E, 1, p.dv + z.value(b, 0, g), z.G * z.E, z.E);
  }
}

Kernel kernel(const Call& c, Engine&) {
  const auto a = c.as<Attention>();
  const AttentionSizes z = attention_sizes(c, kExtra);
  const Workspace w(z, a.dropout > 0);
  const int64_t items = z.B * z.G;
  const int64_t parts =
      attention_pairs(c, kExtra) * double(std::max(z.D, z.E)) < 10000 ? 1 : part_count(items);
  const bool bias = c.has(kBias), sinks = c.has(kSinks), masked = c.has(kMask);
  const int64_t pair_sets = c.has(kPairs) ? c.shape(kPairs)[0] : 0;
  const auto turns = a.rope > 0 ? rope_table(a.rope, z.T, turned_channels(a, z.D)) : nullptr;
  const auto run = [=](const KernelArgs& args) {
    const int64_t* rng = a.dropout > 0 ? args.i64(kRng) : nullptr;
    const DropoutMask mask(rng ? rng[0] : 0, rng ? rng[1] : 0, a.stream, a.dropout);
    const Problem p{.z = z,
                    .q = args.f32(kQ),
                    .k = args.f32(kK),
                    .v = args.f32(kV),
                    .o = args.f32(kO),
                    .lse = args.f32(kLse),
                    .d_o = args.f32(kDo),
                    .dq = args.out_f32(0),
                    .dk = args.out_f32(1),
                    .dv = args.out_f32(2),
                    .mask = rng ? &mask : nullptr,
                    .bias = bias ? args.f32(kBias) : nullptr,
                    .sinks = sinks ? args.f32(kSinks) : nullptr,
                    .real = masked ? args.f32(kMask) : nullptr,
                    .pairs = pair_sets > 0 ? args.f32(kPairs) : nullptr,
                    .pair_sets = pair_sets,
                    .dbias = bias ? args.out_f32(3) : nullptr,
                    .dsinks = sinks ? args.out_f32(3 + bias) : nullptr,
                    .dpairs = pair_sets > 0 ? args.out_f32(3 + bias + sinks) : nullptr,
                    .blocks = z.block > 0 ? args.i32(kBlocks) : nullptr,
                    .turns = turns.get()};
    if (p.blocks) check_blocks("attention_grad", z, p.blocks);
    float* scratch = reinterpret_cast<float*>(args.scratch);
    for_each_part(items, parts, [&](int64_t part, int64_t first, int64_t last) {
      differentiate(p, first, last, scratch + part * w.total);
    });
  };
  return {.run = run, .scratch_bytes = parts * w.total * int64_t(sizeof(float))};
}

Cost cost(const Call& c) {
  const double q = double(c.shape(kQ).count()), k = double(c.shape(kK).count());
  const double o = double(c.shape(kO).count()), v = double(c.shape(kV).count());
  // The scores that the kernel computes again, 2 D a pair, are its own affair: docs/flops.md.
  const double pairs = attention_pairs(c, kExtra);
  const double products = pairs * 4 * double(c.shape(kQ)[3] + c.shape(kV)[3]);
  double elements = 2 * q + 2 * o + 2 * k + 2 * v;
  if (c.has(kPairs)) elements += double(c.shape(kPairs).count() + c.out.back().shape().count());
  return {products + 8 * pairs + 2 * o, 4 * elements, products};
}

// Those of attention, with o, lse and do.
std::vector<Sample> samples() {
  std::vector<Sample> all = attention_samples();
  for (Sample& sample : all) {
    const Shape q = sample.inputs[0].type.shape;
    const Shape o = q.with_last(sample.inputs[2].type.shape[3]);
    const SampleInput lse(Shape{q[0], q[2], q[1]}, 5, 6);
    sample.inputs.insert(sample.inputs.begin() + kO, {o, lse, o});
  }
  return all;
}
}  // namespace

extern const Op op_attention_grad = {.name = "attention_grad",
                                     .doc = "gradient of attention from its output and log-sum-exp",
                                     .min_inputs = 6,
                                     .max_inputs = int(kExtra) + kAttentionExtras,
                                     .attrs = fields_of<Attention>,
                                     .shape = shape,
                                     .reference = attention_grad_reference,
                                     .kernel = kernel,
                                     .cost = cost,
                                     .reach = reach_all,
                                     .bf16 = stays_f32,
                                     .turns_inputs = &kAttentionGradientTurns,
                                     .not_onnx = kOnnxGradient,
                                     .tolerance = 2e-5,
                                     .samples = samples()};
}  // namespace cambium::op_attention_grad
