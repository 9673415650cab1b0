// sample_classes(logits, target, rng; stream): targets that the model itself would have given.
//   logits: [..., V]   target: i32 [...]   rng: i64 [2] = {seed, step}
//   y: i32 [...], drawn from softmax(logits) on rows that are scored (target in [0, V)), else -1
// Row r is the inverse of the distribution at u(r), the first class at which the sum of exp(x) of
// the classes up to it is above u times that of all; u comes from Philox(seed, stream and step, r),
// so the draw is the same under any number of threads. No gradient: everything is an integer.
#include <cmath>

#include "ops/loss/support/cross_entropy.h"
#include "ops/pointwise/support/dropout_mask.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"
#include "ops/support/reduce.h"

namespace cambium::op_sample_classes {
namespace {
constexpr int64_t kChunk = 512;  // classes of which the kernel keeps exp(x)

struct SampleClasses {
  int64_t stream = 0;
  static constexpr auto fields = std::tuple{
      field("stream", &SampleClasses::stream, "name of the random stream (stream_of a path)")
          .any()};
};

std::vector<ValueType> shape(const Call& c) {
  require_targets(c);
  require(c.has(2) && c.in[2].type() == ValueType{DType::kI64, {2}},
          "the random state must be i64 [2] = {seed, step}");
  return {{DType::kI32, c.shape(1)}};
}

// Uniform in [0,1), for row `row` of one step.
double uniform_of_row(int64_t seed, uint64_t stream, int64_t row) {
  return Random(uint64_t(seed), stream, uint64_t(row)).uniform();
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t rows = c.shape(0).rows(), n = c.shape(0).last();
  const auto seed = int64_t(in[2][0]);
  const uint64_t stream = stream_in_step(c.as<SampleClasses>().stream, int64_t(in[2][1]));
  for (int64_t r = 0; r < rows; ++r) {
    out[0][r] = -1;
    if (!is_scored(int64_t(in[1][r]), n)) continue;
    double top = -HUGE_VAL, total = 0, sum = 0;
    for (int64_t v = 0; v < n; ++v) top = std::max(top, in[0][r * n + v]);
    for (int64_t v = 0; v < n; ++v) total += std::exp(in[0][r * n + v] - top);
    const double wanted = uniform_of_row(seed, stream, r) * total;
    int64_t v = 0;
    for (; v < n - 1; ++v) {
      sum += std::exp(in[0][r * n + v] - top);
      if (sum > wanted) break;
    }
    out[0][r] = double(v);
  }
}

// exp(x - top) of up to kChunk classes, and their sum.
[[gnu::always_inline]] inline double exponentials(const float* x, float* e, int64_t width,
                                                  float top) {
  for (int64_t j = 0; j < width; ++j) e[j] = simd_exp(x[j] - top);
  return double(fold_row<SumFold>(e, width));
}

// The first class at which the running sum is above u times the total; whole chunks are skipped.
CAMBIUM_SIMD int64_t draw_row(const float* x, int64_t n, double u) {
  float e[kChunk];
  const float top = fold_row<MaxFold>(x, n);
  double total = 0, sum = 0;
  for (int64_t v = 0; v < n; v += kChunk)
    total += exponentials(x + v, e, std::min(kChunk, n - v), top);
  const double wanted = u * total;
  for (int64_t v = 0; v < n; v += kChunk) {
    const int64_t width = std::min(kChunk, n - v);
    const double here = exponentials(x + v, e, width, top);
    if (sum + here <= wanted) {
      sum += here;
      continue;
    }
    for (int64_t j = 0; j < width - 1; ++j)
      if ((sum += double(e[j])) > wanted) return v + j;
    return v + width - 1;
  }
  return n - 1;
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t rows = c.shape(0).rows(), n = c.shape(0).last();
  const int64_t own = c.as<SampleClasses>().stream;
  return {.run = [=](const KernelArgs& k) {
    const int64_t seed = k.i64(2)[0];
    const uint64_t stream = stream_in_step(own, k.i64(2)[1]);
    auto* out = static_cast<int32_t*>(k.out[0]);
    parallel_for(rows, 4096 / (n + 1) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r)
        out[r] = is_scored(k.i32(1)[r], n)
                     ? int32_t(draw_row(k.f32(0) + r * n, n, uniform_of_row(seed, stream, r)))
                     : -1;
    });
  }};
}

Cost cost(const Call& c) {
  Cost cost = operand_cost(c, 0);
  cost.flops = 20.0 * double(c.shape(0).count());
  return cost;
}

std::vector<Sample> samples() {
  const SampleInput rng{DType::kI64, Shape{2}, 1, 50};
  return {{{Shape{60, 5}, {DType::kI32, Shape{60}, -1, 5}, rng}, {{"stream", 7}}},
          {{Shape{2, 3, 65}, {DType::kI32, Shape{2, 3}, 0, 65}, rng}},
          {{{Shape{40, 1030}, -8, 8}, {DType::kI32, Shape{40}, -1, 1030}, rng}},
          {{Shape{4}, {DType::kI32, Shape{}, 0, 4}, rng}},
          {{Shape{3, 1}, {DType::kI32, Shape{3}, 0, 1}, rng}},
          {{Shape{3, 4}, {DType::kI32, Shape{3}, -1, 0}, rng}},
          {{Shape{0, 3}, {DType::kI32, Shape{0}, 0, 3}, rng}}};
}
}  // namespace

extern const Op op_sample_classes = {
    .name = "sample_classes",
    .doc = "targets drawn from softmax of the logits, where the given ones are scored",
    .min_inputs = 3,
    .max_inputs = 3,
    .attrs = fields_of<SampleClasses>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_rows,
    .not_onnx = kOnnxLoss,
    .samples = samples(),
};
}  // namespace cambium::op_sample_classes
