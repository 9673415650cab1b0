// class_counts: what a mean of accuracies over classes is made of.
//   logits: [..., V]   target: i32 [...], rows outside [0, V) are not scored   counts: [3, V]
//   counts[0, v]: scored rows with target v whose largest logit is v; counts[1, v]: with target v;
//   counts[2, v]: with v as largest logit. The first of equal logits counts as the largest; a
//   row with a NaN has none. Exact up to 2^24 rows. No gradient.
#include "ops/loss/support/cross_entropy.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_class_counts {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require_targets(c);
  return {{DType::kF32, {3, c.shape(0).last()}}};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t rows = c.shape(0).rows(), n = c.shape(0).last();
  for (int64_t r = 0; r < rows; ++r) {
    const auto target = int64_t(in[1][r]);
    if (!is_scored(target, n)) continue;
    const int64_t answer = first_largest(&in[0].data[size_t(r * n)], n);
    out[0][target] += answer == target;
    out[0][n + target] += 1;
    if (answer >= 0) out[0][2 * n + answer] += 1;
  }
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t rows = c.shape(0).rows(), n = c.shape(0).last();
  return {.run =
              [=](const KernelArgs& k) {
                const float* x = k.f32(0);
                const int32_t* target = k.i32(1);
                auto* answer = reinterpret_cast<int32_t*>(k.scratch);
                parallel_for(rows, 8192 / (n + 1) + 1, [&](int64_t begin, int64_t end) {
                  for (int64_t r = begin; r < end; ++r)
                    if (is_scored(target[r], n)) answer[r] = int32_t(first_largest(x + r * n, n));
                });
                float* counts = k.out_f32();
                std::fill_n(counts, 3 * n, 0.0f);
                for (int64_t r = 0; r < rows; ++r) {
                  if (!is_scored(target[r], n)) continue;
                  counts[target[r]] += answer[r] == target[r] ? 1 : 0;
                  counts[n + target[r]] += 1;
                  if (answer[r] >= 0) counts[2 * n + answer[r]] += 1;
                }
              },
          .scratch_bytes = rows * int64_t(sizeof(int32_t))};
}

Cost cost(const Call& c) {
  Cost cost = operand_cost(c, 0);
  cost.flops = double(c.shape(0).count());
  return cost;
}
}  // namespace

extern const Op op_class_counts = {
    .name = "class_counts",
    .doc = "by class: right answers, targets and answers among the scored rows",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .not_onnx = kOnnxLoss,
    .samples = {{{Shape{50, 3}, {DType::kI32, Shape{50}, -1, 3}}},
                {{Shape{2, 30, 5}, {DType::kI32, Shape{2, 30}, 0, 7}}},
                {{Shape{1}, {DType::kI32, Shape{}, 0, 1}}},
                {{Shape{0, 3}, {DType::kI32, Shape{0}, 0, 3}}}},
};
}  // namespace cambium::op_class_counts
