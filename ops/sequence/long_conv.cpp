// long_conv(x [B,T,C], f [T,C]; correlate) -> y [B,T,C]: a causal convolution of each channel with
// a filter as long as the sequence, y_t = sum_{s <= t} f_{t-s} x_s; with `correlate` its transpose
// y_s = sum_{t >= s} f_{t-s} x_t, which is also dx of the other form.
// By FFT in O(T log T): 16 channels side by side in lanes, two sequences at once as real and
// imaginary part of one transform (the filter is real). Blocks of channels run in parallel.
#include "graph/graph.h"
#include "ops/sequence/support/fft.h"
#include "ops/support/bf16.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/partition.h"
#include "ops/support/reach.h"

namespace cambium::op_long_conv {
namespace {
struct LongConv {
  bool correlate = false;
  static constexpr auto fields =
      std::tuple{field("correlate", &LongConv::correlate, "look ahead: the transposed operator")};
};

std::vector<ValueType> shape(const Call& c) {
  long_conv_sizes(c);
  require(c.shape(1).rank() == 2, "the filter must be [T,C], got ", c.shape(1));
  return {c.in[0].type()};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  Graph& g = *dy[0].graph;
  const bool correlate = c.as<LongConv>().correlate;
  const Value dx = g.emit("long_conv", {dy[0], c.in[1]}, {{"correlate", !correlate}});
  const Value x = c.in[0];
  const Value df =
      correlate ? g.emit("long_conv_grad", {dy[0], x}) : g.emit("long_conv_grad", {x, dy[0]});
  return {dx, df};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto [B, T, C, n] = long_conv_sizes(c);
  const bool correlate = c.as<LongConv>().correlate;
  for (int64_t b = 0; b < B; ++b)
    for (int64_t late = 0; late < T; ++late)
      for (int64_t early = 0; early <= late; ++early)
        for (int64_t i = 0; i < C; ++i) {
          const int64_t to = correlate ? early : late, from = correlate ? late : early;
          out[0][(b * T + to) * C + i] +=
              in[1][(late - early) * C + i] * in[0][(b * T + from) * C + i];
        }
}

Kernel kernel(const Call& c, Engine&) {
  const LongConvSizes z = long_conv_sizes(c);
  const bool correlate = c.as<LongConv>().correlate;
  const int64_t parts = z.B * z.n * z.C < 4096 ? 1 : part_count(z.blocks());
  const auto run = [=, fft = Fft(z.n)](const KernelArgs& k) {
    for_each_part(z.blocks(), parts, [&](int64_t part, int64_t first, int64_t last) {
      float* filter = reinterpret_cast<float*>(k.scratch) + part * 2 * fft.floats();
      float* data = filter + fft.floats();
      for (int64_t block = first; block < last; ++block) {
        pack_pair(k.f32(1), nullptr, z.T, z.C, block * 16, z.n, filter);
        fft.forward(filter);
        for (int64_t b = 0; b < z.B; b += 2) {
          const int64_t one = b * z.T * z.C, two = (b + 1) * z.T * z.C;
          const bool both = b + 1 < z.B;
          pack_pair(k.f32(0) + one, both ? k.f32(0) + two : nullptr, z.T, z.C, block * 16, z.n,
                    data);
          fft.forward(data);
          multiply_spectrum(filter, correlate, z.n, data);
          fft.backward(data);
          unpack_pair(data, z.T, z.C, block * 16, 1 / float(z.n), k.out_f32() + one,
                      both ? k.out_f32() + two : nullptr);
        }
      }
    });
  };
  return {.run = run, .scratch_bytes = parts * 2 * Fft(1).floats() * z.n * 4};
}

Cost cost(const Call& c) {
  const LongConvSizes z = long_conv_sizes(c);
  const auto pairs = double(z.pairs()), channels = double(z.C);
  const double flops = channels * ((1 + 2 * pairs) * Fft::flops(z.n) + 6 * pairs * double(z.n));
  return {.flops = flops,
          .bytes = 4 * double(2 * c.shape(0).count() + c.shape(1).count()),
          .products = flops};
}

Sample sample(int64_t b, int64_t t, int64_t c, bool correlate = false) {
  return {{Shape{b, t, c}, Shape{t, c}}, {{"correlate", correlate}}};
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  reach_in_order(c, in, out, c.as<LongConv>().correlate);
}
}  // namespace

extern const Op op_long_conv;
const Op op_long_conv = {
    .name = "long_conv",
    .doc = "causal convolution with filters as long as the sequence, by FFT",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<LongConv>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .bf16 = stays_f32,
    .onnx = onnx_long_conv,
    .tolerance = 2e-5,
    .samples = {sample(2, 5, 3), sample(1, 1, 1), sample(3, 70, 17), sample(2, 33, 32, true),
                sample(1, 1030, 2), sample(0, 3, 2), sample(2, 0, 3), sample(2, 3, 0)}};
}  // namespace cambium::op_long_conv
