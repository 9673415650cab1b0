// softmax: y = exp(x - max) / sum(exp(x - max)) along `axis`. Bridle 1990.
//   dx = (dy - sum(dy * y)) * y
// The maximum is subtracted so that exp cannot overflow. oneDNN has fast kernels for the last axis
// only; other axes run here, 64 neighbouring columns at a time.
#include <cmath>

#include "graph/graph.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"
#include "ops/support/reduce.h"

namespace cambium::op_softmax {
namespace {
struct Softmax {
  int64_t axis = -1;
  static constexpr auto fields =
      std::tuple{field("axis", &Softmax::axis, "the axis that sums to one")};
};

AxisView view(const Call& c) {
  return axis_view(c.shape(0), normalised_axis(c.as<Softmax>().axis, c.shape(0)));
}

std::vector<ValueType> shape(const Call& c) {
  normalised_axis(c.as<Softmax>().axis, c.shape(0));
  return f32_like_first(c);
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("softmax_grad", {c.out[0], dy[0]}, {{"axis", c.as<Softmax>().axis}})};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const AxisView v = view(c);
  for (int64_t i = 0; i < v.outer * v.inner; ++i) {
    const int64_t base = i / v.inner * v.n * v.inner + i % v.inner;
    double top = -HUGE_VAL, total = 0;
    for (int64_t k = 0; k < v.n; ++k) top = std::max(top, in[0][base + k * v.inner]);
    for (int64_t k = 0; k < v.n; ++k) total += std::exp(in[0][base + k * v.inner] - top);
    for (int64_t k = 0; k < v.n; ++k)
      out[0][base + k * v.inner] = std::exp(in[0][base + k * v.inner] - top) / total;
  }
}

constexpr int64_t kColumns = 64;

// `width` columns of n elements, `stride` apart.
CAMBIUM_SIMD void softmax_columns(const float* x, float* y, int64_t n, int64_t stride,
                                  int64_t width) {
  float top[kColumns], total[kColumns];
  for (int64_t j = 0; j < width; ++j) top[j] = x[j], total[j] = 0;
  for (int64_t k = 1; k < n; ++k)
    for (int64_t j = 0; j < width; ++j)
      top[j] = x[k * stride + j] > top[j] ? x[k * stride + j] : top[j];
  for (int64_t k = 0; k < n; ++k)
#pragma GCC ivdep
    for (int64_t j = 0; j < width; ++j) {
      const float e = simd_exp(x[k * stride + j] - top[j]);
      y[k * stride + j] = e;
      total[j] += e;
    }
  for (int64_t j = 0; j < width; ++j) total[j] = 1 / total[j];
  for (int64_t k = 0; k < n; ++k)
    for (int64_t j = 0; j < width; ++j) y[k * stride + j] *= total[j];
}

Kernel column_kernel(const AxisView& v) {
  const int64_t tiles = (v.inner + kColumns - 1) / kColumns;
  return {.run = [=](const KernelArgs& k) {
    parallel_for(v.outer * tiles, 4096 / (v.n * kColumns) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) {
        const int64_t column = t % tiles * kColumns;
        const int64_t at = t / tiles * v.n * v.inner + column;
        softmax_columns(k.f32(0) + at, k.out_f32() + at, v.n, v.inner,
                        std::min(kColumns, v.inner - column));
      }
    });
  }};
}

// Rows of the last axis. oneDNN's softmax takes a NaN for a small number.
CAMBIUM_SIMD void softmax_rows(const float* x, float* y, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; ++r, x += n, y += n) {
    const float top = fold_row<TopFold>(x, n);
#pragma GCC ivdep
    for (int64_t k = 0; k < n; ++k) y[k] = simd_exp(x[k] - top);
    const float share = 1 / fold_row<SumFold>(y, n);
    for (int64_t k = 0; k < n; ++k) y[k] *= share;
  }
}

Kernel row_kernel(const AxisView& v) {
  return {.run = [=](const KernelArgs& k) {
    parallel_for(v.outer, 4096 / v.n + 1, [&](int64_t begin, int64_t end) {
      softmax_rows(k.f32(0) + begin * v.n, k.out_f32() + begin * v.n, end - begin, v.n);
    });
  }};
}

Kernel kernel(const Call& c, Engine&) {
  const AxisView v = view(c);
  if (v.outer * v.n * v.inner == 0) return {.run = [](const KernelArgs&) {}};
  return v.inner > 1 ? column_kernel(v) : row_kernel(v);
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  out[0] = mixed(in[0], std::array{normalised_axis(c.as<Softmax>().axis, c.shape(0))});
}
}  // namespace

extern const Op op_softmax = {
    .name = "softmax",
    .doc = "exp(x - max) / sum(exp(x - max)) along one axis",
    .attrs = fields_of<Softmax>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<16>,
    .reach = reach,
    .in_place = first_in_place,
    .cheap = true,
    .onnx = onnx_softmax,
    .samples = {{{Shape{2, 3}}},
                {{Shape{4, 1, 65}}},
                {{Shape{3, 7, 2}}, {{"axis", 1}}},
                {{Shape{5, 130}}, {{"axis", 0}}},
                {{Shape{1}}, {{"axis", 0}}},
                {{{Shape{3, 33}, -60, 60}}},
                {{{Shape{33, 3}, -60, 60}}, {{"axis", 0}}},
                {{Shape{0, 3}}},
                {{Shape{3, 0}}}},
};
}  // namespace cambium::op_softmax
