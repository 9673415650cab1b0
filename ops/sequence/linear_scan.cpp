// linear_scan(a [B,T,C], b [B,T,C]) -> h [B,T,C]: h_t = a_t * h_{t-1} + b_t
// with h_{-1} = 0, the elementwise recurrence of minGRU (Feng et al. 2024,
// arXiv 2410.01201) and of the RG-LRU (De et al. 2024, arXiv 2402.19427). Steps
// follow one another; sequences and pieces of channels run in parallel. The
// gradient is linear_scan_grad.
#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"
#include "ops/support/shapes.h"

namespace cambium::op_linear_scan {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require(c.shape(0).rank() == 3, "a must be [B,T,C], got ", c.shape(0));
  return f32_like_all(c);
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const Value d = dy[0].graph->emit("linear_scan_grad", {c.in[0], c.out[0], dy[0]});
  return {d, d.nth(1)};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const Shape& s = c.shape(0);
  for (int64_t i = 0; i < s.count(); ++i) {
    const bool first = i / s[2] % s[1] == 0;
    out[0][i] = in[1][i] + (first ? 0 : in[0][i] * out[0][i - s[2]]);
  }
}

// Channels [first, last) of one sequence of T steps.
CAMBIUM_SIMD void scan_channels(const float* a, const float* b, float* h, int64_t T, int64_t C,
                                int64_t first, int64_t last) {
  for (int64_t t = 0; t < T; ++t) {
    const int64_t row = t * C;
#pragma GCC ivdep
    for (int64_t i = row + first; i < row + last; ++i)
      h[i] = b[i] + (t > 0 ? a[i] * h[i - C] : 0.0f);
  }
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t B = c.shape(0)[0], T = c.shape(0)[1], C = c.shape(0)[2];
  constexpr int64_t kPiece = 64;  // channels
  const int64_t pieces = (C + kPiece - 1) / kPiece;
  return {.run = [=](const KernelArgs& k) {
    parallel_for(B * pieces, 16384 / (T * kPiece + 1) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t item = begin; item < end; ++item) {
        const int64_t at = item / pieces * T * C, first = item % pieces * kPiece;
        scan_channels(k.f32(0) + at, k.f32(1) + at, k.out_f32() + at, T, C, first,
                      std::min(C, first + kPiece));
      }
    });
  }};
}

Cost cost(const Call& c) {
  const auto n = double(c.shape(0).count());
  return {.flops = 2 * n, .bytes = 12 * n};
}
}  // namespace

extern const Op op_linear_scan;
const Op op_linear_scan = {.name = "linear_scan",
                           .doc = "h_t = a_t h_{t-1} + b_t along the tokens",
                           .min_inputs = 2,
                           .max_inputs = 2,
                           .shape = shape,
                           .vjp = vjp,
                           .reference = reference,
                           .kernel = kernel,
                           .cost = cost,
                           .reach = reach_back,
                           .cheap = true,
                           .onnx = onnx_linear_scan,
                           .samples = {{{SampleInput(Shape{2, 5, 3}, 0, 1), Shape{2, 5, 3}}},
                                       {{Shape{1, 1, 1}, Shape{1, 1, 1}}},
                                       {{SampleInput(Shape{2, 70, 130}, -1, 1), Shape{2, 70, 130}}},
                                       {{Shape{0, 3, 2}, Shape{0, 3, 2}}},
                                       {{Shape{2, 0, 3}, Shape{2, 0, 3}}},
                                       {{Shape{2, 3, 0}, Shape{2, 3, 0}}}}};
}  // namespace cambium::op_linear_scan
