// linear_grad_weights: dW = x^T dy and, unless `bias` is off, db = column sums of dy.
//   x: [..., K]   dy: [..., N]   dW: [K, N]   db: [N]
// With operands in bf16, dy comes in f32 as well, for db.
#include "graph/graph.h"
#include "ops/support/bf16.h"
#include "ops/support/dnnl.h"
#include "ops/support/eigen.h"
#include "ops/support/pointwise.h"
#include "ops/support/reduce.h"

namespace cambium {
namespace {
struct LinearGradWeights {
  bool bias = true;
  static constexpr auto fields =
      std::tuple{field("bias", &LinearGradWeights::bias, "also answer db")};
};

std::vector<ValueType> shape(const Call& c) {
  require_product(c, 0, 1);
  if (c.has(2)) require_f32(c, 2);
  const Shape &x = c.shape(0), &dy = c.shape(1);
  require(x.rank() >= 1 && dy.rank() >= 1 && x.with_last(dy.last()) == dy, "x is ", x, ", dy ", dy,
          "; all but the last extent must agree");
  const bool bias = c.as<LinearGradWeights>().bias;
  require(!c.has(2) || c.shape(2) == dy, "dy in f32 must have the shape ", dy);
  require(!bias || c.has(2) || c.dtype(1) == DType::kF32, "db needs dy in f32");
  std::vector<ValueType> out = {{DType::kF32, Shape{x.last(), dy.last()}}};
  if (bias) out.push_back({DType::kF32, Shape{dy.last()}});
  return out;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t rows = c.shape(0).rows(), k = c.shape(0).last(), n = c.shape(1).last();
  multiply_f64(k, n, rows, in[0].data.data(), true, in[1].data.data(), false, out[0].data.data());
  if (!c.as<LinearGradWeights>().bias) return;
  for (int64_t i = 0; i < rows * n; ++i) out[1][i % n] += in[c.has(2) ? 2 : 1][i];
}

Kernel kernel(const Call& c, Engine& e) {
  const int64_t rows = c.shape(0).rows(), depth = c.shape(0).last(), n = c.shape(1).last();
  Kernel product{.run = [=](const KernelArgs& k) { std::fill_n(k.out_f32(), depth * n, 0.0f); }};
  if (rows * depth * n > 0) {
    const MemoryDesc x = strided_md({depth, rows}, {1, depth}, c.dtype(0));
    const MemoryDesc dy = dense_md({rows, n}, c.dtype(1)), dw = dense_md({depth, n});
    const auto pd = make_pd<dnnl::matmul>(e, caller_scratch(), x, dy, dw);
    DnnlCall call(e, dnnl::matmul(pd), pd);
    call.input(DNNL_ARG_SRC, x, 0).input(DNNL_ARG_WEIGHTS, dy, 1).output(DNNL_ARG_DST, dw, 0);
    product = dnnl_kernel(std::move(call));
  }
  if (!c.as<LinearGradWeights>().bias) return product;
  const AxisView columns{1, rows, n};
  const auto multiply = std::move(product.run);
  product.run = [=, exact = c.has(2) ? 2 : 1](const KernelArgs& k) {
    multiply(k);
    fold_axis<SumFold>(k.f32(exact), k.out_f32(1), columns, reinterpret_cast<float*>(k.scratch));
  };
  product.scratch_bytes =
      std::max(product.scratch_bytes, fold_partial_count(columns) * int64_t(sizeof(float)));
  return product;
}

Cost cost(const Call& c) {
  const double rows = double(c.shape(0).rows());
  Cost cost = operand_cost(c, 2 * rows);
  if (c.as<LinearGradWeights>().bias) cost.flops += rows * double(c.shape(1).last());
  return cost;
}
}  // namespace

extern const Op op_linear_grad_weights = {
    .name = "linear_grad_weights",
    .doc = "gradients of linear's weights and bias",
    .min_inputs = 2,
    .max_inputs = 3,
    .attrs = fields_of<LinearGradWeights>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .tolerance = 3e-5,  // sums of many terms
    .samples = {{{Shape{2, 3, 5}, Shape{2, 3, 7}}},
                {{Shape{6, 5}, Shape{6, 7}}, {{"bias", false}}},
                {{Shape{5}, Shape{1}}},
                {{Shape{0, 5}, Shape{0, 7}}},
                {{Shape{3, 0}, Shape{3, 7}}},
                {{Shape{300, 65}, Shape{300, 33}}},
                {{SampleInput(DType::kBf16, {300, 65}, -1, 1),
                  SampleInput(DType::kBf16, {300, 33}, -1, 1), Shape{300, 33}}}},
};
}  // namespace cambium
