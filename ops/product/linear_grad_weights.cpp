// linear_grad_weights: dW = x^T dy and, unless `bias` is off, db = column sums of dy.
//   x: [..., K]   dy: [..., N]   dW: [K, N]   db: [N]
// Operands in f32 or bf16; sums are in f32.
#include "graph/graph.h"
#include "ops/product/support/eigen.h"
#include "ops/product/support/gemm_tn.h"
#include "ops/product/support/product_cost.h"
#include "ops/support/bf16.h"
#include "ops/support/dnnl.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"
#include "ops/support/reduce.h"

namespace cambium::op_linear_grad_weights {
namespace {
struct LinearGradWeights {
  bool bias = true;
  static constexpr auto fields =
      std::tuple{field("bias", &LinearGradWeights::bias, "also answer db")};
};

std::vector<ValueType> shape(const Call& c) {
  require_product(c, 0, 1);
  const Shape &x = c.shape(0), &dy = c.shape(1);
  require(x.rank() >= 1 && dy.rank() >= 1 && x.with_last(dy.last()) == dy, "x is ", x, ", dy ", dy,
          "; all but the last extent must agree");
  const bool bias = c.as<LinearGradWeights>().bias;
  std::vector<ValueType> out = {{DType::kF32, Shape{x.last(), dy.last()}}};
  if (bias) out.push_back({DType::kF32, Shape{dy.last()}});
  return out;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t rows = c.shape(0).rows(), k = c.shape(0).last(), n = c.shape(1).last();
  multiply_f64(k, n, rows, in[0].data.data(), true, in[1].data.data(), false, out[0].data.data());
  if (!c.as<LinearGradWeights>().bias) return;
  for (int64_t i = 0; i < rows * n; ++i) out[1][i % n] += in[1][i];
}

Kernel dnnl_product(const Call& c, Engine& e) {
  const int64_t rows = c.shape(0).rows(), depth = c.shape(0).last(), n = c.shape(1).last();
  const MemoryDesc x = strided_md({depth, rows}, {1, depth}, c.dtype(0));
  const MemoryDesc dy = dense_md({rows, n}, c.dtype(1)), dw = dense_md({depth, n});
  const auto pd = make_pd<dnnl::matmul>(e, caller_scratch(), x, dy, dw);
  DnnlCall call(e, dnnl::matmul(pd), pd);
  call.input(DNNL_ARG_SRC, x, 0).input(DNNL_ARG_WEIGHTS, dy, 1).output(DNNL_ARG_DST, dw, 0);
  return dnnl_kernel(std::move(call));
}

// Then adds up the columns of dy; in bf16 through a copy in f32.
Kernel with_column_sums(Kernel product, const Call& c) {
  const AxisView columns{1, c.shape(1).rows(), c.shape(1).last()};
  const int64_t count = c.shape(1).count();
  const bool narrow = c.dtype(1) == DType::kBf16;
  Scratch scratch;
  const int64_t wide = scratch.add_f32(narrow ? count : 0);
  const int64_t partial = scratch.add_f32(fold_partial_count(columns));
  const auto run = [=, multiply = std::move(product.run)](const KernelArgs& k) {
    multiply(k);
    auto* copy = reinterpret_cast<float*>(k.scratch + wide);
    if (narrow) widen_range(static_cast<const uint16_t*>(k.in[1]), copy, count);
    fold_axis<SumFold>(narrow ? copy : k.f32(1), k.out_f32(1), columns,
                       reinterpret_cast<float*>(k.scratch + partial));
  };
  return {.run = run,
          .scratch_bytes = std::max(product.scratch_bytes, scratch.bytes),
          .impl = product.impl};
}

Kernel kernel(const Call& c, Engine& e) {
  const int64_t rows = c.shape(0).rows(), depth = c.shape(0).last(), n = c.shape(1).last();
  const bool bias = c.as<LinearGradWeights>().bias;
  const GemmTn own{rows, depth, n, c.dtype(0), bias};
  if (suits_gemm_tn(own)) return gemm_tn_kernel(own);
  Kernel product{.run = [=](const KernelArgs& k) { std::fill_n(k.out_f32(), depth * n, 0.0f); }};
  if (rows * depth * n > 0) product = dnnl_product(c, e);
  return bias ? with_column_sums(std::move(product), c) : product;
}

Cost cost(const Call& c) {
  const double rows = double(c.shape(0).rows());
  Cost cost = product_cost(c, 2 * rows);
  if (c.as<LinearGradWeights>().bias) cost.flops += rows * double(c.shape(1).last());
  return cost;
}
}  // namespace

extern const Op op_linear_grad_weights = {
    .name = "linear_grad_weights",
    .doc = "gradients of linear's weights and bias",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<LinearGradWeights>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .bf16 = rounds_operands,
    .not_onnx = kOnnxGradient,
    .tolerance = 3e-5,  // sums of many terms
    .samples = {{{Shape{2, 3, 5}, Shape{2, 3, 7}}},
                {{Shape{6, 5}, Shape{6, 7}}, {{"bias", false}}},
                {{Shape{5}, Shape{1}}},
                {{Shape{0, 5}, Shape{0, 7}}},
                {{Shape{3, 0}, Shape{3, 7}}},
                {{Shape{300, 65}, Shape{300, 33}}},
                {{Shape{513, 1100}, Shape{513, 20}}},
                {{SampleInput(DType::kBf16, {511, 70}, -1, 1),
                  SampleInput(DType::kBf16, {511, 50}, -1, 1)},
                 {{"bias", false}}},
                {{SampleInput(DType::kBf16, {300, 65}, -1, 1),
                  SampleInput(DType::kBf16, {300, 33}, -1, 1)}},
                {{SampleInput(DType::kBf16, {613, 96}, -1, 1),
                  SampleInput(DType::kBf16, {613, 64}, -1, 1)}},
                {{SampleInput(DType::kBf16, {65, 1056}, -1, 1),
                  SampleInput(DType::kBf16, {65, 32}, -1, 1)},
                 {{"bias", false}}},
                {{SampleInput(DType::kBf16, {30, 65}, -1, 1),
                  SampleInput(DType::kBf16, {30, 33}, -1, 1)}}},
};
}  // namespace cambium::op_linear_grad_weights
