// value_loss: the mean over scored values of a function of e = prediction - target:
//   mse e^2   mae |e|   huber e^2 / 2 up to |e| = delta, delta (|e| - delta / 2) beyond
//   prediction, target: [...]; a target that is NaN is not scored
//   loss: [], 0 when nothing is scored   scored: []
//   dprediction = f'(e) / scored * dloss, dtarget = -dprediction
// Huber 1964, Robust estimation of a location parameter.
#include "ops/loss/support/value_loss.h"

#include "ops/support/pointwise.h"
#include "ops/support/reach.h"
#include "ops/support/reduce.h"

namespace cambium::op_value_loss {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require_values(c);
  return {{DType::kF32, {}}, {DType::kF32, {}}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  Graph& g = *dy[0].graph;
  const Value d = g.emit("value_loss_grad", {c.in[0], c.in[1], c.out[1], dy[0]}, c.attrs);
  return {d, g.emit("neg", {d})};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<ValueLossAttrs>();
  const ErrorKind kind = error_kind(a);
  for (int64_t i = 0; i < in[0].size(); ++i) {
    if (std::isnan(in[1][i])) continue;
    out[0][0] += loss_of_error(kind, a.delta, in[0][i] - in[1][i]);
    out[1][0] += 1;
  }
  if (out[1][0] > 0) out[0][0] /= out[1][0];
}

struct Sums {
  double loss = 0, scored = 0;
};

Sums sums_of(const float* x, const float* target, int64_t n, ErrorKind kind, double delta) {
  Sums s;
  for (int64_t i = 0; i < n; ++i) {
    if (std::isnan(target[i])) continue;
    s.loss += loss_of_error(kind, delta, double(x[i]) - double(target[i]));
    s.scored += 1;
  }
  return s;
}

// Sums of blocks of a fixed size, added in their order.
Kernel kernel(const Call& c, Engine&) {
  const int64_t n = c.shape(0).count(), blocks = (n + kFoldElements - 1) / kFoldElements;
  const auto& a = c.as<ValueLossAttrs>();
  const ErrorKind kind = error_kind(a);
  const double delta = a.delta;
  return {.run =
              [=](const KernelArgs& k) {
                auto* partial = reinterpret_cast<Sums*>(k.scratch);
                parallel_for(blocks, 4, [&](int64_t begin, int64_t end) {
                  for (int64_t b = begin; b < end; ++b) {
                    const int64_t at = b * kFoldElements;
                    partial[b] = sums_of(k.f32(0) + at, k.f32(1) + at,
                                         std::min(kFoldElements, n - at), kind, delta);
                  }
                });
                Sums total;
                for (int64_t b = 0; b < blocks; ++b) {
                  total.loss += partial[b].loss;
                  total.scored += partial[b].scored;
                }
                k.out_f32(0)[0] = float(total.scored > 0 ? total.loss / total.scored : 0);
                k.out_f32(1)[0] = float(total.scored);
              },
          .scratch_bytes = blocks * int64_t(sizeof(Sums))};
}

Cost cost(const Call& c) {
  Cost cost = operand_cost(c, 0);
  cost.flops = 4.0 * double(c.shape(0).count());
  return cost;
}
}  // namespace

extern const Op op_value_loss = {
    .name = "value_loss",
    .doc = "mean squared, absolute or Huber error of predictions against targets",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<ValueLossAttrs>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .not_onnx = kOnnxLoss,
    .samples = {{{Shape{6, 5}, Shape{6, 5}}},
                {{Shape{3, 4001}, Shape{3, 4001}}, {{"kind", "mae"}}},
                {{Shape{7, 3}, Shape{7, 3}}, {{"kind", "huber"}, {"delta", 0.7}}},
                {{Shape{}, Shape{}}, {{"kind", "huber"}}},
                {{Shape{0, 3}, Shape{0, 3}}}},
};
}  // namespace cambium::op_value_loss
