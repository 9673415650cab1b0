// pool2d_grad(x [B,Y,X,C], dy [B,Y',X',C]; pool2d's attributes) -> dx [B,Y,X,C]. Mean: dy / pixels
// to every pixel of the window. Maximum: dy to the first largest pixel of the window, or a NaN,
// found again from x, so that the forward pass saves no positions. Windows may overlap; one thread
// owns an image.
#include <cmath>

#include "core/system/parallel.h"
#include "ops/conv/support/pool.h"
#include "ops/support/reach.h"

namespace cambium::op_pool2d_grad {
namespace {
PoolSizes sizes(const Call& c) {
  return pool_sizes(c.as<Pool>(), c.shape(0));
}

std::vector<ValueType> shape(const Call& c) {
  const Shape want = sizes(c).output_shape();
  require(c.shape(1) == want, "dy is ", c.shape(1), ", the pooling makes ", want);
  return {c.in[0].type()};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const PoolSizes z = sizes(c);
  for (int64_t i = 0; i < in[1].size(); ++i) {
    const int64_t k = i % z.C, column = i / z.C % z.x.out, row = i / z.C / z.x.out % z.y.out;
    const int64_t b = i / z.C / z.x.out / z.y.out;
    const PoolWindow w = pool_window(z, row, column);
    int64_t best = z.input(b, w.y0, w.x0) + k;
    for (int64_t y = w.y0; y < w.y1; ++y)
      for (int64_t x = w.x0; x < w.x1; ++x) {
        const int64_t at = z.input(b, y, x) + k;
        if (z.average) out[0][at] += in[1][i] / double(w.count());
        if (in[0][at] > in[0][best] || std::isnan(in[0][at])) best = at;
      }
    if (!z.average) out[0][best] += in[1][i];
  }
}

constexpr int64_t kChunk = 64;  // channels at a time, so that their best pixels stay in registers

// The window's share of dx for `n` <= 64 channels of one image; x, dx and dy stand at the channel.
[[gnu::always_inline]] inline void add_max(const PoolSizes& z, PoolWindow w, const float* x,
                                           float* dx, const float* dy, int64_t n) {
  float best[kChunk];
  int32_t where[kChunk];
  const float* corner = x + z.input(0, w.y0, w.x0);
  for (int64_t c = 0; c < n; ++c) {
    best[c] = corner[c];
    where[c] = 0;
  }
  int32_t pixel = 0;
  for (int64_t row = w.y0; row < w.y1; ++row)
    for (int64_t column = w.x0; column < w.x1; ++column, ++pixel) {
      const float* v = x + z.input(0, row, column);
      for (int64_t c = 0; c < n; ++c) {
        const bool better = (v[c] > best[c]) | (v[c] != v[c]);
        best[c] = better ? v[c] : best[c];
        where[c] = better ? pixel : where[c];
      }
    }
  pixel = 0;
  for (int64_t row = w.y0; row < w.y1; ++row)
    for (int64_t column = w.x0; column < w.x1; ++column, ++pixel) {
      float* to = dx + z.input(0, row, column);
      for (int64_t c = 0; c < n; ++c) to[c] += where[c] == pixel ? dy[c] : 0.0f;
    }
}

[[gnu::always_inline]] inline void add_mean(const PoolSizes& z, PoolWindow w, float* dx,
                                            const float* dy, int64_t n) {
  const float share = 1.0f / float(w.count());
  for (int64_t row = w.y0; row < w.y1; ++row)
    for (int64_t column = w.x0; column < w.x1; ++column) {
      float* to = dx + z.input(0, row, column);
      for (int64_t c = 0; c < n; ++c) to[c] += dy[c] * share;
    }
}

// Images [first, last).
CAMBIUM_SIMD void pool_backward(const PoolSizes& z, const float* x, const float* dy, float* dx,
                                int64_t first, int64_t last) {
  const int64_t begin = z.input(first, 0, 0), end = z.input(last, 0, 0);
  for (int64_t i = begin; i < end; ++i) dx[i] = 0;
  for (int64_t b = first; b < last; ++b)
    for (int64_t row = 0; row < z.y.out; ++row)
      for (int64_t column = 0; column < z.x.out; ++column) {
        const PoolWindow w = pool_window(z, row, column);
        const float* d = dy + z.output(b, row, column);
        const int64_t image = z.input(b, 0, 0);
        for (int64_t c = 0; c < z.C; c += kChunk) {
          const int64_t n = std::min(kChunk, z.C - c);
          if (z.average)
            add_mean(z, w, dx + image + c, d + c, n);
          else
            add_max(z, w, x + image + c, dx + image + c, d + c, n);
        }
      }
}

Kernel kernel(const Call& c, Engine&) {
  const PoolSizes z = sizes(c);
  const int64_t image = std::max<int64_t>(1, z.input(1, 0, 0));
  return {.run = [z, image](const KernelArgs& args) {
    parallel_for(z.B, std::max<int64_t>(1, 16384 / image), [&](int64_t first, int64_t last) {
      pool_backward(z, args.f32(0), args.f32(1), args.out_f32(), first, last);
    });
  }};
}

Cost cost(const Call& c) {
  const double y = double(c.shape(1).count()), k = double(c.as<Pool>().kernel);
  return {.flops = 2 * y * k * k, .bytes = 4 * (y + 2 * double(c.shape(0).count()))};
}

std::vector<Sample> samples() {
  return {{{Shape{2, 6, 7, 5}, Shape{2, 3, 3, 5}}},
          {{Shape{1, 1, 1, 1}, Shape{1, 1, 1, 1}}, {{"kernel", 1}, {"kind", "avg"}}},
          {{Shape{2, 7, 9, 17}, Shape{2, 4, 5, 17}},
           {{"kernel", 3}, {"stride", 2}, {"padding", "same"}}},
          {{Shape{3, 5, 5, 70}, Shape{3, 5, 5, 70}},
           {{"kernel", 3}, {"stride", 1}, {"pad", 1}, {"kind", "avg"}}},
          {{Shape{3, 5, 5, 70}, Shape{3, 5, 5, 70}}, {{"kernel", 3}, {"stride", 1}, {"pad", 1}}},
          {{Shape{2, 6, 6, 3}, Shape{2, 3, 3, 3}}, {{"kernel", 1}, {"stride", 2}, {"kind", "avg"}}},
          {{Shape{2, 6, 8, 17}, Shape{2, 3, 4, 17}},
           {{"kernel", 3}, {"stride", 2}, {"padding", "ceil"}}},
          {{Shape{2, 6, 5, 17}, Shape{2, 3, 2, 17}},
           {{"kernel", 3}, {"stride", 2}, {"padding", "ceil"}, {"kind", "avg"}}},
          {{Shape{0, 4, 4, 2}, Shape{0, 2, 2, 2}}}};
}
}  // namespace

extern const Op op_pool2d_grad;
const Op op_pool2d_grad = {.name = "pool2d_grad",
                           .doc = "gradient of pool2d",
                           .min_inputs = 2,
                           .max_inputs = 2,
                           .attrs = fields_of<Pool>,
                           .shape = shape,
                           .reference = reference,
                           .kernel = kernel,
                           .cost = cost,
                           .reach = reach_all,
                           .not_onnx = kOnnxGradient,
                           .samples = samples()};
}  // namespace cambium::op_pool2d_grad
