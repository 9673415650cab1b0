// accuracy: how many scored rows have their largest logit at the target, and how many are scored.
//   logits: [..., V]   target: i32 [...], rows outside [0, V) are not scored   correct, scored: []
// The first of equal logits counts as the largest; a row with a NaN is right for no target.
#include "ops/loss/support/cross_entropy.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_accuracy {
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
                k.out_f32(0)[0] = float(count_correct(k.f32(0), k.i32(1), rows, n, hit));
                k.out_f32(1)[0] = float(std::count_if(k.i32(1), k.i32(1) + rows,
                                                      [=](int32_t v) { return is_scored(v, n); }));
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
    .reach = reach_all,
    .not_onnx = kOnnxLoss,
    .samples = {{{Shape{50, 3}, {DType::kI32, Shape{50}, -1, 3}}},
                {{Shape{2, 300, 5}, {DType::kI32, Shape{2, 300}, 0, 5}}},
                {{Shape{1}, {DType::kI32, Shape{}, 0, 1}}},
                {{Shape{0, 3}, {DType::kI32, Shape{0}, 0, 3}}}},
};
}  // namespace cambium::op_accuracy
