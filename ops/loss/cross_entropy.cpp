// cross_entropy: the mean over scored rows of lse(x) - sum_v q_v x_v + z lse(x)^2, where lse is
// log(sum(exp(x))) and q is 1 at the target (with label smoothing s: 1 - s there plus s / V
// everywhere). A row counts by the class weight of its target times the weight of its group: w.
//   logits: [..., V]   target: i32 [...], rows outside [0, V) are not scored
//   group (with group_weights alone): i32 [...]
//   loss: [], 0 when no row is scored   lse: [...]   scored: [], the sum of w over scored rows
//   dlogits = w (softmax(x) (1 + 2 z lse) - q) / scored * dloss
// z keeps the logits near 0: Chowdhery et al. 2022, arXiv 2204.02311.
#include "ops/loss/support/cross_entropy.h"

#include <cmath>

#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_cross_entropy {
namespace {
constexpr int kGroups = 2;

std::vector<ValueType> shape(const Call& c) {
  require_cross_entropy(c);
  require_groups(c, kGroups);
  return {{DType::kF32, {}}, {DType::kF32, c.shape(1)}, {DType::kF32, {}}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  std::vector<Value> in = {c.in[0], c.in[1], c.out[1], c.out[2], dy[0]}, out;
  if (c.has(kGroups)) in.push_back(c.in[kGroups]);
  out = {dy[0].graph->emit("cross_entropy_grad", in, c.attrs), Value{}};
  if (c.has(kGroups)) out.push_back(Value{});
  return out;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t rows = c.shape(0).rows(), n = c.shape(0).last();
  const auto& a = c.as<CrossEntropyAttrs>();
  for (int64_t r = 0; r < rows; ++r) {
    double top = -HUGE_VAL, total = 0, sum = 0;
    for (int64_t v = 0; v < n; ++v) top = std::max(top, in[0][r * n + v]);
    for (int64_t v = 0; v < n; ++v) {
      total += std::exp(in[0][r * n + v] - top);
      sum += in[0][r * n + v];
    }
    out[1][r] = top + std::log(total);
    const auto target = int64_t(in[1][r]);
    if (!a.counts(target, n)) continue;
    const double w =
        a.weight(target) * (c.has(kGroups) ? a.group_weight(int64_t(in[kGroups][r])) : 1);
    if (w == 0) continue;
    out[2][0] += w;
    out[0][0] += w * a.of_row(out[1][r], in[0][r * n + target], sum, n);
  }
  if (out[2][0] > 0) out[0][0] /= out[2][0];
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t rows = c.shape(0).rows();
  const RowLosses losses{c.shape(0).last(), c.as<CrossEntropyAttrs>()};
  const bool grouped = c.has(kGroups);
  return {.run =
              [=](const KernelArgs& k) {
                auto* sum = reinterpret_cast<float*>(k.scratch);
                const int32_t* group = grouped ? k.i32(kGroups) : nullptr;
                const double scored = losses.weight(k.i32(1), rows, group);
                const double loss = losses.loss(k.f32(0), k.i32(1), rows, k.out_f32(1), sum, group);
                k.out_f32(0)[0] = float(scored > 0 ? loss / scored : 0);
                k.out_f32(2)[0] = float(scored);
              },
          .scratch_bytes = rows * int64_t(sizeof(float))};
}

Cost cost(const Call& c) {
  Cost cost = operand_cost(c, 0);
  cost.flops = 14.0 * double(c.shape(0).count());
  return cost;
}
}  // namespace

extern const Op op_cross_entropy = {
    .name = "cross_entropy",
    .doc = "mean negative log-likelihood of the targets under softmax of the logits",
    .min_inputs = 2,
    .max_inputs = 3,
    .attrs = fields_of<CrossEntropyAttrs>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_rows,
    .not_onnx = kOnnxLoss,
    .samples = {{{Shape{6, 5}, {DType::kI32, Shape{6}, -1, 5}}},
                {{Shape{2, 3, 65}, {DType::kI32, Shape{2, 3}, 0, 65}}, {{"label_smoothing", 0.1}}},
                {{{Shape{40, 1030}, -30, 30}, {DType::kI32, Shape{40}, -1, 1030}}},
                {{Shape{4}, {DType::kI32, Shape{}, 0, 4}}},
                {{Shape{7, 3}, {DType::kI32, Shape{7}, -1, 3}},
                 {{"z_loss", 0.01}, {"class_weights", std::vector<double>{0.5, 0, 2}}}},
                {{Shape{7, 3}, {DType::kI32, Shape{7}, -1, 3}, {DType::kI32, Shape{7}, 0, 3}},
                 {{"class_weights", std::vector<double>{0.5, 0, 2}},
                  {"group_weights", std::vector<double>{1, 0, 3}}}},
                {{Shape{3, 4}, {DType::kI32, Shape{3}, -1, 0}}},
                {{Shape{0, 3}, {DType::kI32, Shape{0}, 0, 3}}}},
};
}  // namespace cambium::op_cross_entropy
