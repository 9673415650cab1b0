#include "ops/sequence/support/fft.h"

#include <bit>
#include <cmath>
#include <numbers>

#include "core/system/parallel.h"
#include "ops/support/tile.h"

namespace cambium {
namespace {
constexpr int64_t kFloats = 2 * kLanes;  // of one element
constexpr int64_t kInCache = 1024;       // elements whose stages are done one after another

struct Complex {
  Lanes re, im;
};

[[gnu::always_inline]] inline void load(const float* p, Complex& z) {
  z.re = load_lanes(p);
  z.im = load_lanes(p + kLanes);
}

[[gnu::always_inline]] inline void store(float* p, const Lanes& re, const Lanes& im) {
  store_lanes(p, re);
  store_lanes(p + kLanes, im);
}

// Two radix-2 stages of decimation in frequency in one, on every block of `size` = 4 q elements.
// With W = e^(-2 pi i / size) element j of a block and those q, 2 q, 3 q behind it become
//   a0 + a2 + (a1 + a3),  (a0 + a2 - (a1 + a3)) W^2j,  (a0 - a2 - i (a1 - a3)) W^j,
//   (a0 - a2 + i (a1 - a3)) W^3j.
[[gnu::always_inline]] inline void stage(float* data, int64_t count, int64_t size,
                                         const float* roots, int64_t n) {
  const int64_t q = size / 4, step = n / size, at = q * kFloats;
  for (float* block = data; block < data + count * kFloats; block += size * kFloats)
    for (int64_t j = 0; j < q; ++j) {
      float* p = block + j * kFloats;
      const float *w1 = roots + 2 * j * step, *w2 = roots + 4 * j * step,
                  *w3 = roots + 6 * j * step;
      Complex a0, a1, a2, a3;
      load(p, a0);
      load(p + at, a1);
      load(p + 2 * at, a2);
      load(p + 3 * at, a3);
      const Lanes sr = a0.re + a2.re, si = a0.im + a2.im, tr = a1.re + a3.re, ti = a1.im + a3.im;
      const Lanes dr = a0.re - a2.re, di = a0.im - a2.im, er = a1.re - a3.re, ei = a1.im - a3.im;
      store(p, sr + tr, si + ti);
      const Lanes ur = sr - tr, ui = si - ti;
      store(p + at, ur * w2[0] - ui * w2[1], ur * w2[1] + ui * w2[0]);
      const Lanes vr = dr + ei, vi = di - er;  // - i e
      store(p + 2 * at, vr * w1[0] - vi * w1[1], vr * w1[1] + vi * w1[0]);
      const Lanes xr = dr - ei, xi = di + er;  // + i e
      store(p + 3 * at, xr * w3[0] - xi * w3[1], xr * w3[1] + xi * w3[0]);
    }
}

// The stage above undone (times 4): its conjugate transpose.
[[gnu::always_inline]] inline void stage_back(float* data, int64_t count, int64_t size,
                                              const float* roots, int64_t n) {
  const int64_t q = size / 4, step = n / size, at = q * kFloats;
  for (float* block = data; block < data + count * kFloats; block += size * kFloats)
    for (int64_t j = 0; j < q; ++j) {
      float* p = block + j * kFloats;
      const float *w1 = roots + 2 * j * step, *w2 = roots + 4 * j * step,
                  *w3 = roots + 6 * j * step;
      Complex c0, c1, c2, c3;
      load(p, c0);
      load(p + at, c1);
      load(p + 2 * at, c2);
      load(p + 3 * at, c3);
      const Lanes ur = c1.re * w2[0] + c1.im * w2[1], ui = c1.im * w2[0] - c1.re * w2[1];
      const Lanes vr = c2.re * w1[0] + c2.im * w1[1], vi = c2.im * w1[0] - c2.re * w1[1];
      const Lanes xr = c3.re * w3[0] + c3.im * w3[1], xi = c3.im * w3[0] - c3.re * w3[1];
      const Lanes sr = c0.re + ur, si = c0.im + ui, tr = c0.re - ur, ti = c0.im - ui;
      const Lanes dr = vr + xr, di = vi + xi, er = xi - vi, ei = vr - xr;  // e = i (v - x)
      store(p, sr + dr, si + di);
      store(p + 2 * at, sr - dr, si - di);
      store(p + at, tr + er, ti + ei);
      store(p + 3 * at, tr - er, ti - ei);
    }
}

// The last stage when log2 n is odd; its own inverse, times 2.
[[gnu::always_inline]] inline void pairs(float* data, int64_t count) {
  for (float* p = data; p < data + count * kFloats; p += 2 * kFloats) {
    Complex a, b;
    load(p, a);
    load(p + kFloats, b);
    store(p, a.re + b.re, a.im + b.im);
    store(p + kFloats, a.re - b.re, a.im - b.im);
  }
}

// Block by block, so that all stages of a block that fits the cache follow each other.
CAMBIUM_SIMD void transform(float* data, int64_t size, const float* roots, int64_t n) {
  if (size > kInCache) {
    stage(data, size, size, roots, n);
    for (int64_t k = 0; k < 4; ++k) transform(data + k * (size / 4) * kFloats, size / 4, roots, n);
    return;
  }
  int64_t block = size;
  for (; block >= 4; block /= 4) stage(data, size, block, roots, n);
  if (block == 2) pairs(data, size);
}

CAMBIUM_SIMD void transform_back(float* data, int64_t size, const float* roots, int64_t n) {
  if (size > kInCache) {
    for (int64_t k = 0; k < 4; ++k)
      transform_back(data + k * (size / 4) * kFloats, size / 4, roots, n);
    stage_back(data, size, size, roots, n);
    return;
  }
  int64_t block = size;
  while (block >= 4) block /= 4;
  if (block == 2) pairs(data, size);
  for (block *= 4; block <= size; block *= 4) stage_back(data, size, block, roots, n);
}
}  // namespace

Fft::Fft(int64_t n) : n_(n) {
  ensure(std::has_single_bit(uint64_t(n)), "an FFT of length ", n);
  auto roots = std::make_shared<Tensor>(DType::kF32, Shape{n, 2});
  for (int64_t k = 0; k < n; ++k) {
    const double angle = -2 * std::numbers::pi * double(k) / double(n);
    roots->f32()[size_t(2 * k)] = float(std::cos(angle));
    roots->f32()[size_t(2 * k + 1)] = float(std::sin(angle));
  }
  roots_ = std::move(roots);
}

void Fft::forward(float* data) const {
  transform(data, n_, roots_->f32().data(), n_);
}

void Fft::backward(float* data) const {
  transform_back(data, n_, roots_->f32().data(), n_);
}

double Fft::flops(int64_t n) {
  return 5 * double(n) * std::log2(double(std::max<int64_t>(n, 2)));
}

int64_t convolution_length(int64_t t) {
  return int64_t(std::bit_ceil(uint64_t(std::max<int64_t>(1, 2 * t - 1))));
}

CAMBIUM_SIMD void pack_pair(const float* a, const float* b, int64_t t, int64_t c, int64_t first,
                            int64_t n, float* to) {
  const int64_t count = std::min(kLanes, c - first);
  for (int64_t i = 0; i < t; ++i, to += kFloats)
    for (int64_t l = 0; l < kLanes; ++l) {
      to[l] = l < count ? a[i * c + first + l] : 0;
      to[kLanes + l] = b && l < count ? b[i * c + first + l] : 0;
    }
  std::fill_n(to, (n - t) * kFloats, 0.0f);
}

CAMBIUM_SIMD void unpack_pair(const float* from, int64_t t, int64_t c, int64_t first, float factor,
                              float* a, float* b) {
  const int64_t count = std::min(kLanes, c - first);
  for (int64_t i = 0; i < t; ++i, from += kFloats)
    for (int64_t l = 0; l < count; ++l) {
      a[i * c + first + l] = from[l] * factor;
      if (b) b[i * c + first + l] = from[kLanes + l] * factor;
    }
}

CAMBIUM_SIMD void multiply_spectrum(const float* f, bool conjugate, int64_t n, float* x) {
  const float sign = conjugate ? -1 : 1;
  for (int64_t i = 0; i < n; ++i, f += kFloats, x += kFloats) {
    Complex a, b;
    load(f, a);
    load(x, b);
    const Lanes im = a.im * sign;
    store(x, a.re * b.re - im * b.im, a.re * b.im + im * b.re);
  }
}

CAMBIUM_SIMD void add_cross_spectrum(const float* x, const float* y, int64_t n, float* sum) {
  for (int64_t i = 0; i < n; ++i, x += kFloats, y += kFloats, sum += kFloats) {
    Complex a, b, s;
    load(x, a);
    load(y, b);
    load(sum, s);
    store(sum, s.re + a.re * b.re + a.im * b.im, s.im + a.re * b.im - a.im * b.re);
  }
}

LongConvSizes long_conv_sizes(const Call& c) {
  const Shape &x = c.shape(0), &f = c.shape(1);
  require(c.dtype(0) == DType::kF32 && c.dtype(1) == DType::kF32, "x and the filter must be f32");
  require(x.rank() == 3, "x must be [B,T,C], got ", x);
  require(f == x || f == Shape{x[1], x[2]}, "the filter ", f,
          " must be [T,C] = ", Shape{x[1], x[2]});
  return {.B = x[0], .T = x[1], .C = x[2], .n = convolution_length(x[1])};
}
}  // namespace cambium
