// attention_step(q [B,1,H,D], caches k [B,S,G,D] and v [B,S,G,E], position i32 [1,1], optional bias
// [H,2S-1], sinks [H], blocks i32 [ceil(S / block), L]; the attributes of attention, keep) -> o
// [B,1,H,E]: what the query at `position` gets from the keys up to it. One row of causal attention
// of S tokens, or of top_k_attention with `keep`, for generation with a cache; without gradient.
// With a window of at most S the caches are rings (cache_write): key s stands at s modulo S, and
// there is no last position.
#include <cmath>

#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/attention/support/position.h"
#include "ops/attention/support/top_k_attention.h"
#include "ops/support/bf16.h"
#include "ops/support/lanes.h"
#include "ops/support/reach.h"
#include "ops/support/scratch.h"

namespace cambium::op_attention_step {
namespace {
struct AttentionStep : Attention {
  int64_t keep = 0;
  static constexpr auto fields = std::tuple_cat(
      Attention::fields, std::tuple{field("keep", &AttentionStep::keep,
                                          "keys that count, those with the highest scores; 0: all")
                                        .in(0)});
};

enum Input { kQ, kK, kV, kPosition, kBias, kSinks, kBlocks };

std::vector<ValueType> shape(const Call& c) {
  const Shape &q = c.shape(kQ), &k = c.shape(kK);
  for (int i = 0; i < 3; ++i) require_f32(c, i);
  const Shape& v = c.shape(kV);
  require(q.rank() == 4 && k.rank() == 4 && v.rank() == 4 && k == v.with_last(k[3]), "q ", q,
          ", k ", k, ", v ", v, " are not [B,1,H,D], [B,S,G,D] and [B,S,G,E]");
  require(q[1] == 1 && q[0] == k[0] && q[3] == k[3] && k[2] > 0 && q[2] % k[2] == 0, "q ", q,
          " does not fit the cache ", k);
  require_position(c, kPosition);
  require(c.as<AttentionStep>().rope == 0, "a cache holds keys that are turned already");
  const ValueType bias{DType::kF32, {q[2], 2 * k[1] - 1}}, sinks{DType::kF32, {q[2]}};
  require(!c.has(kBias) || c.in[kBias].type() == bias, "bias must be ", bias);
  require(!c.has(kSinks) || c.in[kSinks].type() == sinks, "sinks must be ", sinks);
  if (c.has(kBlocks)) {
    const int64_t block = c.as<AttentionStep>().block;
    require(block > 0, "a list of blocks goes with a block");
    const int64_t count = (k[1] + block - 1) / block;
    require(c.dtype(kBlocks) == DType::kI32 && c.shape(kBlocks).rank() == 2 &&
                c.shape(kBlocks)[0] == count,
            "blocks must be i32 [", count, ",L], got ", c.in[kBlocks].type());
  }
  return {{DType::kF32, q.with_last(v[3])}};
}

// Of the whole cache.
AttentionSizes sizes(const Call& c) {
  const auto& a = c.as<AttentionStep>();
  AttentionSizes z = attention_sizes(a, c.shape(kQ), c.shape(kK), c.shape(kV));
  z.causal = true;
  if (!c.has(kBlocks)) return z;
  z.block = a.block;
  z.listed = c.shape(kBlocks)[1];
  return z;
}

// RuntimeError for a listed block that is none of the cache's; `blocks` may be null.
template <class Id> void check_listed(const AttentionSizes& whole, const Id* blocks) {
  if (!blocks) return;
  const int64_t count = (whole.S + whole.block - 1) / whole.block;
  check_ids("attention_step's block", blocks, count * whole.listed, count, BelowZero::kNone);
}

// Attention of the query at `position`, as if the sequence ended there.
AttentionSizes sizes_at(AttentionSizes z, int64_t position) {
  const bool ring = z.window > 0 && z.window <= z.S;
  if (!ring || position < 0) check_position("attention_step", position, z.S);
  z.T = z.S = position + 1;
  return z;
}

// Where the caches of S tokens hold the keys that a query sees, from the `first` on.
struct CacheRows {
  int64_t S, begin;  // begin: a multiple of S up to the first key

  CacheRows(int64_t S, int64_t first) : S(S), begin(S > 0 ? first / S * S : 0) {}

  int64_t operator()(int64_t key) const {
    const int64_t row = key - begin;
    return row < S ? row : row - S;
  }
};

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto position = int64_t(in[kPosition][0]);
  const AttentionSizes z = sizes_at(sizes(c), position);
  const int64_t S = c.shape(kK)[1], keep = c.as<AttentionStep>().keep;
  const double* blocks = z.block > 0 ? in[kBlocks].data.data() : nullptr;
  check_listed(sizes(c), blocks);
  const CacheRows at(S, z.lowest(position));
  for (int64_t row = 0; row < z.B * z.H; ++row) {
    const int64_t b = row / z.H, h = row % z.H, g = h / z.heads_per_group();
    std::vector<Scored<double>> seen;
    each_seen_key(z, blocks, nullptr, position, [&](int64_t s) {
      double dot = 0;
      for (int64_t d = 0; d < z.D; ++d)
        dot += in[kQ][row * z.D + d] * in[kK][((b * S + at(s)) * z.G + g) * z.D + d];
      seen.push_back({attention_score(z, dot * double(z.scale), h, position, s), int32_t(s)});
      if (c.has(kBias)) seen.back().score += in[kBias][h * (2 * S - 1) + position - s + S - 1];
    });
    std::sort(seen.begin(), seen.end());
    if (keep > 0 && keep < int64_t(seen.size())) seen.resize(size_t(keep));
    if (seen.empty()) continue;
    const double sink = c.has(kSinks) ? in[kSinks][h] : -HUGE_VAL;
    double highest = sink, sum = 0;
    for (const Scored<double>& x : seen) highest = std::max(highest, x.score);
    sum += std::exp(sink - highest);
    for (Scored<double>& x : seen) sum += x.score = std::exp(x.score - highest);
    for (const Scored<double>& x : seen)
      for (int64_t d = 0; d < z.E; ++d)
        out[0][row * z.E + d] += x.score / sum * in[kV][((b * S + at(x.key)) * z.G + g) * z.E + d];
  }
}

struct HeadExtras {
  float slope;
  const float *bias, *sink;  // the bias of distance 0, larger ones follow; null when left out
};

// The scores of the n seen keys.
CAMBIUM_SIMD void score_keys(const AttentionSizes& z, const CacheRows& at, int64_t position,
                             const HeadExtras& head, const float* q, const float* k, int64_t n,
                             Scored<float>* seen) {
  for (int64_t i = 0; i < n; ++i) {
    const int64_t s = seen[i].key;
    float score = z.scale * lane_sum(
                                z.D, [](auto& acc, const auto& a, const auto& b) { acc += a * b; },
                                q, k + at(s) * z.G * z.D);
    if (z.soft_cap > 0) score = z.soft_cap * simd_tanh(score / z.soft_cap);
    score -= head.slope * float(position - s);
    if (head.bias) score += head.bias[position - s];
    seen[i].score = score;
  }
}

// The softmax of n scores, and the sum of their values weighted by it.
CAMBIUM_SIMD void sum_values(const AttentionSizes& z, const CacheRows& at, const float* sink,
                             const float* v, int64_t n, Scored<float>* seen, float* o) {
  float highest = sink ? *sink : -__builtin_inff(), sum = 0;
  for (int64_t i = 0; i < n; ++i) highest = std::max(highest, seen[i].score);
  if (sink) sum = simd_exp(*sink - highest);
  for (int64_t i = 0; i < n; ++i) sum += seen[i].score = simd_exp(seen[i].score - highest);
  for (int64_t d = 0; d < z.E; ++d) o[d] = 0;
  for (int64_t i = 0; i < n; ++i) {
    const float weight = seen[i].score, *row = v + at(seen[i].key) * z.G * z.E;
    for (int64_t d = 0; d < z.E; ++d) o[d] += weight * row[d];
  }
  for (int64_t d = 0; d < z.E; ++d) o[d] /= sum;
}

// The `keep` best of n scores at the front, in the order of their keys; how many there are.
int64_t keep_highest(int64_t keep, int64_t n, Scored<float>* seen) {
  if (keep == 0 || n <= keep) return n;
  std::nth_element(seen, seen + keep - 1, seen + n);
  std::sort(seen, seen + keep, [](const auto& a, const auto& b) { return a.key < b.key; });
  return keep;
}

Kernel kernel(const Call& c, Engine&) {
  const AttentionSizes whole = sizes(c);
  const bool bias = c.has(kBias), sinks = c.has(kSinks);
  const int64_t rows = whole.B * whole.H, keep = c.as<AttentionStep>().keep;
  Scratch scratch;
  scratch.add(std::max(whole.S, whole.listed * whole.block) * int64_t(sizeof(Scored<float>)));
  const auto run = [=, bytes = scratch.bytes](const KernelArgs& args) {
    const int64_t position = args.i32(kPosition)[0];
    const AttentionSizes z = sizes_at(whole, position);
    const CacheRows at(whole.S, z.lowest(position));
    const int32_t* blocks = z.block > 0 ? args.i32(kBlocks) : nullptr;
    check_listed(whole, blocks);
    const int64_t grain = std::max<int64_t>(1, 16384 / ((position + 1) * z.D + 1));
    parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const int64_t b = r / z.H, h = r % z.H;
        const int64_t from = b * whole.S * z.G + h / z.heads_per_group();
        const HeadExtras head{
            float(z.slope(h)),
            bias ? args.f32(kBias) + h * (2 * whole.S - 1) + whole.S - 1 : nullptr,
            sinks ? args.f32(kSinks) + h : nullptr};
        auto* seen = reinterpret_cast<Scored<float>*>(args.scratch + r * bytes);
        int64_t n = 0;
        each_seen_key(z, blocks, nullptr, position, [&](int64_t s) { seen[n++].key = int32_t(s); });
        score_keys(z, at, position, head, args.f32(kQ) + r * z.D, args.f32(kK) + from * z.D, n,
                   seen);
        sum_values(z, at, head.sink, args.f32(kV) + from * z.E, keep_highest(keep, n, seen), seen,
                   args.out_f32() + r * z.E);
      }
    });
  };
  return {.run = run, .scratch_bytes = rows * scratch.bytes};
}

// For a cache half full.
Cost cost(const Call& c) {
  const AttentionSizes z = sizes(c);
  const double keys = std::min(double(z.S) / 2, z.block > 0 ? double(z.listed * z.block) : 1e18);
  const double pairs = double(z.B * z.H) * keys;
  const double products = pairs * 2 * double(z.D + z.E);
  return {.flops = products + 6 * pairs,
          .bytes = 4 * (double(z.B * z.G * (z.D + z.E)) * keys + double(c.shape(kQ).count()) +
                        double(c.out_shape().count())),
          .products = products};
}

std::vector<Sample> samples() {
  const auto sample = [](Shape q, Shape k, double position, Args args) {
    return Sample{{q, k, k, SampleInput(DType::kI32, {1, 1}, position, position + 1)},
                  std::move(args)};
  };
  Sample with_extras = sample({2, 1, 4, 5}, {2, 9, 2, 5}, 6, {});
  with_extras.inputs.push_back(Shape{4, 17});
  with_extras.inputs.push_back(Shape{4});
  Sample of_blocks = sample({1, 1, 2, 5}, {1, 30, 1, 5}, 22, {{"block", 4}, {"alibi", true}});
  for (const SampleInput& input :
       {SampleInput::none(), SampleInput(Shape{2}), SampleInput(DType::kI32, {8, 3}, -1, 5)})
    of_blocks.inputs.push_back(input);
  Sample wide_values = sample({2, 1, 4, 5}, {2, 40, 2, 5}, 33, {{"window", 20}}),
         narrow_values = sample({1, 1, 2, 18}, {1, 9, 1, 18}, 6, {{"keep", 4}});
  wide_values.inputs[kV] = Shape{2, 40, 2, 17};
  narrow_values.inputs[kV] = Shape{1, 9, 1, 3};
  return {sample({2, 1, 4, 5}, {2, 9, 2, 5}, 6, {}),
          wide_values,
          narrow_values,
          sample({2, 1, 4, 5}, {2, 40, 2, 5}, 33, {{"keep", 7}}),
          sample({1, 1, 1, 3}, {1, 9, 1, 3}, 4, {{"keep", 7}, {"soft_cap", 0.8}}),
          of_blocks,
          sample({1, 1, 1, 1}, {1, 1, 1, 1}, 0, {}),
          sample({1, 1, 2, 33}, {1, 80, 1, 33}, 70, {{"window", 11}, {"alibi", true}}),
          sample({1, 1, 2, 33}, {1, 11, 1, 33}, 70, {{"window", 11}, {"alibi", true}}),
          sample({2, 1, 2, 8}, {2, 7, 2, 8}, 5, {{"window", 6}}),
          sample({1, 1, 2, 16}, {1, 40, 2, 16}, 39, {{"soft_cap", 2.0}, {"scale", 0.4}}),
          sample({0, 1, 2, 4}, {0, 3, 2, 4}, 2, {}),
          with_extras};
}
}  // namespace

extern const Op op_attention_step;
const Op op_attention_step = {.name = "attention_step",
                              .doc = "one query against a cache of keys and values",
                              .min_inputs = 4,
                              .max_inputs = 7,
                              .attrs = fields_of<AttentionStep>,
                              .shape = shape,
                              .reference = reference,
                              .kernel = kernel,
                              .cost = cost,
                              .reach = reach_all,
                              .bf16 = stays_f32,
                              .places = Places::kTokens,
                              .not_onnx = kOnnxStep,
                              .tolerance = 5e-6,
                              .samples = samples()};
}  // namespace cambium::op_attention_step
