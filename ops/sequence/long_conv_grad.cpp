// long_conv_grad(x, dy [B,T,C]) -> df [T,C], the gradient of long_conv for its filter:
//   df_l = sum over the batch and t >= l of dy_t x_{t-l}
// The spectra conj(X) DY are summed over pairs of sequences; the real part of one transform back
// holds both of a pair. Blocks of 16 channels run in parallel.
#include "graph/graph.h"
#include "ops/sequence/support/fft.h"
#include "ops/support/bf16.h"
#include "ops/support/partition.h"
#include "ops/support/reach.h"

namespace cambium::op_long_conv_grad {
namespace {
std::vector<ValueType> shape(const Call& c) {
  const LongConvSizes z = long_conv_sizes(c);
  require(c.shape(1) == c.shape(0), "dy is ", c.shape(1), ", x is ", c.shape(0));
  return {{DType::kF32, {z.T, z.C}}};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto [B, T, C, n] = long_conv_sizes(c);
  for (int64_t b = 0; b < B; ++b)
    for (int64_t t = 0; t < T; ++t)
      for (int64_t s = 0; s <= t; ++s)
        for (int64_t i = 0; i < C; ++i)
          out[0][(t - s) * C + i] += in[1][(b * T + t) * C + i] * in[0][(b * T + s) * C + i];
}

Kernel kernel(const Call& c, Engine&) {
  const LongConvSizes z = long_conv_sizes(c);
  const int64_t parts = z.B * z.n * z.C < 4096 ? 1 : part_count(z.blocks());
  const auto run = [=, fft = Fft(z.n)](const KernelArgs& k) {
    for_each_part(z.blocks(), parts, [&](int64_t part, int64_t first, int64_t last) {
      float* x = reinterpret_cast<float*>(k.scratch) + part * 3 * fft.floats();
      float *dy = x + fft.floats(), *sum = dy + fft.floats();
      for (int64_t block = first; block < last; ++block) {
        std::fill_n(sum, fft.floats(), 0.0f);
        for (int64_t b = 0; b < z.B; b += 2) {
          const int64_t one = b * z.T * z.C, two = (b + 1) * z.T * z.C, channel = block * 16;
          const bool both = b + 1 < z.B;
          pack_pair(k.f32(0) + one, both ? k.f32(0) + two : nullptr, z.T, z.C, channel, z.n, x);
          pack_pair(k.f32(1) + one, both ? k.f32(1) + two : nullptr, z.T, z.C, channel, z.n, dy);
          fft.forward(x);
          fft.forward(dy);
          add_cross_spectrum(x, dy, z.n, sum);
        }
        fft.backward(sum);
        unpack_pair(sum, z.T, z.C, block * 16, 1 / float(z.n), k.out_f32(), nullptr);
      }
    });
  };
  return {.run = run, .scratch_bytes = parts * 3 * Fft(1).floats() * z.n * 4};
}

Cost cost(const Call& c) {
  const LongConvSizes z = long_conv_sizes(c);
  const auto pairs = double(z.pairs()), channels = double(z.C);
  const double flops = channels * ((1 + 2 * pairs) * Fft::flops(z.n) + 8 * pairs * double(z.n));
  return {
      .flops = flops, .bytes = 4 * double(2 * c.shape(0).count() + z.T * z.C), .products = flops};
}

Sample sample(int64_t b, int64_t t, int64_t c) {
  return {{Shape{b, t, c}, Shape{b, t, c}}};
}
}  // namespace

extern const Op op_long_conv_grad;
const Op op_long_conv_grad = {
    .name = "long_conv_grad",
    .doc = "gradient of long_conv for its filter",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .bf16 = stays_f32,
    .not_onnx = kOnnxGradient,
    .tolerance = 5e-5,
    .samples = {sample(2, 5, 3), sample(1, 1, 1), sample(3, 70, 17), sample(1, 600, 2),
                sample(0, 3, 2), sample(2, 0, 3), sample(2, 3, 0)}};
}  // namespace cambium::op_long_conv_grad
