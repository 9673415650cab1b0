// cross_entropy_grad: from logits, target, lse, scored, dloss and, with group_weights, group to
//   dlogits = w (exp(x - lse) (1 + 2 z lse) - q) * dloss / scored on scored rows, 0 on the others.
#include <cmath>

#include "ops/loss/support/cross_entropy.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_cross_entropy_grad {
namespace {
constexpr int kGroups = 5;

std::vector<ValueType> shape(const Call& c) {
  require_cross_entropy(c);
  require_groups(c, kGroups);
  require(c.shape(2) == c.shape(1), "lse is ", c.shape(2), ", targets ", c.shape(1));
  require(c.shape(3).rank() == 0 && c.shape(4).rank() == 0, "scored and dloss are not scalars");
  return {{DType::kF32, c.shape(0)}};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t rows = c.shape(0).rows(), n = c.shape(0).last();
  const auto& a = c.as<CrossEntropyAttrs>();
  const double smoothing = a.label_smoothing;
  for (int64_t r = 0; r < rows; ++r) {
    const auto target = int64_t(in[1][r]);
    if (!a.counts(target, n)) continue;
    const double w =
        a.weight(target) * (c.has(kGroups) ? a.group_weight(int64_t(in[kGroups][r])) : 1);
    if (w == 0) continue;
    for (int64_t v = 0; v < n; ++v) {
      const double q = (v == target ? 1 - smoothing : 0) + smoothing / double(n);
      const double share = std::exp(in[0][r * n + v] - in[2][r]) * (1 + 2 * a.z_loss * in[2][r]);
      out[0][r * n + v] = w * (share - q) * in[4][0] / in[3][0];
    }
  }
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t rows = c.shape(0).rows();
  const RowLosses losses{c.shape(0).last(), c.as<CrossEntropyAttrs>()};
  const bool grouped = c.has(kGroups);
  return {.run = [=](const KernelArgs& k) {
    const float scored = k.f32(3)[0], factor = scored == 0 ? 0 : k.f32(4)[0] / scored;
    losses.gradient(k.f32(0), k.i32(1), rows, k.f32(2), factor, k.out_f32(),
                    grouped ? k.i32(kGroups) : nullptr);
  }};
}

std::vector<Sample> samples() {
  const SampleInput scored{Shape{}, 2, 3}, dloss{Shape{}};
  return {{{Shape{6, 5}, {DType::kI32, Shape{6}, -1, 5}, {Shape{6}, 1, 3}, scored, dloss}},
          {{Shape{2, 3, 65}, {DType::kI32, Shape{2, 3}, 0, 65}, {Shape{2, 3}, 3, 5}, scored, dloss},
           {{"label_smoothing", 0.1}}},
          {{Shape{4}, {DType::kI32, Shape{}, 0, 4}, {Shape{}, 1, 3}, scored, dloss}},
          {{Shape{7, 3}, {DType::kI32, Shape{7}, -1, 3}, {Shape{7}, 1, 3}, scored, dloss},
           {{"z_loss", 0.01}, {"class_weights", std::vector<double>{0.5, 0, 2}}}},
          {{Shape{7, 3},
            {DType::kI32, Shape{7}, -1, 3},
            {Shape{7}, 1, 3},
            scored,
            dloss,
            {DType::kI32, Shape{7}, 0, 3}},
           {{"group_weights", std::vector<double>{1, 0, 3}}}},
          {{Shape{0, 3}, {DType::kI32, Shape{0}, 0, 3}, Shape{0}, scored, dloss}}};
}
}  // namespace

extern const Op op_cross_entropy_grad = {
    .name = "cross_entropy_grad",
    .doc = "gradient of cross_entropy from logits, target, lse, scored and dloss",
    .min_inputs = 5,
    .max_inputs = 6,
    .attrs = fields_of<CrossEntropyAttrs>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<15>,
    .reach = reach_all,
    .in_place = first_in_place,
    .not_onnx = kOnnxLoss,
    .samples = samples(),
};
}  // namespace cambium::op_cross_entropy_grad
