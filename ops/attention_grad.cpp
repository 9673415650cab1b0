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
        for (int64_t s = 0; s < z.visible(t); ++s) {
          const int64_t key = z.key(b, s, h / z.heads_per_group());
          const double p = std::exp(scale * dot(kQ, at, kK, key) - in[kLse][row]);
          double m = 1;
          if (a.dropout > 0)
            m = mask_of(in[kRng], a.stream, a.dropout).drops(z.mask_row(b, h, t) + s)
                    ? 0
                    : 1 / (1 - a.dropout);
          const double ds = scale * p * (m * dot(kDo, at, kV, key) - delta);
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
  int64_t key_panels, value_panels, keys, dk, dv;           // of one key head
  int64_t queries, d_o, dq, weights, slopes, delta, total;  // of one query tile

  explicit Workspace(const AttentionSizes& z) {
    Scratch s;
    const auto piece = [&](int64_t count) { return s.add_f32(count) / int64_t(sizeof(float)); };
    key_panels = piece(z.padded_keys * z.D);
    value_panels = piece(z.padded_keys * z.D);
    keys = piece(z.padded_keys * z.width);
    dk = piece(z.padded_keys * z.width);
    dv = piece(z.padded_keys * z.width);
    queries = piece(kQueryTile * z.width);
    d_o = piece(kQueryTile * z.width);
    dq = piece(kQueryTile * z.width);
    weights = piece(kQueryTile * kScoreStride);
    slopes = piece(kQueryTile * kScoreStride);
    delta = piece(kQueryTile);
    total = s.bytes / int64_t(sizeof(float));
  }
};

struct Problem {
  AttentionSizes z;
  const float *q, *k, *v, *o, *lse, *d_o;
  float *dq, *dk, *dv;
  const DropoutMask* mask;  // null without dropout
};

// One row of scores and dp becomes weights m p and slopes ds, zeros from n to `padded`.
[[gnu::always_inline]] inline void slope_row(float* weights, float* slopes, int64_t n,
                                             int64_t padded, float lse, float delta,
                                             const float* factors) {
  for (int64_t j = 0; j < padded; j += kLanes) {
    if (j >= n) {
      store_lanes(weights + j, Lanes{});
      store_lanes(slopes + j, Lanes{});
      continue;
    }
    Lanes p = exp_lanes(load_lanes(weights + j) - lse), dp = load_lanes(slopes + j);
    Lanes m = factors ? load_lanes(factors + j) : Lanes{} + 1.0f;
    Lanes ds = p * (m * dp - delta);
    if (j + kLanes > n) {
      p = keep_below(p, j, n);
      ds = keep_below(ds, j, n);
    }
    store_lanes(weights + j, factors ? p * m : p);
    store_lanes(slopes + j, ds);
  }
}

// to [keys of the tile, width] += x^T [keys, queries] y [queries, width], from the first query that
// sees each block of keys.
[[gnu::always_inline]] inline void add_transposed(const AttentionSizes& z, int64_t q0,
                                                  int64_t count, int64_t j0, int64_t keys,
                                                  const float* x, const float* y, float* to) {
  for (int64_t j = 0; j < keys; j += kTileRows) {
    const int64_t begin = std::max<int64_t>(0, z.first_query(j0 + j) - q0);
    if (begin < count)
      multiply_rows(z.width, count - begin, x + begin * kScoreStride + j, 1, kScoreStride,
                    y + begin * z.width, z.width, to + (j0 + j) * z.width, z.width, true);
  }
}

[[gnu::always_inline]] inline void pack_query_tile(const Problem& p, int64_t b, int64_t h,
                                                   int64_t q0, int64_t count, const Workspace& w,
                                                   float* scratch) {
  const AttentionSizes& z = p.z;
  const int64_t rows = round_up(count, kTileRows), from = z.query(b, q0, h), stride = z.H * z.D;
  pack_rows(p.q + from, stride, count, z.D, z.scale, scratch + w.queries, rows, z.width);
  pack_rows(p.d_o + from, stride, count, z.D, 1, scratch + w.d_o, rows, z.width);
  std::fill_n(scratch + w.dq, rows * z.width, 0.0f);
  for (int64_t i = 0; i < count; ++i) {
    const float *d_o = p.d_o + from + i * stride, *o = p.o + from + i * stride;
    Lanes sum = {};
    int64_t d = 0;
    for (; d + kLanes <= z.D; d += kLanes) sum += load_lanes(d_o + d) * load_lanes(o + d);
    float delta = sum_of_lanes(sum);
    for (; d < z.D; ++d) delta += d_o[d] * o[d];
    scratch[w.delta + i] = delta;
  }
}

// Queries [q0, q0 + kQueryTile) of head h: their dq, and their share of dk and dv.
[[gnu::always_inline]] inline void differentiate_tile(const Problem& p, int64_t b, int64_t h,
                                                      int64_t q0, const Workspace& w,
                                                      float* scratch) {
  const AttentionSizes& z = p.z;
  const int64_t count = std::min(kQueryTile, z.T - q0), rows = round_up(count, kTileRows);
  float *weights = scratch + w.weights, *slopes = scratch + w.slopes;
  pack_query_tile(p, b, h, q0, count, w, scratch);
  const float* lse = p.lse + (b * z.H + h) * z.T + q0;
  const int64_t limit = z.visible(q0 + count - 1);
  for (int64_t j0 = 0; j0 < limit; j0 += kKeyTile) {
    const int64_t keys = std::min(kKeyTile, limit - j0), padded = round_up(keys, kPanel);
    score_tile(z, q0, rows, j0, padded, scratch + w.queries, scratch + w.key_panels, weights);
    score_tile(z, q0, rows, j0, padded, scratch + w.d_o, scratch + w.value_panels, slopes);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t n = std::min(keys, z.visible(q0 + i) - j0);
      float factors[kKeyTile];
      if (p.mask && n > 0) mask_factors(*p.mask, z.mask_row(b, h, q0 + i), j0, n, factors);
      slope_row(weights + i * kScoreStride, slopes + i * kScoreStride, n, padded, lse[i],
                scratch[w.delta + i], p.mask ? factors : nullptr);
    }
    add_transposed(z, q0, count, j0, keys, weights, scratch + w.d_o, scratch + w.dv);
    add_transposed(z, q0, count, j0, keys, slopes, scratch + w.queries, scratch + w.dk);
    add_weighted_rows(z, q0, rows, j0, keys, slopes, scratch + w.keys, scratch + w.dq);
  }
  for (int64_t i = 0; i < count; ++i) {
    float* to = p.dq + z.query(b, q0 + i, h);
    for (int64_t d = 0; d < z.D; ++d) to[d] = scratch[w.dq + i * z.width + d] * z.scale;
  }
}

// Key heads [first, last) of all sequences.
CAMBIUM_SIMD void differentiate(const Problem& p, int64_t first, int64_t last, float* scratch) {
  const AttentionSizes& z = p.z;
  const Workspace w(z);
  for (int64_t item = first; item < last; ++item) {
    const int64_t b = item / z.G, g = item % z.G, from = z.key(b, 0, g), stride = z.G * z.D;
    pack_panels(p.k + from, stride, z.S, z.D, scratch + w.key_panels);
    pack_panels(p.v + from, stride, z.S, z.D, scratch + w.value_panels);
    pack_rows(p.k + from, stride, z.S, z.D, 1, scratch + w.keys, z.padded_keys, z.width);
    std::fill_n(scratch + w.dk, z.padded_keys * z.width, 0.0f);
    std::fill_n(scratch + w.dv, z.padded_keys * z.width, 0.0f);
    for (int64_t h = g * z.heads_per_group(); h < (g + 1) * z.heads_per_group(); ++h)
      for (int64_t q0 = 0; q0 < z.T; q0 += kQueryTile) differentiate_tile(p, b, h, q0, w, scratch);
    for (int64_t s = 0; s < z.S; ++s)
      for (int64_t d = 0; d < z.D; ++d) {
        p.dk[from + s * stride + d] = scratch[w.dk + s * z.width + d];
        p.dv[from + s * stride + d] = scratch[w.dv + s * z.width + d];
      }
  }
}

Kernel kernel(const Call& c, Engine&) {
  const auto a = c.as<Attention>();
  const AttentionSizes z = attention_sizes(c);
  const Workspace w(z);
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
