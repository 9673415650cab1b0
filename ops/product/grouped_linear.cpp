// grouped_linear(x [R,K], w [E,K,N], counts i32 [E], bias [E,N] or left out; transpose) -> y [R,N]:
// the first counts[0] rows of x times w[0] (+ bias[0]), the next counts[1] times w[1], and so on;
// rows that no group has are zero. Transposed, x is [R,N], y [R,K], and rows meet w[e]^T.
//   dx = grouped_linear(dy, w, counts; the other way), dw and dbias: grouped_linear_grad_weights.
// x and w both f32 or both bf16; sums and y are f32. The work follows the counts: a matrix without
// rows is not read. RuntimeError for counts that are negative or sum to more than R.
#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/product/support/eigen.h"
#include "ops/product/support/grouped.h"
#include "ops/support/bf16.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"
#include "ops/support/shapes.h"

namespace cambium::op_grouped_linear {
namespace {
struct GroupedLinear {
  bool transpose = false;
  static constexpr auto fields =
      std::tuple{field("transpose", &GroupedLinear::transpose, "rows meet w[e]^T")};
};

enum Input { kX, kW, kCounts, kBias };

struct Sizes {
  int64_t rows, groups, in, out;
  bool transpose;
};

Sizes sizes(const Call& c) {
  const bool t = c.as<GroupedLinear>().transpose;
  const Shape &x = c.shape(kX), &w = c.shape(kW);
  return {x[0], w[0], w[t ? 2 : 1], w[t ? 1 : 2], t};
}

std::vector<ValueType> shape(const Call& c) {
  require_product(c, kX, kW);
  const Shape &x = c.shape(kX), &w = c.shape(kW);
  require(x.rank() == 2 && w.rank() == 3, "x ", x, " is not [R,K] or w ", w, " not [E,K,N]");
  const Sizes z = sizes(c);
  require(x[1] == z.in, "x ", x, " has ", x[1], " channels, the matrices ", w, " take ", z.in);
  require_counts(c, kCounts, z.groups);
  if (c.has(kBias)) {
    require_f32(c, kBias);
    require(!z.transpose, "a bias goes with matrices that are not transposed");
    require(c.shape(kBias) == Shape{z.groups, z.out}, "the bias is ", c.shape(kBias), ", not ",
            Shape{z.groups, z.out});
  }
  return {{DType::kF32, {z.rows, z.out}}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  Graph& g = *dy[0].graph;
  const bool t = c.as<GroupedLinear>().transpose, bias = c.has(kBias);
  const Value x = c.in[kX], w = c.in[kW], counts = c.in[kCounts], d = dy[0];
  const Value dx = g.emit("grouped_linear", {d, w, counts}, {{"transpose", !t}});
  const Value dw =
      g.emit("grouped_linear_grad_weights", {t ? d : x, t ? x : d, counts}, {{"bias", bias}});
  std::vector<Value> out = {dx, dw, Value{}};
  if (c.inputs() > kBias) out.push_back(bias ? dw.nth(1) : Value{});
  return out;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const Sizes z = sizes(c);
  checked_total("grouped_linear", in[kCounts].data.data(), z.groups, z.rows);
  int64_t at = 0;
  for (int64_t e = 0; e < z.groups; ++e) {
    const auto n = int64_t(in[kCounts][e]);
    multiply_f64(n, z.out, z.in, in[kX].data.data() + at * z.in, false,
                 in[kW].data.data() + e * z.in * z.out, z.transpose,
                 out[0].data.data() + at * z.out);
    for (int64_t i = 0; c.has(kBias) && i < n * z.out; ++i)
      out[0][at * z.out + i] += in[kBias][e * z.out + i % z.out];
    at += n;
  }
}

void start_rows(float* y, const float* bias, int64_t rows, int64_t width) {
  for (int64_t r = 0; r < rows; ++r) std::copy_n(bias, width, y + r * width);
}

Kernel kernel(const Call& c, Engine& engine) {
  const Sizes z = sizes(c);
  const bool bias = c.has(kBias);
  const DType dtype = c.dtype(kX);
  const AnyProduct product(engine, {kAnySize, z.out, z.in, false, z.transpose}, dtype, bias);
  const auto run = [=](const KernelArgs& args) {
    const int32_t* counts = args.i32(kCounts);
    const int64_t total = checked_total("grouped_linear", counts, z.groups, z.rows);
    int64_t at = 0;
    for (int64_t e = 0; e < z.groups; at += counts[e++]) {
      const int64_t n = counts[e];
      float* y = args.out_f32() + at * z.out;
      if (n * z.out == 0) continue;
      if (bias) start_rows(y, args.f32(kBias) + e * z.out, n, z.out);
      if (z.in > 0)
        product.run(n, row_of(args.in[kX], dtype, at, z.in),
                    row_of(args.in[kW], dtype, e * z.in, z.out), y);
      else if (!bias)
        std::fill_n(y, n * z.out, 0.0f);
    }
    std::fill_n(args.out_f32() + total * z.out, (z.rows - total) * z.out, 0.0f);
  };
  return {.run = run, .impl = product.impl()};
}

// As if every row belonged to a group; without a capacity all do.
Cost cost(const Call& c) {
  const Sizes z = sizes(c);
  const double y = double(z.rows * z.out);
  const double products = 2 * y * double(z.in);
  return {.flops = products + (c.has(kBias) ? y : 0),
          .bytes = 4 * (y + double(z.groups)) +
                   double(size_of(c.dtype(kX)) * (c.shape(kX).count() + c.shape(kW).count())),
          .products = products};
}

SampleInput counts(int64_t groups, double most) {
  return {DType::kI32, Shape{groups}, 0, most};
}

SampleInput bf16(Shape s) {
  return {DType::kBf16, s, -1, 1};
}

// Rows behind those that the groups have, where it is known how many, are zero.
void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  reach_rows(c, in, out);
  const int64_t rows = c.shape(kX)[0];
  if (!in[kCounts].known || rows == 0 || out[0].shape.count() == 0) return;
  double taken = 0;
  for (double n : in[kCounts].known->data) taken += n;
  Ref used{std::vector<double>(size_t(rows))};
  for (int64_t r = 0; r < rows; ++r) used[r] = double(r) < taken ? 1 : 0;
  const Reach column = reach_of_known({rows, 1}, std::make_shared<const Ref>(std::move(used)));
  out[0] = product(out[0], column, out[0].shape);
}
}  // namespace

extern const Op op_grouped_linear;
const Op op_grouped_linear = {
    .name = "grouped_linear",
    .doc = "rows sorted by group, each group times its own matrix",
    .min_inputs = 3,
    .max_inputs = 4,
    .attrs = fields_of<GroupedLinear>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .bf16 = rounds_operands,
    .onnx = onnx_grouped_linear,
    .tolerance = 1e-5,  // sums of many terms
    .samples = {{{Shape{9, 5}, Shape{4, 5, 3}, counts(4, 3), Shape{4, 3}}},
                {{Shape{9, 3}, Shape{4, 5, 3}, counts(4, 3)}, {{"transpose", true}}},
                {{Shape{1, 1}, Shape{1, 1, 1}, counts(1, 2)}},
                {{Shape{150, 33}, Shape{3, 33, 70}, counts(3, 50), Shape{3, 70}}},
                {{Shape{150, 70}, Shape{3, 33, 70}, counts(3, 50)}, {{"transpose", true}}},
                {{bf16({150, 33}), bf16({3, 33, 70}), counts(3, 50), Shape{3, 70}}},
                {{bf16({150, 70}), bf16({3, 33, 70}), counts(3, 50)}, {{"transpose", true}}},
                {{bf16({5, 1}), bf16({2, 1, 1}), counts(2, 3)}},
                {{bf16({4, 0}), bf16({2, 0, 3}), counts(2, 3), Shape{2, 3}}},
                {{Shape{4, 0}, Shape{2, 0, 3}, counts(2, 3), Shape{2, 3}}},
                {{Shape{4, 0}, Shape{2, 0, 3}, counts(2, 3)}},
                {{Shape{0, 3}, Shape{2, 3, 2}, counts(2, 1)}}}};
}  // namespace cambium::op_grouped_linear
