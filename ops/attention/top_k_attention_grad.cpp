// top_k_attention_grad(q, k, v, o, lse, kept, do; the attributes of top_k_attention) -> dq, dk, dv.
// Over the kept keys alone, with p_ts = e^(s_ts - lse_t) and delta_t = do_t . o_t:
//   dv_s = sum_t p do_t,  ds = p (do_t . v_s - delta),  dq_t = scale sum_s ds k_s,
//   dk_s = scale sum_t ds q_t.
// O(T K D). One thread owns a key head with all its query heads, so sums need no atomics and keep
// their order. RuntimeError for a kept key that is none.
#include <cmath>

#include "graph/graph.h"
#include "ops/attention/support/top_k_attention.h"
#include "ops/support/bf16.h"
#include "ops/support/ids.h"
#include "ops/support/lanes.h"
#include "ops/support/reach.h"

namespace cambium::op_top_k_attention_grad {
namespace {
enum Input { kQ, kK, kV, kO, kLse, kKept, kDo };

std::vector<ValueType> shape(const Call& c) {
  check_top_k(c);
  const Shape& q = c.shape(kQ);
  const Shape o = q.with_last(c.shape(kV)[3]);
  require(c.shape(kO) == o && c.shape(kDo) == o, "o ", c.shape(kO), " and do ", c.shape(kDo),
          " must be ", o);
  const ValueType lse{DType::kF32, {q[0], q[2], q[1]}};
  const ValueType kept{DType::kI32, {q[0], q[2], q[1], kept_keys(c)}};
  require(c.in[kLse].type() == lse, "lse must be ", lse, ", got ", c.in[kLse].type());
  require(c.in[kKept].type() == kept, "kept must be ", kept, ", got ", c.in[kKept].type());
  return {c.in[kQ].type(), c.in[kK].type(), c.in[kV].type()};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const AttentionSizes z = top_k_sizes(c);
  const auto& a = c.as<TopKAttention>();
  const double scale = a.scale > 0 ? a.scale : 1 / std::sqrt(double(z.D));
  const int64_t K = kept_keys(c);
  check_ids("top_k_attention_grad's key", in[kKept].data.data(), in[kKept].size(), z.S,
            BelowZero::kNone);
  const auto dot = [&](int64_t n, Input x, int64_t i, Input y, int64_t j) {
    double sum = 0;
    for (int64_t d = 0; d < n; ++d) sum += in[x][i + d] * in[y][j + d];
    return sum;
  };
  for (int64_t row = 0; row < z.B * z.H * z.T; ++row) {
    const int64_t b = row / (z.H * z.T), h = row / z.T % z.H, g = h / z.heads_per_group();
    const int64_t at = z.query(b, row % z.T, h), to = z.result(b, row % z.T, h);
    for (int64_t i = 0; i < K; ++i) {
      const auto s = int64_t(in[kKept][row * K + i]);
      if (s < 0) continue;
      const int64_t key = z.key(b, s, g), v = z.value(b, s, g);
      const double product = scale * dot(z.D, kQ, at, kK, key);
      const double p = std::exp(attention_score(z, product, h, row % z.T, s) - in[kLse][row]);
      double ds = scale * p * (dot(z.E, kDo, to, kV, v) - dot(z.E, kDo, to, kO, to));
      if (a.soft_cap > 0) ds *= 1 - std::pow(std::tanh(product / a.soft_cap), 2);
      for (int64_t d = 0; d < z.D; ++d) {
        out[0][at + d] += ds * in[kK][key + d];
        out[1][key + d] += ds * in[kQ][at + d];
      }
      for (int64_t d = 0; d < z.E; ++d) out[2][v + d] += p * in[kDo][to + d];
    }
  }
}

struct Problem {
  AttentionSizes z;
  int64_t keep;
  const float *q, *k, *v, *o, *lse, *d_o;
  const int32_t* kept;
  float *dq, *dk, *dv;
};

[[gnu::always_inline]] inline float dot(int64_t n, const float* x, const float* y) {
  return lane_sum(
      n, [](auto& acc, const auto& a, const auto& b) { acc += a * b; }, x, y);
}

[[gnu::always_inline]] inline void add_scaled(int64_t n, float factor, const float* x, float* y) {
  for (int64_t d = 0; d < n; ++d) y[d] += factor * x[d];
}

// One query: its dq, and its share of dk and dv.
[[gnu::always_inline]] inline void differentiate_query(const Problem& p, int64_t b, int64_t h,
                                                       int64_t t) {
  const AttentionSizes& z = p.z;
  const int64_t at = z.query(b, t, h), to = z.result(b, t, h), row = (b * z.H + h) * z.T + t;
  const int64_t g = h / z.heads_per_group();
  const float delta = dot(z.E, p.d_o + to, p.o + to);
  std::fill_n(p.dq + at, z.D, 0.0f);
  for (int64_t i = 0; i < p.keep; ++i) {
    const int64_t s = p.kept[row * p.keep + i];
    if (s < 0) continue;
    const int64_t key = z.key(b, s, g), value = z.value(b, s, g);
    float score = z.scale * dot(z.D, p.q + at, p.k + key), flat = 1;
    if (z.soft_cap > 0) {
      const float bent = simd_tanh(score / z.soft_cap);
      score = z.soft_cap * bent;
      flat = 1 - bent * bent;
    }
    const float weight = simd_exp(score - p.lse[row]);
    const float ds = z.scale * flat * weight * (dot(z.E, p.d_o + to, p.v + value) - delta);
    add_scaled(z.D, ds, p.k + key, p.dq + at);
    add_scaled(z.D, ds, p.q + at, p.dk + key);
    add_scaled(z.E, weight, p.d_o + to, p.dv + value);
  }
}

// Key heads [first, last) of all sequences.
CAMBIUM_SIMD void differentiate(const Problem& p, int64_t first, int64_t last) {
  const AttentionSizes& z = p.z;
  for (int64_t item = first; item < last; ++item) {
    const int64_t b = item / z.G, g = item % z.G;
    for (int64_t s = 0; s < z.S; ++s) {
      std::fill_n(p.dk + z.key(b, s, g), z.D, 0.0f);
      std::fill_n(p.dv + z.value(b, s, g), z.E, 0.0f);
    }
    for (int64_t h = g * z.heads_per_group(); h < (g + 1) * z.heads_per_group(); ++h)
      for (int64_t t = 0; t < z.T; ++t) differentiate_query(p, b, h, t);
  }
}

Kernel kernel(const Call& c, Engine&) {
  const AttentionSizes z = top_k_sizes(c);
  const int64_t items = z.B * z.G, keep = kept_keys(c), kept = c.shape(kKept).count();
  const int64_t parts = kept * std::max(z.D, z.E) < 5000 ? 1 : part_count(items);
  return {.run = [=](const KernelArgs& args) {
    const Problem p{.z = z,
                    .keep = keep,
                    .q = args.f32(kQ),
                    .k = args.f32(kK),
                    .v = args.f32(kV),
                    .o = args.f32(kO),
                    .lse = args.f32(kLse),
                    .d_o = args.f32(kDo),
                    .kept = args.i32(kKept),
                    .dq = args.out_f32(0),
                    .dk = args.out_f32(1),
                    .dv = args.out_f32(2)};
    check_ids("top_k_attention_grad's key", p.kept, kept, z.S, BelowZero::kNone);
    for_each_part(items, parts,
                  [&](int64_t, int64_t first, int64_t last) { differentiate(p, first, last); });
  }};
}

Cost cost(const Call& c) {
  const double q = double(c.shape(kQ).count()), k = double(c.shape(kK).count());
  const double o = double(c.shape(kO).count()), v = double(c.shape(kV).count());
  const double kept = kept_pairs(c);
  const double products = 4 * kept * double(c.shape(kQ)[3] + c.shape(kV)[3]);  // no scores again
  return {.flops = products + 8 * kept + 2 * o,
          .bytes = 4 * (2 * q + 2 * o + 2 * k + 2 * v +
                        double(c.shape(kKept).count() + c.shape(kLse).count())),
          .products = products};
}

// Random keys, some twice and some missing. width: of the values, -1: that of the keys.
Sample sample(Shape q, Shape k, int64_t keep, Args args, int64_t width = -1) {
  args.push_back({"keep", keep});
  const SampleInput kept(DType::kI32, Shape{q[0], q[2], q[1], std::min(keep, k[1])}, -1,
                         double(k[1]));
  const int64_t e = width < 0 ? k[3] : width;
  const Shape v = k.with_last(e), o = q.with_last(e);
  return {{q, k, v, o, SampleInput(Shape{q[0], q[2], q[1]}, 5, 6), kept, o}, std::move(args)};
}
}  // namespace

extern const Op op_top_k_attention_grad;
const Op op_top_k_attention_grad = {
    .name = "top_k_attention_grad",
    .doc = "gradient of top_k_attention over the kept keys",
    .min_inputs = 7,
    .max_inputs = 7,
    .attrs = fields_of<TopKAttention>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .bf16 = stays_f32,
    .not_onnx = kOnnxGradient,
    .tolerance = 2e-5,
    .samples = {
        sample({2, 5, 4, 3}, {2, 7, 2, 3}, 3, {}), sample({1, 1, 1, 1}, {1, 1, 1, 1}, 4, {}),
        sample({1, 70, 2, 5}, {1, 131, 1, 5}, 9, {{"causal", true}}),
        sample({1, 67, 1, 33}, {1, 67, 1, 33}, 20, {{"soft_cap", 0.9}}),
        sample({2, 90, 2, 16}, {2, 90, 2, 16}, 30, {{"scale", 0.4}}),
        sample({2, 5, 4, 3}, {2, 7, 2, 3}, 3, {}, 9),
        sample({1, 9, 1, 19}, {1, 9, 1, 19}, 4, {}, 2), sample({0, 3, 2, 4}, {0, 3, 2, 4}, 2, {}),
        sample({2, 0, 2, 4}, {2, 0, 2, 4}, 2, {})}};
}  // namespace cambium::op_top_k_attention_grad
