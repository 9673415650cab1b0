#include "ops/conv/support/conv_taps.h"

#include <algorithm>

#include "core/system/parallel.h"
#include "core/tensor/bf16.h"
#include "ops/support/pointwise.h"
#include "ops/support/scratch.h"

namespace cambium {
namespace {
// An operand in f32: where it is, or a copy in scratch.
struct Operand {
  int input;
  int64_t count, copy = -1;

  Operand(int input, int64_t count, DType type, Scratch& scratch) : input(input), count(count) {
    if (type == DType::kBf16) copy = scratch.add_f32(count);
  }

  const float* load(const KernelArgs& k) const {
    if (copy < 0) return k.f32(input);
    auto* wide = reinterpret_cast<float*>(k.scratch + copy);
    parallel_for(count, kPointwiseGrain, [&](int64_t begin, int64_t end) {
      widen_range(static_cast<const uint16_t*>(k.in[input]) + begin, wide + begin, end - begin);
    });
    return wide;
  }
};

// y[j] += sum over i of a[i] * m[i, j], m of rows of `stride` numbers.
CAMBIUM_SIMD void add_rows(const float* a, const float* m, float* y, int64_t rows, int64_t stride,
                           int64_t n) {
  for (int64_t i = 0; i < rows; ++i, m += stride) {
    const float factor = a[i];
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) y[j] += factor * m[j];
  }
}

// m[i, j] += a[i] * b[j], m of rows of `stride` numbers.
CAMBIUM_SIMD void add_products(const float* a, const float* b, float* m, int64_t rows,
                               int64_t stride, int64_t n) {
  for (int64_t i = 0; i < rows; ++i, m += stride) {
    const float factor = a[i];
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) m[j] += factor * b[j];
  }
}

// w [taps, inputs, O] as [taps, O, inputs].
void swap_channels(const ConvSizes& z, const float* w, float* swapped) {
  const int64_t n = z.inputs();
  parallel_for(z.y.kernel * z.x.kernel, 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t)
      for (int64_t c = 0; c < n; ++c)
        for (int64_t o = 0; o < z.O; ++o) swapped[(t * z.O + o) * n + c] = w[(t * n + c) * z.O + o];
  });
}

// The window whose tap k reads position i, or -1.
int64_t window_of(const Window& w, int64_t i, int64_t k) {
  const int64_t from = i + w.before - k * w.dilation;
  if (from < 0 || from % w.stride != 0) return -1;
  const int64_t o = from / w.stride;
  return o < w.out ? o : -1;
}

// Row `row` of dx, all images counted through.
void grad_input_row(const ConvSizes& z, const float* dy, const float* swapped, float* dx,
                    int64_t row) {
  const int64_t image = row / z.y.extent, n = z.inputs(), m = z.outputs();
  std::fill_n(dx, z.x.extent * z.C, 0.0f);
  for (int64_t ky = 0; ky < z.y.kernel; ++ky) {
    const int64_t oy = window_of(z.y, row % z.y.extent, ky);
    if (oy < 0) continue;
    for (int64_t kx = 0; kx < z.x.kernel; ++kx)
      for (int64_t ox = 0; ox < z.x.out; ++ox) {
        const int64_t ix = z.x.at(ox, kx);
        if (!z.x.inside(ix)) continue;
        const float* d = dy + ((image * z.y.out + oy) * z.x.out + ox) * z.O;
        const float* w = swapped + (ky * z.x.kernel + kx) * z.O * n;
        for (int64_t g = 0; g < z.groups; ++g)
          add_rows(d + g * m, w + g * m * n, dx + ix * z.C + g * n, m, n, n);
      }
  }
}

// Row `row` of y, all images counted through; `bias` may be null.
void forward_row(const ConvSizes& z, const float* x, const float* w, const float* bias, float* y,
                 int64_t row) {
  const int64_t image = row / z.y.out, n = z.inputs(), m = z.outputs();
  for (int64_t ox = 0; ox < z.x.out; ++ox)
    for (int64_t o = 0; o < z.O; ++o) y[ox * z.O + o] = bias ? bias[o] : 0;
  for (int64_t ky = 0; ky < z.y.kernel; ++ky) {
    const int64_t iy = z.y.at(row % z.y.out, ky);
    if (!z.y.inside(iy)) continue;
    for (int64_t kx = 0; kx < z.x.kernel; ++kx)
      for (int64_t ox = 0; ox < z.x.out; ++ox) {
        const int64_t ix = z.x.at(ox, kx);
        if (!z.x.inside(ix)) continue;
        const float* from = x + ((image * z.y.extent + iy) * z.x.extent + ix) * z.C;
        const float* tap = w + (ky * z.x.kernel + kx) * n * z.O;
        for (int64_t g = 0; g < z.groups; ++g)
          add_rows(from + g * n, tap + g * m, y + ox * z.O + g * m, n, z.O, m);
      }
  }
}

// dw of one tap, [inputs, O].
void grad_weights_tap(const ConvSizes& z, const float* x, const float* dy, float* dw, int64_t ky,
                      int64_t kx) {
  const int64_t n = z.inputs(), m = z.outputs();
  std::fill_n(dw, n * z.O, 0.0f);
  for (int64_t row = 0; row < z.B * z.y.out; ++row) {
    const int64_t iy = z.y.at(row % z.y.out, ky);
    if (!z.y.inside(iy)) continue;
    for (int64_t ox = 0; ox < z.x.out; ++ox) {
      const int64_t ix = z.x.at(ox, kx);
      if (!z.x.inside(ix)) continue;
      const float* from = x + ((row / z.y.out * z.y.extent + iy) * z.x.extent + ix) * z.C;
      const float* d = dy + (row * z.x.out + ox) * z.O;
      for (int64_t g = 0; g < z.groups; ++g)
        add_products(from + g * n, d + g * m, dw + g * m, n, z.O, m);
    }
  }
}

// Columns [begin, end) of db.
void grad_bias(const ConvSizes& z, const float* dy, float* db, int64_t begin, int64_t end) {
  std::fill(db + begin, db + end, 0.0f);
  const int64_t pixels = z.B * z.y.out * z.x.out;
  for (int64_t p = 0; p < pixels; ++p)
    for (int64_t o = begin; o < end; ++o) db[o] += dy[p * z.O + o];
}
}  // namespace

Kernel forward_by_taps(const ConvSizes& z, DType operands, bool bias) {
  Scratch scratch;
  const Operand x(0, z.input_shape().count(), operands, scratch);
  const Operand w(1, z.weights_shape().count(), operands, scratch);
  const auto run = [=, row = z.x.out * z.O](const KernelArgs& k) {
    const float *from = x.load(k), *weights = w.load(k);
    parallel_for(z.B * z.y.out, 1, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r)
        forward_row(z, from, weights, bias ? k.f32(2) : nullptr, k.out_f32() + r * row, r);
    });
  };
  return {.run = run, .scratch_bytes = scratch.bytes};
}

Kernel grad_input_by_taps(const ConvSizes& z, DType operands, DType result) {
  Scratch scratch;
  const Operand dy(0, z.output_shape().count(), operands, scratch);
  const Operand w(1, z.weights_shape().count(), operands, scratch);
  const int64_t swapped_at = scratch.add_f32(w.count), row = z.x.extent * z.C;
  const bool narrow = result == DType::kBf16;
  const int64_t wide_at = scratch.add_f32(narrow ? z.input_shape().count() : 0);
  const auto run = [=](const KernelArgs& k) {
    auto* swapped = reinterpret_cast<float*>(k.scratch + swapped_at);
    swap_channels(z, w.load(k), swapped);
    const float* d = dy.load(k);
    auto* dx = narrow ? reinterpret_cast<float*>(k.scratch + wide_at) : k.out_f32();
    parallel_for(z.B * z.y.extent, 1, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        grad_input_row(z, d, swapped, dx + r * row, r);
        if (narrow) narrow_range(dx + r * row, static_cast<uint16_t*>(k.out[0]) + r * row, row);
      }
    });
  };
  return {.run = run, .scratch_bytes = scratch.bytes};
}

Kernel grad_weights_by_taps(const ConvSizes& z, DType operands, bool bias) {
  Scratch scratch;
  const Operand x(0, z.input_shape().count(), operands, scratch);
  const Operand dy(1, z.output_shape().count(), operands, scratch);
  const auto run = [=](const KernelArgs& k) {
    const float *from = x.load(k), *d = dy.load(k);
    parallel_for(z.y.kernel * z.x.kernel, 1, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t)
        grad_weights_tap(z, from, d, k.out_f32(0) + t * z.inputs() * z.O, t / z.x.kernel,
                         t % z.x.kernel);
    });
    if (bias)
      parallel_for(z.O, 16,
                   [&](int64_t begin, int64_t end) { grad_bias(z, d, k.out_f32(1), begin, end); });
  };
  return {.run = run, .scratch_bytes = scratch.bytes};
}
}  // namespace cambium
