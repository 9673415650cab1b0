// linear_scan_grad(a, h, dy [B,T,C]) -> da, db [B,T,C]: g_t = dy_t + a_{t+1}
// g_{t+1}, db_t = g_t, da_t = g_t h_{t-1}, the gradient of linear_scan.
#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/support/reach.h"
#include "ops/support/shapes.h"

namespace cambium::op_linear_scan_grad {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require(c.shape(0).rank() == 3, "a must be [B,T,C], got ", c.shape(0));
  const ValueType type = f32_like_all(c)[0];
  return {type, type};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const Shape& s = c.shape(0);
  for (int64_t i = s.count() - 1; i >= 0; --i) {
    const int64_t t = i / s[2] % s[1];
    out[1][i] = in[2][i] + (t + 1 < s[1] ? in[0][i + s[2]] * out[1][i + s[2]] : 0);
    out[0][i] = t > 0 ? out[1][i] * in[1][i - s[2]] : 0;
  }
}

// Channels [first, last) of one sequence of T steps.
CAMBIUM_SIMD void scan_back(const float* a, const float* h, const float* dy, float* da, float* db,
                            int64_t T, int64_t C, int64_t first, int64_t last) {
  for (int64_t t = T - 1; t >= 0; --t) {
    const int64_t row = t * C;
#pragma GCC ivdep
    for (int64_t i = row + first; i < row + last; ++i) {
      const float g = dy[i] + (t + 1 < T ? a[i + C] * db[i + C] : 0.0f);
      db[i] = g;
      da[i] = t > 0 ? g * h[i - C] : 0.0f;
    }
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
        scan_back(k.f32(0) + at, k.f32(1) + at, k.f32(2) + at, k.out_f32(0) + at, k.out_f32(1) + at,
                  T, C, first, std::min(C, first + kPiece));
      }
    });
  }};
}

Cost cost(const Call& c) {
  const auto n = double(c.shape(0).count());
  return {.flops = 3 * n, .bytes = 20 * n};
}

Sample sample(Shape s) {
  return {{SampleInput(s, -1, 1), s, s}};
}
}  // namespace

extern const Op op_linear_scan_grad;
const Op op_linear_scan_grad = {
    .name = "linear_scan_grad",
    .doc = "gradient of linear_scan from its result",
    .min_inputs = 3,
    .max_inputs = 3,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .not_onnx = kOnnxGradient,
    .samples = {sample({2, 5, 3}), sample({1, 1, 1}), sample({2, 70, 130}), sample({0, 3, 2}),
                sample({2, 0, 3}), sample({2, 3, 0})}};
}  // namespace cambium::op_linear_scan_grad
