// attention_step(q [B,1,H,D], k and v caches [B,S,G,D], position i32 [1,1], optional bias [H,2S-1],
// sinks [H]; the attributes of attention) -> o [B,1,H,D]: what the query at `position` gets from
// the keys up to it. One row of causal attention of S tokens, for generation with a cache; without
// gradient.
#include <cmath>

#include "core/parallel.h"
#include "graph/graph.h"
#include "ops/support/attention.h"
#include "ops/support/lanes.h"
#include "ops/support/scratch.h"
#include "ops/support/shapes.h"

namespace cambium {
namespace {
enum Input { kQ, kK, kV, kPosition, kBias, kSinks };

std::vector<ValueType> shape(const Call& c) {
  const Shape &q = c.shape(kQ), &k = c.shape(kK);
  for (int i = 0; i < 3; ++i) require_f32(c, i);
  require(q.rank() == 4 && k.rank() == 4 && k == c.shape(kV), "q ", q, ", k ", k, ", v ",
          c.shape(kV), " are not [B,1,H,D] and twice [B,S,G,D]");
  require(q[1] == 1 && q[0] == k[0] && q[3] == k[3] && k[2] > 0 && q[2] % k[2] == 0, "q ", q,
          " does not fit the cache ", k);
  require(c.in[kPosition].type() == ValueType{DType::kI32, {1, 1}},
          "position must be i32 [1,1], got ", c.in[kPosition].type());
  const ValueType bias{DType::kF32, {q[2], 2 * k[1] - 1}}, sinks{DType::kF32, {q[2]}};
  require(!c.has(kBias) || c.in[kBias].type() == bias, "bias must be ", bias);
  require(!c.has(kSinks) || c.in[kSinks].type() == sinks, "sinks must be ", sinks);
  return {c.in[kQ].type()};
}

// Attention of the query at `position`, as if the sequence ended there.
AttentionSizes sizes_at(const Call& c, int64_t position) {
  AttentionSizes z = attention_sizes(c, kPosition + 1);
  if (position < 0 || position >= z.S)
    throw RuntimeError(str("position ", position, " is outside the cache of ", z.S));
  z.causal = true;
  z.T = z.S = position + 1;
  return z;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto position = int64_t(in[kPosition][0]);
  const AttentionSizes z = sizes_at(c, position);
  const int64_t S = c.shape(kK)[1];
  for (int64_t row = 0; row < z.B * z.H; ++row) {
    const int64_t b = row / z.H, h = row % z.H, g = h / z.heads_per_group();
    std::vector<double> p;
    for (int64_t s = z.lowest(position); s <= position; ++s) {
      double dot = 0;
      for (int64_t d = 0; d < z.D; ++d)
        dot += in[kQ][row * z.D + d] * in[kK][((b * S + s) * z.G + g) * z.D + d];
      p.push_back(attention_score(z, dot * double(z.scale), h, position, s));
      if (c.has(kBias)) p.back() += in[kBias][h * (2 * S - 1) + position - s + S - 1];
    }
    const double highest = *std::ranges::max_element(p);
    double sum = c.has(kSinks) ? std::exp(in[kSinks][h] - highest) : 0;
    for (double& x : p) sum += x = std::exp(x - highest);
    for (size_t i = 0; i < p.size(); ++i)
      for (int64_t d = 0; d < z.D; ++d)
        out[0][row * z.D + d] +=
            p[i] / sum * in[kV][((b * S + z.lowest(position) + int64_t(i)) * z.G + g) * z.D + d];
  }
}

struct HeadExtras {
  float slope;
  const float *bias, *sink;  // the bias of distance 0, larger ones follow; null when left out
};

// One head: scores into `p`, then the weighted sum of values into `o`.
CAMBIUM_SIMD void attend_row(const AttentionSizes& z, int64_t position, const HeadExtras& head,
                             const float* q, const float* k, const float* v, float* p, float* o) {
  const int64_t first = z.lowest(position), row = z.G * z.D;
  float highest = -__builtin_inff();
  for (int64_t s = first; s <= position; ++s) {
    float score = z.scale * lane_sum(
                                z.D, [](auto& acc, const auto& a, const auto& b) { acc += a * b; },
                                q, k + s * row);
    if (z.soft_cap > 0) score = z.soft_cap * simd_tanh(score / z.soft_cap);
    score -= head.slope * float(position - s);
    if (head.bias) score += head.bias[position - s];
    p[s] = score;
    highest = score > highest ? score : highest;
  }
  float sum = 0;
  if (head.sink) {
    highest = std::max(highest, *head.sink);
    sum = simd_exp(*head.sink - highest);
  }
  for (int64_t s = first; s <= position; ++s) {
    p[s] = simd_exp(p[s] - highest);
    sum += p[s];
  }
  for (int64_t d = 0; d < z.D; ++d) o[d] = 0;
  for (int64_t s = first; s <= position; ++s)
    for (int64_t d = 0; d < z.D; ++d) o[d] += p[s] * v[s * row + d];
  for (int64_t d = 0; d < z.D; ++d) o[d] /= sum;
}

Kernel kernel(const Call& c, Engine&) {
  const AttentionSizes whole = attention_sizes(c, kPosition + 1);
  const bool bias = c.has(kBias), sinks = c.has(kSinks);
  const int64_t rows = whole.B * whole.H;
  Scratch scratch;
  scratch.add_f32(whole.S);
  const auto run = [=, bytes = scratch.bytes](const KernelArgs& args) {
    const int64_t position = args.i32(kPosition)[0];
    if (position < 0 || position >= whole.S)
      throw RuntimeError(str("position ", position, " is outside the cache of ", whole.S));
    AttentionSizes z = whole;
    z.causal = true;
    z.T = z.S = position + 1;
    const int64_t grain = std::max<int64_t>(1, 16384 / ((position + 1) * z.D + 1));
    parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const int64_t b = r / z.H, h = r % z.H;
        const int64_t from = (b * whole.S * z.G + h / z.heads_per_group()) * z.D;
        const HeadExtras head{
            float(z.slope(h)),
            bias ? args.f32(kBias) + h * (2 * whole.S - 1) + whole.S - 1 : nullptr,
            sinks ? args.f32(kSinks) + h : nullptr};
        attend_row(z, position, head, args.f32(kQ) + r * z.D, args.f32(kK) + from,
                   args.f32(kV) + from, reinterpret_cast<float*>(args.scratch + r * bytes),
                   args.out_f32() + r * z.D);
      }
    });
  };
  return {.run = run, .scratch_bytes = rows * scratch.bytes};
}

// For a cache half full.
Cost cost(const Call& c) {
  const double pairs = double(c.shape(kQ)[0] * c.shape(kQ)[2] * c.shape(kK)[1]) / 2;
  return {.flops = pairs * (4 * double(c.shape(kQ)[3]) + 6),
          .bytes = 4 * double(c.shape(kK).count() + 2 * c.shape(kQ).count())};
}

std::vector<Sample> samples() {
  const auto sample = [](Shape q, Shape k, double position, Args args) {
    return Sample{{q, k, k, SampleInput(DType::kI32, {1, 1}, position, position + 1)},
                  std::move(args)};
  };
  Sample with_extras = sample({2, 1, 4, 5}, {2, 9, 2, 5}, 6, {});
  with_extras.inputs.push_back(Shape{4, 17});
  with_extras.inputs.push_back(Shape{4});
  return {sample({2, 1, 4, 5}, {2, 9, 2, 5}, 6, {}),
          sample({1, 1, 1, 1}, {1, 1, 1, 1}, 0, {}),
          sample({1, 1, 2, 33}, {1, 80, 1, 33}, 70, {{"window", 11}, {"alibi", true}}),
          sample({1, 1, 2, 16}, {1, 40, 2, 16}, 39, {{"soft_cap", 2.0}, {"scale", 0.4}}),
          sample({0, 1, 2, 4}, {0, 3, 2, 4}, 2, {}),
          with_extras};
}
}  // namespace

extern const Op op_attention_step;
const Op op_attention_step = {.name = "attention_step",
                              .doc = "one query against a cache of keys and values",
                              .min_inputs = 4,
                              .max_inputs = 6,
                              .attrs = fields_of<Attention>,
                              .shape = shape,
                              .reference = reference,
                              .kernel = kernel,
                              .cost = cost,
                              .tolerance = 5e-6,
                              .samples = samples()};
}  // namespace cambium
