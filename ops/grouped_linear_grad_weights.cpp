// grouped_linear_grad_weights(x [R,K], dy [R,N], counts i32 [E]; bias) -> dw [E,K,N] and, unless
// `bias` is off, db [E,N]: dw[e] = x_e^T dy_e and db[e] = column sums of dy_e over the rows of
// group e, which lie one after another. Rows without a group give nothing.
#include "core/parallel.h"
#include "graph/graph.h"
#include "ops/support/eigen.h"
#include "ops/support/grouped.h"
#include "ops/support/lanes.h"
#include "ops/support/shapes.h"

namespace cambium {
namespace {
struct GroupedGrad {
  bool bias = true;
  static constexpr auto fields = std::tuple{field("bias", &GroupedGrad::bias, "also answer db")};
};

enum Input { kX, kDy, kCounts };

std::vector<ValueType> shape(const Call& c) {
  require_f32(c, kX);
  require_f32(c, kDy);
  const Shape &x = c.shape(kX), &dy = c.shape(kDy);
  require(x.rank() == 2 && dy.rank() == 2 && x[0] == dy[0], "x ", x, " and dy ", dy,
          " are not [R,K] and [R,N]");
  require(c.shape(kCounts).rank() == 1, "counts must be [E], got ", c.shape(kCounts));
  const int64_t groups = c.shape(kCounts)[0];
  require_counts(c, kCounts, groups);
  std::vector<ValueType> out = {{DType::kF32, {groups, x[1], dy[1]}}};
  if (c.as<GroupedGrad>().bias) out.push_back({DType::kF32, {groups, dy[1]}});
  return out;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t K = c.shape(kX)[1], N = c.shape(kDy)[1];
  int64_t at = 0;
  for (int64_t e = 0; e < in[kCounts].size(); ++e) {
    const auto n = int64_t(in[kCounts][e]);
    multiply_f64(K, N, n, in[kX].data.data() + at * K, true, in[kDy].data.data() + at * N, false,
                 out[0].data.data() + e * K * N);
    for (int64_t i = 0; c.as<GroupedGrad>().bias && i < n * N; ++i)
      out[1][e * N + i % N] += in[kDy][at * N + i];
    at += n;
  }
}

CAMBIUM_SIMD void add_columns(const float* dy, int64_t rows, int64_t n, float* to) {
  const auto add = [](auto& acc, const auto& v) { acc += v; };
  column_sums(rows, n, to, add, ColumnInput{dy, n});
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t rows = c.shape(kX)[0], K = c.shape(kX)[1], N = c.shape(kDy)[1];
  const int64_t groups = c.shape(kCounts)[0];
  const bool bias = c.as<GroupedGrad>().bias;
  return {.run = [=](const KernelArgs& args) {
    const int32_t* counts = args.i32(kCounts);
    checked_total(counts, groups, rows);
    int64_t at = 0;
    for (int64_t e = 0; e < groups; at += counts[e++]) {
      const int64_t n = counts[e];
      const float *x = args.f32(kX) + at * K, *dy = args.f32(kDy) + at * N;
      float* dw = args.out_f32(0) + e * K * N;
      if (n * K * N > 0)
        multiply_f32(K, N, n, x, true, dy, false, 0, dw);
      else
        std::fill_n(dw, K * N, 0.0f);
      if (bias) add_columns(dy, n, N, args.out_f32(1) + e * N);
    }
  }};
}

Cost cost(const Call& c) {
  const double rows = double(c.shape(kX)[0]);
  Cost cost{.flops = 2 * rows * double(c.shape(kX)[1] * c.shape(kDy)[1]),
            .bytes = 4 * double(c.shape(kX).count() + c.shape(kDy).count() +
                                c.shape(kCounts).count() + c.out_shape().count())};
  if (c.as<GroupedGrad>().bias) cost.flops += double(c.shape(kDy).count());
  return cost;
}

SampleInput counts(int64_t groups, double most) {
  return {DType::kI32, Shape{groups}, 0, most};
}
}  // namespace

extern const Op op_grouped_linear_grad_weights;
const Op op_grouped_linear_grad_weights = {
    .name = "grouped_linear_grad_weights",
    .doc = "gradient of grouped_linear's matrices and biases",
    .min_inputs = 3,
    .max_inputs = 3,
    .attrs = fields_of<GroupedGrad>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .tolerance = 1e-5,  // sums of many terms
    .samples = {{{Shape{9, 5}, Shape{9, 3}, counts(4, 3)}},
                {{Shape{9, 5}, Shape{9, 3}, counts(4, 3)}, {{"bias", false}}},
                {{Shape{1, 1}, Shape{1, 1}, counts(1, 2)}},
                {{Shape{150, 33}, Shape{150, 70}, counts(3, 50)}},
                {{Shape{4, 0}, Shape{4, 3}, counts(2, 3)}},
                {{Shape{0, 3}, Shape{0, 2}, counts(2, 1)}}}};
}  // namespace cambium
