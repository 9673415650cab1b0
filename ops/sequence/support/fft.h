// FFT of 16 channels at once: lanes run along channels, so no element ever changes its lane.
#pragma once
#include <memory>

#include "core/tensor/tensor.h"
#include "graph/op.h"

namespace cambium {
// Complex transforms of length n, a power of two >= 1. Element i is 32 floats: 16 real parts, then
// 16 imaginary parts. `forward` leaves the spectrum in bit-reversed order; `backward` takes that
// order and answers n times the original. Products of spectra need no order.
class Fft {
 public:
  explicit Fft(int64_t n);

  int64_t size() const { return n_; }

  // Floats of one array.
  int64_t floats() const { return 32 * n_; }

  void forward(float* data) const;
  void backward(float* data) const;

  // About 5 n log2 n a channel.
  static double flops(int64_t n);

 private:
  int64_t n_;
  std::shared_ptr<const Tensor> roots_;  // [n,2]: cos and sin of -2 pi k / n
};

// The length that holds the whole convolution of two sequences of T, without wrapping around.
int64_t convolution_length(int64_t t);

// Two sequences [T,C] as real and imaginary part of 16 channels, zeros up to `n`; b may be null.
void pack_pair(const float* a, const float* b, int64_t t, int64_t c, int64_t first, int64_t n,
               float* to);
// The way back, times `factor`; b may be null.
void unpack_pair(const float* from, int64_t t, int64_t c, int64_t first, float factor, float* a,
                 float* b);
// x *= f, or x *= conj(f).
void multiply_spectrum(const float* f, bool conjugate, int64_t n, float* x);
// sum += conj(x) y.
void add_cross_spectrum(const float* x, const float* y, int64_t n, float* sum);

// What long_conv and long_conv_grad share: UserError unless x is f32 [B,T,C] and `other` [T,C] or
// [B,T,C].
struct LongConvSizes {
  int64_t B, T, C, n;

  int64_t blocks() const { return (C + 15) / 16; }

  int64_t pairs() const { return (B + 1) / 2; }
};

LongConvSizes long_conv_sizes(const Call& c);
}  // namespace cambium
