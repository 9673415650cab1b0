// attention_grad(q, k, v, o, lse, do, optional rng; the attributes of attention) -> dq, dk, dv.
// With p_ts = e^(s_ts - lse_t), m the dropout factors and delta_t = do_t . o_t:
//   dv_s = sum_t m p do_t,  dp_ts = m (do_t . v_s),  ds = p (dp - delta),
//   dq_t = scale sum_s ds_ts k_s,  dk_s = scale sum_t ds_ts q_t.
// Dao et al. 2022, arXiv 2205.14135, algorithm 4. Scores are recomputed tile by tile. One thread
// owns a key head with all its query heads, so sums need no atomics and keep their order.
#include <cmath>

#include "ops/support/attention.h"
#include "ops/support/dropout.h"
#include "ops/support/scratch.h"

namespace cambium {
namespace {
enum Input { kQ, kK, kV, kO, kLse, kDo, kRng };

std::vector<ValueType> shape(const Call& c) {
  check_attention(c, kRng);
  const Shape& q = c.shape(kQ);
  const ValueType rows{DType::kF32, Shape{q[0], q[2], q[1]}};
  require(c.shape(kO) == q && c.shape(kDo) == q, "o ", c.shape(kO), " and do ", c.shape(kDo),
          " must have the shape of q ", q);
  require(c.in[kLse].type() == rows, "lse must be ", rows, ", got ", c.in[kLse].type());
  return {c.in[kQ].type(), c.in[kK].type(), c.in[kV].type()};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const AttentionSizes z = attention_sizes(c);
  const auto& a = c.as<Attention>();
  const double scale = a.scale > 0 ? a.scale : 1 / std::sqrt(double(z.D));
  const auto dot = [&](Input x, int64_t i, Input y, int64_t j) {
    double sum = 0;
    for (int64_t d = 0; d < z.D; ++d) sum += in[x][i + d] * in[y][j + d];
    return sum;
  };
  for (int64_t b = 0; b < z.B; ++b)
    for (int64_t h = 0; h < z.H; ++h)
      for (int64_t t = 0; t < z.T && z.S > 0; ++t) {
        const int64_t at = z.query(b, t, h), row = (b * z.H + h) * z.T + t;
        const double delta = dot(kDo, at, kO, at);
        for (int64_t s = z.lowest(t); s < z.visible(t); ++s) {
          const int64_t key = z.key(b, s, h / z.heads_per_group());
          const double product = scale * dot(kQ, at, kK, key);
          const double p = std::exp(attention_score(z, product, h, t, s) - in[kLse][row]);
          double m = 1;
          if (a.dropout > 0)
            m = mask_of(in[kRng], a.stream, a.dropout).drops(z.mask_row(b, h, t) + s)
                    ? 0
                    : 1 / (1 - a.dropout);
          double ds = scale * p * (m * dot(kDo, at, kV, key) - delta);
          if (a.soft_cap > 0) ds *= 1 - std::pow(std::tanh(product / a.soft_cap), 2);
          for (int64_t d = 0; d < z.D; ++d) {
            out[0][at + d] += ds * in[kK][key + d];
            out[1][key + d] += ds * in[kQ][at + d];
            out[2][key + d] += m * p * in[kDo][at + d];
          }
        }
      }
}

// Pieces of one thread's scratch, in floats.
struct Workspace {
  int64_t keys, values;                            // of one key tile, row-major
  int64_t dk, dv;                                  // of one key head, rows of z.width
  int64_t queries, d_o, query_rows, d_o_rows, dq;  // of one query tile; `rows` row-major
  int64_t weights, slopes, factors, rows, total;   // of both

  Workspace(const AttentionSizes& z, bool dropout) {
    Scratch s;
    const auto piece = [&](int64_t count) { return s.add_f32(count) / int64_t(sizeof(float)); };
    keys = piece(kKeyTile * z.D);
    values = piece(kKeyTile * z.D);
    dk = piece(z.S * z.width);
    dv = piece(z.S * z.width);
    for (int64_t* of_queries : {&queries, &d_o, &dq}) *of_queries = piece(kQueryTile * z.D);
    for (int64_t* of_queries : {&query_rows, &d_o_rows}) *of_queries = piece(kQueryTile * z.width);
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
  const DropoutMask* mask;  // null without dropout
};

struct QueryState {
  alignas(64) float lse[kQueryTile], delta[kQueryTile];  // delta_t = do_t . o_t
};

// Scores and dp of vector v become weights m p and slopes ds, zeros where a query does not see the
// key. `factors` is null without dropout; `alibi` is the head's slope.
[[gnu::always_inline]] inline void slope(const ScoreTile& tile, int64_t v, float alibi,
                                         const QueryState& state, const float* factors,
                                         float* weights, float* slopes) {
  const Lanes lse = load_lanes(state.lse + v * kLanes),
              delta = load_lanes(state.delta + v * kLanes);
  const TileRange keys = tile.keys_of(v, 1), written = tile.written_keys(v);
  const bool whole = tile.whole(v);
  for (int64_t i = written.begin; i < written.end; ++i) {
    const int64_t at = i * kTileStride + v * kLanes;
    if (i < keys.begin || i >= keys.end) {
      store_lanes(weights + at, Lanes{});
      store_lanes(slopes + at, Lanes{});
      continue;
    }
    Lanes s = load_lanes(weights + at), dp = load_lanes(slopes + at), flat = {};
    if (tile.z.soft_cap > 0) s = capped(s, tile.z.soft_cap, &flat);
    if (alibi > 0) s += tile.distance_bias(v, i, alibi);
    Lanes p = exp_lanes(s - lse);
    if (!whole) p = tile.mask(v, i) ? p : Lanes{};
    if (factors) {
      const Lanes m = load_lanes(factors + at);
      store_lanes(weights + at, p * m);
      dp *= m;
    } else {
      store_lanes(weights + at, p);
    }
    Lanes ds = p * (dp - delta);
    if (tile.z.soft_cap > 0) ds *= flat;
    store_lanes(slopes + at, ds);
  }
}

// to [keys, width] += x [keys, queries] y [queries, width], over the queries that see each block of
// 8 keys.
void add_to_keys(const ScoreTile& tile, const float* x, const float* y, float* to) {
  const int64_t width = tile.z.width, step = tile.whole() ? tile.keys : 8;
  for (int64_t i = 0; i < tile.keys; i += step) {
    const int64_t n = std::min(step, tile.keys - i);
    const TileRange seen = tile.queries_of(i, n);
    if (seen.empty()) continue;
    multiply_tile({n, width, seen.end - seen.begin, x + i * kTileStride + seen.begin, kTileStride,
                   1, y + seen.begin * width, width, to + i * width, width, true});
  }
}

[[gnu::always_inline]] inline void pack_query_tile(const Problem& p, int64_t b, int64_t h,
                                                   int64_t q0, int64_t count, const Workspace& w,
                                                   float* scratch, QueryState& state) {
  const AttentionSizes& z = p.z;
  const int64_t from = z.query(b, q0, h), stride = z.H * z.D;
  pack_transposed(p.q + from, stride, count, z.D, z.scale, scratch + w.queries, kQueryTile);
  pack_transposed(p.d_o + from, stride, count, z.D, 1, scratch + w.d_o, kQueryTile);
  pack_rows(p.q + from, stride, count, z.D, z.scale, scratch + w.query_rows, z.width, z.width);
  pack_rows(p.d_o + from, stride, count, z.D, 1, scratch + w.d_o_rows, z.width, z.width);
  std::fill_n(scratch + w.dq, z.D * kQueryTile, 0.0f);
  std::fill_n(state.lse, kQueryTile, 0.0f);
  std::fill_n(state.delta, kQueryTile, 0.0f);
  std::copy_n(p.lse + (b * z.H + h) * z.T + q0, count, state.lse);
  for (int64_t t = 0; t < count; ++t) {
    const float *d_o = p.d_o + from + t * stride, *o = p.o + from + t * stride;
    Lanes sum = {};
    int64_t d = 0;
    for (; d + kLanes <= z.D; d += kLanes) sum += load_lanes(d_o + d) * load_lanes(o + d);
    float delta = sum_of_lanes(sum);
    for (; d < z.D; ++d) delta += d_o[d] * o[d];
    state.delta[t] = delta;
  }
}

// Queries [q0, q0 + kQueryTile) of head h: their dq, and their share of dk and dv.
[[gnu::always_inline]] inline void differentiate_tile(const Problem& p, int64_t b, int64_t h,
                                                      int64_t q0, const Workspace& w,
                                                      float* scratch) {
  const AttentionSizes& z = p.z;
  const int64_t count = std::min(kQueryTile, z.T - q0), g = h / z.heads_per_group();
  float *weights = scratch + w.weights, *slopes = scratch + w.slopes;
  float *keys = scratch + w.keys, *values = scratch + w.values, *factors = scratch + w.factors;
  QueryState state;
  pack_query_tile(p, b, h, q0, count, w, scratch, state);
  const int64_t limit = z.visible(q0 + count - 1);
  const auto alibi = float(z.slope(h));
  for (int64_t j0 = z.lowest(q0) / kKeyTile * kKeyTile; j0 < limit; j0 += kKeyTile) {
    const ScoreTile tile{z, q0, count, j0, std::min(kKeyTile, limit - j0)};
    pack_rows(p.k + z.key(b, j0, g), z.G * z.D, tile.keys, z.D, 1, keys, z.D, z.D);
    pack_rows(p.v + z.key(b, j0, g), z.G * z.D, tile.keys, z.D, 1, values, z.D, z.D);
    multiply_scores(tile, keys, scratch + w.queries, weights);
    multiply_scores(tile, values, scratch + w.d_o, slopes);
    if (p.mask) mask_factors(tile, *p.mask, b, h, scratch + w.rows, factors);
    for (int64_t v = 0; v < tile.vectors(); ++v)
      slope(tile, v, alibi, state, p.mask ? factors : nullptr, weights, slopes);
    add_to_keys(tile, weights, scratch + w.d_o_rows, scratch + w.dv + j0 * z.width);
    add_to_keys(tile, slopes, scratch + w.query_rows, scratch + w.dk + j0 * z.width);
    add_weighted(tile, keys, slopes, scratch + w.dq);
  }
  alignas(64) float scale[kQueryTile];
  std::fill_n(scale, kQueryTile, z.scale);
  unpack_transposed(scratch + w.dq, kQueryTile, count, z.D, scale, p.dq + z.query(b, q0, h),
                    z.H * z.D);
}

// Key heads [first, last) of all sequences.
CAMBIUM_SIMD void differentiate(const Problem& p, int64_t first, int64_t last, float* scratch) {
  const AttentionSizes& z = p.z;
  const Workspace w(z, p.mask != nullptr);
  for (int64_t item = first; item < last; ++item) {
    const int64_t b = item / z.G, g = item % z.G, from = z.key(b, 0, g), stride = z.G * z.D;
    std::fill_n(scratch + w.dk, z.S * z.width, 0.0f);
    std::fill_n(scratch + w.dv, z.S * z.width, 0.0f);
    for (int64_t h = g * z.heads_per_group(); h < (g + 1) * z.heads_per_group(); ++h)
      for (int64_t q0 = 0; q0 < z.T; q0 += kQueryTile) differentiate_tile(p, b, h, q0, w, scratch);
    pack_rows(scratch + w.dk, z.width, z.S, z.D, 1, p.dk + from, stride, z.D);
    pack_rows(scratch + w.dv, z.width, z.S, z.D, 1, p.dv + from, stride, z.D);
  }
}

Kernel kernel(const Call& c, Engine&) {
  const auto a = c.as<Attention>();
  const AttentionSizes z = attention_sizes(c);
  const Workspace w(z, a.dropout > 0);
  const int64_t items = z.B * z.G;
  const int64_t parts = z.pairs() * double(z.D) < 10000 ? 1 : part_count(items);
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
                    .mask = rng ? &mask : nullptr};
    float* scratch = reinterpret_cast<float*>(args.scratch);
    for_each_part(items, parts, [&](int64_t part, int64_t first, int64_t last) {
      differentiate(p, first, last, scratch + part * w.total);
    });
  };
  return {.run = run, .scratch_bytes = parts * w.total * int64_t(sizeof(float))};
}

Cost cost(const Call& c) {
  const AttentionSizes z = attention_sizes(c);
  const double q = double(c.shape(kQ).count()), k = double(c.shape(kK).count());
  return {.flops = z.pairs() * (10 * double(z.D) + 8) + 2 * q, .bytes = 4 * (4 * q + 4 * k)};
}

std::vector<Sample> samples() {
  const SampleInput rng(DType::kI64, {2}, 0, 1000);
  const auto sample = [](Shape q, Shape k, Args args) {
    return Sample{{q, k, k, q, SampleInput(Shape{q[0], q[2], q[1]}, 5, 6), q}, std::move(args)};
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

extern const Op op_attention_grad;
const Op op_attention_grad = {.name = "attention_grad",
                              .doc = "gradient of attention from its output and log-sum-exp",
                              .min_inputs = 6,
                              .max_inputs = 7,
                              .attrs = fields_of<Attention>,
                              .shape = shape,
                              .reference = reference,
                              .kernel = kernel,
                              .cost = cost,
                              .tolerance = 2e-5,
                              .samples = samples()};
}  // namespace cambium
