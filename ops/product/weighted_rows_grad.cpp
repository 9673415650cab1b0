// weighted_rows_grad(x [R,C], weight [N,K], slot i32 [N,K], dy [N,C]) -> dx [R,C], dweight [N,K]:
//   dx[r] = sum over slot[n,k] = r of weight[n,k] dy[n],  dweight[n,k] = dy[n] . x[slot[n,k]],
// 0 for slot -1. Choices are grouped by slot with a stable counting sort, then each row is summed
// by one thread: the same bits for any number of threads, no atomics.
#include <algorithm>

#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/product/support/rows.h"
#include "ops/support/bf16.h"
#include "ops/support/ids.h"
#include "ops/support/lanes.h"
#include "ops/support/reach.h"
#include "ops/support/scratch.h"

namespace cambium::op_weighted_rows_grad {
namespace {
std::vector<ValueType> shape(const Call& c) {
  check_weighted_rows(c);
  require(c.shape(3) == Shape({c.shape(1)[0], c.shape(0)[1]}), "dy is ", c.shape(3), ", not ",
          Shape{c.shape(1)[0], c.shape(0)[1]});
  return {c.in[0].type(), c.in[1].type()};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t C = c.shape(0)[1], K = c.shape(1)[1];
  check_ids("weighted_rows_grad's slot", in[2].data.data(), in[2].size(), c.shape(0)[0],
            BelowZero::kNone);
  for (int64_t i = 0; i < in[1].size(); ++i)
    for (int64_t j = 0; j < C && in[2][i] >= 0; ++j) {
      const int64_t at = int64_t(in[2][i]) * C + j;
      out[0][at] += in[1][i] * in[3][i / K * C + j];
      out[1][i] += in[0][at] * in[3][i / K * C + j];
    }
}

struct Problem {
  int64_t R, C, K, choices;
  const float *x, *weight;
  const int32_t* slot;
  const float* dy;
  float *dx, *dweight;
  int32_t *begin, *places;  // choices of row r: places[begin[r] .. begin[r + 1])
};

void group_by_slot(const Problem& p) {
  std::fill_n(p.begin, p.R + 1, 0);
  for (int64_t i = 0; i < p.choices; ++i)
    if (p.slot[i] >= 0) ++p.begin[p.slot[i] + 1];
  for (int64_t r = 0; r < p.R; ++r) p.begin[r + 1] += p.begin[r];
  // Placing moves each begin to its end, which is the next one's begin: shift back afterwards.
  for (int64_t i = 0; i < p.choices; ++i)
    if (p.slot[i] >= 0) p.places[p.begin[p.slot[i]]++] = int32_t(i);
  for (int64_t r = p.R; r > 0; --r) p.begin[r] = p.begin[r - 1];
  p.begin[0] = 0;
}

CAMBIUM_SIMD void rows_gradient(const Problem& p, int64_t first, int64_t last) {
  for (int64_t r = first; r < last; ++r) {
    float* to = p.dx + r * p.C;
    std::fill_n(to, p.C, 0.0f);
    for (int32_t k = p.begin[r]; k < p.begin[r + 1]; ++k) {
      const int64_t i = p.places[k];
      const float w = p.weight[i], *from = p.dy + i / p.K * p.C;
      for (int64_t j = 0; j < p.C; ++j) to[j] += w * from[j];
    }
  }
}

CAMBIUM_SIMD void weights_gradient(const Problem& p, int64_t first, int64_t last) {
  const auto add = [](auto& acc, const auto& a, const auto& b) { acc += a * b; };
  for (int64_t i = first; i < last; ++i)
    p.dweight[i] =
        p.slot[i] < 0 ? 0 : lane_sum(p.C, add, p.x + p.slot[i] * p.C, p.dy + i / p.K * p.C);
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t R = c.shape(0)[0], C = c.shape(0)[1], K = c.shape(1)[1];
  const int64_t choices = c.shape(1).count();
  Scratch scratch;
  const int64_t begin = scratch.add((R + 1) * 4), places = scratch.add(choices * 4);
  const auto run = [=](const KernelArgs& args) {
    const Problem p{.R = R,
                    .C = C,
                    .K = K,
                    .choices = choices,
                    .x = args.f32(0),
                    .weight = args.f32(1),
                    .slot = args.i32(2),
                    .dy = args.f32(3),
                    .dx = args.out_f32(0),
                    .dweight = args.out_f32(1),
                    .begin = reinterpret_cast<int32_t*>(args.scratch + begin),
                    .places = reinterpret_cast<int32_t*>(args.scratch + places)};
    check_ids("weighted_rows_grad's slot", p.slot, choices, R, BelowZero::kNone);
    group_by_slot(p);
    const int64_t grain = std::max<int64_t>(1, 32768 / (C + 1));
    parallel_for(R, grain, [&](int64_t first, int64_t last) { rows_gradient(p, first, last); });
    parallel_for(choices, grain,
                 [&](int64_t first, int64_t last) { weights_gradient(p, first, last); });
  };
  return {.run = run, .scratch_bytes = scratch.bytes};
}

Cost cost(const Call& c) {
  const double used = double(c.shape(1).count() * c.shape(0)[1]);
  return {.flops = 4 * used,
          .bytes = 4 * (3 * used + 3 * double(c.shape(1).count()) + double(c.shape(0).count())),
          .products = 4 * used};
}

SampleInput slots(Shape s, double rows) {
  return {DType::kI32, s, -1, rows};
}
}  // namespace

extern const Op op_weighted_rows_grad;
const Op op_weighted_rows_grad = {
    .name = "weighted_rows_grad",
    .doc = "gradient of weighted_rows, summed in a fixed order",
    .min_inputs = 4,
    .max_inputs = 4,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .bf16 = stays_f32,
    .not_onnx = kOnnxGradient,
    .tolerance = 1e-5,  // sums of many terms
    .samples = {{{Shape{9, 5}, Shape{4, 2}, slots({4, 2}, 9), Shape{4, 5}}},
                {{Shape{1, 1}, Shape{1, 1}, slots({1, 1}, 1), Shape{1, 1}}},
                {{Shape{60, 33}, Shape{700, 3}, slots({700, 3}, 60), Shape{700, 33}}},
                {{Shape{0, 4}, Shape{2, 2}, SampleInput(DType::kI32, {2, 2}, -1, 0), Shape{2, 4}}},
                {{Shape{3, 4}, Shape{0, 2}, slots({0, 2}, 3), Shape{0, 4}}}}};
}  // namespace cambium::op_weighted_rows_grad
