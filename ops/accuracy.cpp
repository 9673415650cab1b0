// accuracy: how many scored rows have their largest logit at the target, and how many are scored.
//   logits: [..., V]   target: i32 [...], rows outside [0, V) are not scored   correct, scored: []
// The first of equal logits counts as the largest.
#include "ops/support/cross_entropy.h"
#include "ops/support/pointwise.h"

namespace cambium {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require_targets(c);
  return {{DType::kF32, {}}, {DType::kF32, {}}};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t rows = c.shape(0).rows(), n = c.shape(0).last();
  for (int64_t r = 0; r < rows; ++r) {
    const auto target = int64_t(in[1][r]);
    if (!is_scored(target, n)) continue;
    out[1][0] += 1;
    out[0][0] += first_largest(&in[0].data[size_t(r * n)], n) == target;
  }
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t rows = c.shape(0).rows(), n = c.shape(0).last();
  return {.run =
              [=](const KernelArgs& k) {
                auto* hit = reinterpret_cast<uint8_t*>(k.scratch);
                parallel_for(rows, 8192 / (n + 1) + 1, [&](int64_t begin, int64_t end) {
                  for (int64_t r = begin; r < end; ++r)
                    hit[r] = is_scored(k.i32(1)[r], n) &&
                             first_largest(k.f32(0) + r * n, n) == k.i32(1)[r];
                });
                int64_t correct = 0, scored = 0;
                for (int64_t r = 0; r < rows; ++r) {
                  correct += hit[r];
                  scored += is_scored(k.i32(1)[r], n);
                }
                k.out_f32(0)[0] = float(correct);
                k.out_f32(1)[0] = float(scored);
              },
          .scratch_bytes = rows};
}

Cost cost(const Call& c) {
  Cost cost = operand_cost(c, 0);
  cost.flops = double(c.shape(0).count());
  return cost;
}
}  // namespace

extern const Op op_accuracy = {
    .name = "accuracy",
    .doc = "number of rows whose largest logit is the target, and of scored rows",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .samples = {{{Shape{50, 3}, {DType::kI32, Shape{50}, -1, 3}}},
                {{Shape{2, 300, 5}, {DType::kI32, Shape{2, 300}, 0, 5}}},
                {{Shape{1}, {DType::kI32, Shape{}, 0, 1}}},
                {{Shape{0, 3}, {DType::kI32, Shape{0}, 0, 3}}}},
};
}  // namespace cambium
