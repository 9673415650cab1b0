// weighted_rows(x [R,C], weight [N,K], slot i32 [N,K]) -> y [N,C]:
//   y[n] = sum over k with slot[n,k] >= 0 of weight[n,k] x[slot[n,k]].
// How a mixture of experts brings its results back to the tokens; slot -1 is a dropped choice.
// Gradients: weighted_rows_grad. RuntimeError for a slot of R or more.
#include <algorithm>

#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/message/support/edge_reach.h"
#include "ops/product/support/rows.h"
#include "ops/support/bf16.h"
#include "ops/support/ids.h"
#include "ops/support/onnx/rules.h"

namespace cambium::op_weighted_rows {
namespace {
std::vector<ValueType> shape(const Call& c) {
  check_weighted_rows(c);
  return {{DType::kF32, {c.shape(1)[0], c.shape(0)[1]}}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const Value dx = dy[0].graph->emit("weighted_rows_grad", {c.in[0], c.in[1], c.in[2], dy[0]});
  return {dx, dx.nth(1), Value{}};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t C = c.shape(0)[1], K = c.shape(1)[1];
  check_ids("weighted_rows's slot", in[2].data.data(), in[2].size(), c.shape(0)[0],
            BelowZero::kNone);
  for (int64_t i = 0; i < in[1].size(); ++i)
    for (int64_t j = 0; j < C && in[2][i] >= 0; ++j)
      out[0][i / K * C + j] += in[1][i] * in[0][int64_t(in[2][i]) * C + j];
}

CAMBIUM_SIMD void sum_rows(const float* x, const float* weight, const int32_t* slot, float* y,
                           int64_t first, int64_t last, int64_t K, int64_t C) {
  for (int64_t n = first; n < last; ++n) {
    float* to = y + n * C;
    std::fill_n(to, C, 0.0f);
    for (int64_t i = n * K; i < (n + 1) * K; ++i) {
      if (slot[i] < 0) continue;
      const float w = weight[i], *from = x + slot[i] * C;
      for (int64_t j = 0; j < C; ++j) to[j] += w * from[j];
    }
  }
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t R = c.shape(0)[0], C = c.shape(0)[1], N = c.shape(1)[0], K = c.shape(1)[1];
  return {.run = [=](const KernelArgs& args) {
    check_ids("weighted_rows's slot", args.i32(2), N * K, R, BelowZero::kNone);
    parallel_for(N, std::max<int64_t>(1, 32768 / (K * C + 1)), [&](int64_t first, int64_t last) {
      sum_rows(args.f32(0), args.f32(1), args.i32(2), args.out_f32(), first, last, K, C);
    });
  }};
}

Cost cost(const Call& c) {
  const double used = double(c.shape(1).count() * c.shape(0)[1]);
  return {.flops = 2 * used,
          .bytes = 4 * (used + 2 * double(c.shape(1).count()) + double(c.out_shape().count())),
          .products = 2 * used};
}

SampleInput slots(Shape s, double rows) {
  return {DType::kI32, s, -1, rows};
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  if (out[0].shape.count() == 0) return;
  const int64_t K = c.shape(1)[1];
  const Reach x = without_channels(in[0]);
  Reach rows = joined(without_channels(in[1]), without_channels(in[2]), {c.shape(1)[0]});
  if (in[2].known && x.shape[0] > 0) {
    const std::vector<double>& slots = in[2].known->data;
    const Reach chosen = along(x, 0, rows.shape[0], [&](int64_t n, const Hear& hear) {
      for (int64_t i = n * K; i < (n + 1) * K; ++i)
        hear(int64_t(slots[size_t(i)]), int64_t(slots[size_t(i)]) + 1);
    });
    rows = joined(rows, chosen, rows.shape);
  } else {
    join_whole(rows, whole(x));
  }
  out[0] = with_channels(rows, out[0].shape);
}
}  // namespace

extern const Op op_weighted_rows;
const Op op_weighted_rows = {
    .name = "weighted_rows",
    .doc = "weighted sums of chosen rows",
    .min_inputs = 3,
    .max_inputs = 3,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .bf16 = stays_f32,
    .onnx = onnx_weighted_rows,
    .samples = {{{Shape{9, 5}, Shape{4, 2}, slots({4, 2}, 9)}},
                {{Shape{1, 1}, Shape{1, 1}, slots({1, 1}, 1)}},
                {{Shape{60, 33}, Shape{700, 3}, slots({700, 3}, 60)}},
                {{Shape{3, 4}, Shape{2, 2}, SampleInput(DType::kI32, {2, 2}, -1, 0)}},
                {{Shape{0, 4}, Shape{2, 2}, SampleInput(DType::kI32, {2, 2}, -1, 0)}},
                {{Shape{3, 4}, Shape{0, 2}, slots({0, 2}, 3)}}}};
}  // namespace cambium::op_weighted_rows
