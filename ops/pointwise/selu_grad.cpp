// selu_grad: dx = s dy above x = 0, s a e^x dy below; s and a are selu's constants.
#include <cmath>

#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
constexpr double kScale = 1.0507009873554804934, kAlpha = 1.6732632423543772848;

struct SeluGrad {
  [[gnu::always_inline]] float operator()(float x, float dy) const {
    return dy * (x > 0 ? float(kScale) : float(kScale * kAlpha) * simd_exp(x));
  }

  double operator()(double x, double dy) const {
    return kScale * dy * (x > 0 ? 1 : kAlpha * std::exp(x));
  }
};
}  // namespace

extern const Op op_selu_grad = {
    .name = "selu_grad",
    .doc = "gradient of selu from its input x and dy",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = like_all,
    .reference = binary_reference<SeluGrad>,
    .kernel = twin_kernel<SeluGrad>,
    .range = binary_range<SeluGrad>,
    .cost = pointwise_cost<15>,
    .reach = reach_all,
    .in_place = broadcast_in_place,
    .samples = twin_samples(),
};
}  // namespace cambium
