// softmax_grad: dx = (dy - sum(dy * y)) * y along `axis`; y is softmax's result.
#include "graph/graph.h"
#include "ops/support/dnnl.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_softmax_grad {
namespace {
struct SoftmaxGrad {
  int64_t axis = -1;
  static constexpr auto fields =
      std::tuple{field("axis", &SoftmaxGrad::axis, "the axis that sums to one")};
};

AxisView view(const Call& c) {
  return axis_view(c.shape(0), normalised_axis(c.as<SoftmaxGrad>().axis, c.shape(0)));
}

std::vector<ValueType> shape(const Call& c) {
  normalised_axis(c.as<SoftmaxGrad>().axis, c.shape(0));
  return f32_like_all(c);
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const AxisView v = view(c);
  for (int64_t i = 0; i < v.outer * v.inner; ++i) {
    const int64_t base = i / v.inner * v.n * v.inner + i % v.inner;
    double total = 0;
    for (int64_t k = 0; k < v.n; ++k)
      total += in[0][base + k * v.inner] * in[1][base + k * v.inner];
    for (int64_t k = 0; k < v.n; ++k)
      out[0][base + k * v.inner] = (in[1][base + k * v.inner] - total) * in[0][base + k * v.inner];
  }
}

constexpr int64_t kColumns = 64;

CAMBIUM_SIMD void softmax_grad_columns(const float* y, const float* dy, float* dx, int64_t n,
                                       int64_t stride, int64_t width) {
  float total[kColumns] = {};
  for (int64_t k = 0; k < n; ++k)
    for (int64_t j = 0; j < width; ++j) total[j] += y[k * stride + j] * dy[k * stride + j];
  for (int64_t k = 0; k < n; ++k)
#pragma GCC ivdep
    for (int64_t j = 0; j < width; ++j)
      dx[k * stride + j] = (dy[k * stride + j] - total[j]) * y[k * stride + j];
}

Kernel column_kernel(const AxisView& v) {
  const int64_t tiles = (v.inner + kColumns - 1) / kColumns;
  return {.run = [=](const KernelArgs& k) {
    parallel_for(v.outer * tiles, 16384 / (v.n * kColumns) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) {
        const int64_t column = t % tiles * kColumns;
        const int64_t at = t / tiles * v.n * v.inner + column;
        softmax_grad_columns(k.f32(0) + at, k.f32(1) + at, k.out_f32() + at, v.n, v.inner,
                             std::min(kColumns, v.inner - column));
      }
    });
  }};
}

// A row of the last axis; dx may be dy.
CAMBIUM_SIMD void softmax_grad_row(const float* y, const float* dy, float* dx, int64_t n) {
  float total = 0;
  for (int64_t k = 0; k < n; ++k) total += y[k] * dy[k];
#pragma GCC ivdep
  for (int64_t k = 0; k < n; ++k) dx[k] = (dy[k] - total) * y[k];
}

Kernel row_kernel(const AxisView& v) {
  return {.run = [=](const KernelArgs& k) {
    parallel_for(v.outer, 16384 / v.n + 1, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r)
        softmax_grad_row(k.f32(0) + r * v.n, k.f32(1) + r * v.n, k.out_f32() + r * v.n, v.n);
    });
  }};
}

Kernel kernel(const Call& c, Engine& e) {
  const AxisView v = view(c);
  if (v.outer * v.n * v.inner == 0) return {.run = [](const KernelArgs&) {}};
  if (v.inner > 1) return column_kernel(v);
  const MemoryDesc md = dense_md({v.outer, v.n});
  const auto forward =
      make_pd<SoftmaxForward>(e, caller_scratch(), dnnl::prop_kind::forward_training,
                              dnnl::algorithm::softmax_accurate, md, md, 1);
  const auto pd = make_backward_pd<SoftmaxBackward>(
      e, caller_scratch(), forward, dnnl::algorithm::softmax_accurate, md, md, md, 1);
  if (turned_down(e, pd.impl_info_str())) return row_kernel(v);
  DnnlCall call(e, SoftmaxBackward(pd), pd);
  call.input(DNNL_ARG_DST, md, 0).input(DNNL_ARG_DIFF_DST, md, 1).output(DNNL_ARG_DIFF_SRC, md, 0);
  return dnnl_kernel(std::move(call));
}

std::vector<InPlace> over_dy(const Call&) {
  return {{0, 1}};
}
}  // namespace

extern const Op op_softmax_grad = {
    .name = "softmax_grad",
    .doc = "gradient of softmax from its result y and dy",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<SoftmaxGrad>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<4>,
    .reach = reach_all,
    .in_place = over_dy,
    .not_onnx = kOnnxGradient,
    .tolerance = 1e-5,  // y is any number here, so the terms of the sum cancel
    .samples = {{{Shape{2, 3}, Shape{2, 3}}},
                {{Shape{4, 1, 65}, Shape{4, 1, 65}}},
                {{Shape{3, 7, 2}, Shape{3, 7, 2}}, {{"axis", 1}}},
                {{Shape{5, 130}, Shape{5, 130}}, {{"axis", 0}}},
                {{Shape{0, 3}, Shape{0, 3}}}},
};
}  // namespace cambium::op_softmax_grad
