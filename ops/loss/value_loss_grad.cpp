// value_loss_grad: from prediction, target, scored, dloss to
//   dprediction = f'(prediction - target) * dloss / scored where the target is a number, else 0.
#include "ops/loss/support/value_loss.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_value_loss_grad {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require_values(c);
  require(c.shape(2).rank() == 0 && c.shape(3).rank() == 0, "scored and dloss are not scalars");
  return {{DType::kF32, c.shape(0)}};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<ValueLossAttrs>();
  const ErrorKind kind = error_kind(a);
  for (int64_t i = 0; i < in[0].size(); ++i)
    if (!std::isnan(in[1][i]))
      out[0][i] = slope_of_error(kind, a.delta, in[0][i] - in[1][i]) * in[3][0] / in[2][0];
}

Kernel kernel(const Call& c, Engine&) {
  const auto& a = c.as<ValueLossAttrs>();
  const ErrorKind kind = error_kind(a);
  const auto delta = float(a.delta);
  const int64_t n = c.shape(0).count();
  return {.run = [=](const KernelArgs& k) {
    const float *x = k.f32(0), *target = k.f32(1), scored = k.f32(2)[0];
    const float factor = scored == 0 ? 0 : k.f32(3)[0] / scored;
    float* dx = k.out_f32();
    parallel_for(n, kPointwiseGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        dx[i] = std::isnan(target[i]) ? 0 : factor * slope_of_error(kind, delta, x[i] - target[i]);
    });
  }};
}
}  // namespace

extern const Op op_value_loss_grad = {
    .name = "value_loss_grad",
    .doc = "gradient of value_loss from prediction, target, scored and dloss",
    .min_inputs = 4,
    .max_inputs = 4,
    .attrs = fields_of<ValueLossAttrs>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<4>,
    .reach = reach_all,
    .in_place = first_in_place,
    .not_onnx = kOnnxLoss,
    .samples = {{{Shape{6, 5}, Shape{6, 5}, {Shape{}, 2, 3}, Shape{}}},
                {{Shape{3, 401}, Shape{3, 401}, {Shape{}, 2, 3}, Shape{}}, {{"kind", "mae"}}},
                {{Shape{7, 3}, Shape{7, 3}, {Shape{}, 2, 3}, Shape{}},
                 {{"kind", "huber"}, {"delta", 0.7}}},
                {{Shape{0, 3}, Shape{0, 3}, {Shape{}, 2, 3}, Shape{}}}},
};
}  // namespace cambium::op_value_loss_grad
