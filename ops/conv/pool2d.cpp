// pool2d(x [B,Y,X,C]; kind, kernel, stride, padding, pad) -> y [B,Y',X',C]: the maximum or the mean
// of each window and channel; a NaN is the largest. Padding is left out of both, so a mean divides
// by the pixels inside. Gradient: pool2d_grad.
#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/conv/support/pool.h"
#include "ops/support/dnnl.h"
#include "ops/support/nan.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"
#include "ops/support/reduce.h"

namespace cambium::op_pool2d {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require(c.dtype(0) == DType::kF32, "x must be f32, got ", c.in[0].type());
  return {{DType::kF32, pool_sizes(c.as<Pool>(), c.shape(0)).output_shape()}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("pool2d_grad", {c.in[0], dy[0]}, c.attrs)};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const PoolSizes z = pool_sizes(c.as<Pool>(), c.shape(0));
  for (int64_t i = 0; i < out[0].size(); ++i) {
    const int64_t k = i % z.C, column = i / z.C % z.x.out, row = i / z.C / z.x.out % z.y.out;
    const int64_t b = i / z.C / z.x.out / z.y.out;
    const PoolWindow w = pool_window(z, row, column);
    double sum = 0, highest = in[0][z.input(b, w.y0, w.x0) + k];
    for (int64_t y = w.y0; y < w.y1; ++y)
      for (int64_t x = w.x0; x < w.x1; ++x) {
        const double v = in[0][z.input(b, y, x) + k];
        sum += v;
        highest = larger(highest, v);
      }
    out[0][i] = z.average ? sum / double(w.count()) : highest;
  }
}

// The means of rows [first, last) of y, all images counted through.
CAMBIUM_SIMD void mean_rows(const PoolSizes& z, const float* x, float* y, int64_t first,
                            int64_t last) {
  for (int64_t r = first; r < last; ++r)
    for (int64_t column = 0; column < z.x.out; ++column) {
      const int64_t b = r / z.y.out;
      const PoolWindow w = pool_window(z, r % z.y.out, column);
      float* to = y + z.output(b, r % z.y.out, column);
      for (int64_t k = 0; k < z.C; ++k) to[k] = 0;
      for (int64_t row = w.y0; row < w.y1; ++row)
        for (int64_t i = w.x0; i < w.x1; ++i) {
          const float* v = x + z.input(b, row, i);
#pragma GCC ivdep
          for (int64_t k = 0; k < z.C; ++k) to[k] += v[k];
        }
      const float share = 1.0f / float(w.count());
      for (int64_t k = 0; k < z.C; ++k) to[k] *= share;
    }
}

// The maxima of one window for kVectors * 16 channels, which stay in registers; x stands at the
// first of them in the image.
template <int kVectors>
[[gnu::always_inline]] inline void window_maxima(const PoolSizes& z, const PoolWindow& w,
                                                 const float* x, float* y) {
  FoldLanes<MaxFold> top[kVectors];
  for (int64_t row = w.y0; row < w.y1; ++row)
    for (int64_t i = w.x0; i < w.x1; ++i) {
      const float* pixel = x + z.input(0, row, i);
      for (int v = 0; v < kVectors; ++v) top[v].add(LoadedLanes(pixel + v * kLanes).v);
    }
  for (int v = 0; v < kVectors; ++v) top[v].write(y + v * kLanes);
}

// The maxima of rows [first, last) of y. oneDNN's pooling takes a NaN for the smallest number and
// knows none below -FLT_MAX.
CAMBIUM_SIMD void max_rows(const PoolSizes& z, const float* x, float* y, int64_t first,
                           int64_t last) {
  for (int64_t r = first; r < last; ++r)
    for (int64_t column = 0; column < z.x.out; ++column) {
      const int64_t b = r / z.y.out;
      const PoolWindow w = pool_window(z, r % z.y.out, column);
      const float* image = x + z.input(b, 0, 0);
      float* to = y + z.output(b, r % z.y.out, column);
      int64_t k = 0;
      for (; k + 4 * kLanes <= z.C; k += 4 * kLanes) window_maxima<4>(z, w, image + k, to + k);
      for (; k + kLanes <= z.C; k += kLanes) window_maxima<1>(z, w, image + k, to + k);
      const int64_t from = k;
      for (; k < z.C; ++k) to[k] = image[z.input(0, w.y0, w.x0) + k];
      for (int64_t row = w.y0; row < w.y1; ++row)
        for (int64_t i = w.x0; i < w.x1; ++i)
          for (k = from; k < z.C; ++k) to[k] = larger(image[z.input(0, row, i) + k], to[k]);
    }
}

Kernel own_kernel(const PoolSizes& z) {
  const int64_t row = std::max<int64_t>(1, z.output(0, 1, 0) * z.y.kernel * z.x.kernel);
  return {.run = [z, row](const KernelArgs& k) {
    parallel_for(z.B * z.y.out, 1 + 16384 / row, [&](int64_t first, int64_t last) {
      (z.average ? mean_rows : max_rows)(z, k.f32(0), k.out_f32(), first, last);
    });
  }};
}

Kernel kernel(const Call& c, Engine& e) {
  const PoolSizes z = pool_sizes(c.as<Pool>(), c.shape(0));
  if (z.output_shape().count() == 0) return {.run = [](const KernelArgs&) {}};
  if (!z.average) return own_kernel(z);
  const auto image = [&](int64_t y, int64_t x) {
    return strided_md({z.B, z.C, y, x}, {y * x * z.C, 1, x * z.C, z.C});
  };
  const MemoryDesc x = image(z.y.extent, z.x.extent), y = image(z.y.out, z.x.out);
  using dnnl::memory;
  const auto pd = make_pd<PoolForward>(
      e, caller_scratch(), dnnl::prop_kind::forward_inference,
      dnnl::algorithm::pooling_avg_exclude_padding, x, y, memory::dims{z.y.stride, z.x.stride},
      memory::dims{z.y.kernel, z.x.kernel}, memory::dims{0, 0},
      memory::dims{z.y.before, z.x.before}, memory::dims{z.y.after, z.x.after});
  if (turned_down(e, pd.impl_info_str())) return own_kernel(z);
  DnnlCall call(e, PoolForward(pd), pd);
  call.input(DNNL_ARG_SRC, x, 0).output(DNNL_ARG_DST, y, 0);
  return dnnl_kernel(std::move(call));
}

Cost cost(const Call& c) {
  const double y = double(c.out_shape().count()), k = double(c.as<Pool>().kernel);
  return {.flops = y * k * k, .bytes = 4 * (y + double(c.shape(0).count()))};
}

std::vector<Sample> samples() {
  return {
      {{Shape{2, 6, 7, 5}}},
      {{Shape{1, 1, 1, 1}}, {{"kernel", 1}, {"kind", "avg"}}},
      {{Shape{2, 7, 9, 17}}, {{"kernel", 3}, {"stride", 2}, {"padding", "same"}}},
      {{Shape{2, 7, 9, 17}}, {{"kernel", 3}, {"stride", 2}, {"padding", "same"}, {"kind", "avg"}}},
      {{Shape{3, 5, 5, 70}}, {{"kernel", 3}, {"stride", 1}, {"pad", 1}, {"kind", "avg"}}},
      {{Shape{3, 5, 5, 70}}, {{"kernel", 3}, {"stride", 1}, {"pad", 1}}},
      {{Shape{2, 6, 6, 3}}, {{"kernel", 1}, {"stride", 2}, {"kind", "avg"}}},
      {{Shape{2, 6, 8, 17}}, {{"kernel", 3}, {"stride", 2}, {"padding", "ceil"}}},
      {{Shape{2, 6, 5, 17}}, {{"kernel", 3}, {"stride", 2}, {"padding", "ceil"}, {"kind", "avg"}}},
      {{Shape{1, 2, 5, 3}}, {{"kernel", 3}, {"stride", 4}, {"padding", "ceil"}}},
      {{Shape{0, 4, 4, 2}}}};
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const PoolSizes z = pool_sizes(c.as<Pool>(), c.shape(0));
  out[0] = windows(windows(in[0], 1, z.y), 2, z.x);
}

std::string detail(const Call& c) {
  return str(c.as<Pool>().kind, " ", c.as<Pool>().kernel);
}
}  // namespace

extern const Op op_pool2d;
const Op op_pool2d = {.name = "pool2d",
                      .doc = "maximum or mean of windows of a grid",
                      .attrs = fields_of<Pool>,
                      .shape = shape,
                      .vjp = vjp,
                      .reference = reference,
                      .kernel = kernel,
                      .cost = cost,
                      .reach = reach,
                      .places = Places::kGrid,
                      .detail = detail,
                      .onnx = onnx_pool2d,
                      .samples = samples()};
}  // namespace cambium::op_pool2d
