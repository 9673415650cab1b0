// grouped_linear_grad_weights(x [R,K], dy [R,N], counts i32 [E]; bias) -> dw [E,K,N] and, unless
// `bias` is off, db [E,N]: dw[e] = x_e^T dy_e and db[e] = column sums of dy_e over the rows of
// group e, which lie one after another. Rows without a group give nothing. x and dy both f32 or
// both bf16; sums and results are f32.
#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/product/support/eigen.h"
#include "ops/product/support/grouped.h"
#include "ops/support/bf16.h"
#include "ops/support/lanes.h"
#include "ops/support/reach.h"
#include "ops/support/scratch.h"
#include "ops/support/shapes.h"

namespace cambium::op_grouped_linear_grad_weights {
namespace {
struct GroupedGrad {
  bool bias = true;
  static constexpr auto fields = std::tuple{field("bias", &GroupedGrad::bias, "also answer db")};
};

enum Input { kX, kDy, kCounts };

std::vector<ValueType> shape(const Call& c) {
  require_product(c, kX, kDy);
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
  checked_total("grouped_linear_grad_weights", in[kCounts].data.data(), in[kCounts].size(),
                c.shape(kX)[0]);
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

Kernel kernel(const Call& c, Engine& engine) {
  const int64_t rows = c.shape(kX)[0], K = c.shape(kX)[1], N = c.shape(kDy)[1];
  const int64_t groups = c.shape(kCounts)[0];
  const bool bias = c.as<GroupedGrad>().bias;
  const DType dtype = c.dtype(kX);
  const bool narrow = dtype == DType::kBf16;
  const AnyProduct product(engine, {K, N, kAnySize, true, false}, dtype, false);
  Scratch scratch;
  scratch.add_f32(narrow && bias ? rows * N : 0);  // dy of a group in f32
  const auto run = [=](const KernelArgs& args) {
    const int32_t* counts = args.i32(kCounts);
    checked_total("grouped_linear_grad_weights", counts, groups, rows);
    int64_t at = 0;
    for (int64_t e = 0; e < groups; at += counts[e++]) {
      const int64_t n = counts[e];
      const void* dy = row_of(args.in[kDy], dtype, at, N);
      float* dw = args.out_f32(0) + e * K * N;
      if (n * K * N > 0)
        product.run(n, row_of(args.in[kX], dtype, at, K), dy, dw);
      else
        std::fill_n(dw, K * N, 0.0f);
      if (!bias) continue;
      auto* wide = reinterpret_cast<float*>(args.scratch);
      if (narrow) widen_range(static_cast<const uint16_t*>(dy), wide, n * N);
      add_columns(narrow ? wide : static_cast<const float*>(dy), n, N, args.out_f32(1) + e * N);
    }
  };
  return {.run = run, .scratch_bytes = scratch.bytes, .impl = product.impl()};
}

Cost cost(const Call& c) {
  const double rows = double(c.shape(kX)[0]);
  const double products = 2 * rows * double(c.shape(kX)[1] * c.shape(kDy)[1]);
  Cost cost{.flops = products,
            .bytes = 4 * double(c.shape(kCounts).count() + c.out_shape().count()) +
                     double(size_of(c.dtype(kX)) * (c.shape(kX).count() + c.shape(kDy).count())),
            .products = products};
  if (c.as<GroupedGrad>().bias) cost.flops += double(c.shape(kDy).count());
  return cost;
}

SampleInput counts(int64_t groups, double most) {
  return {DType::kI32, Shape{groups}, 0, most};
}

SampleInput bf16(Shape s) {
  return {DType::kBf16, s, -1, 1};
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
    .reach = reach_all,
    .bf16 = rounds_operands,
    .not_onnx = kOnnxGradient,
    .tolerance = 1e-5,  // sums of many terms
    .samples = {{{Shape{9, 5}, Shape{9, 3}, counts(4, 3)}},
                {{Shape{9, 5}, Shape{9, 3}, counts(4, 3)}, {{"bias", false}}},
                {{Shape{1, 1}, Shape{1, 1}, counts(1, 2)}},
                {{Shape{150, 33}, Shape{150, 70}, counts(3, 50)}},
                {{bf16({150, 33}), bf16({150, 70}), counts(3, 50)}},
                {{bf16({150, 33}), bf16({150, 70}), counts(3, 50)}, {{"bias", false}}},
                {{bf16({3, 1}), bf16({3, 1}), counts(2, 2)}},
                {{Shape{4, 0}, Shape{4, 3}, counts(2, 3)}},
                {{Shape{0, 3}, Shape{0, 2}, counts(2, 1)}}}};
}  // namespace cambium::op_grouped_linear_grad_weights
