// mish_grad: dx = dy (t + x (1 - t^2) w / (1 + w)) with w = e^x, n = w (w + 2), t = n / (n + 2) and
// so 1 - t^2 = 4 (n + 1) / (n + 2)^2.
#include <cmath>

#include "ops/support/nan.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct MishGrad {
  [[gnu::always_inline]] float operator()(float x, float dy) const {
    x = within(x > 20 ? 20.0f : x, 104.0f);  // beyond, the slope is 1 or 0
    const float w = simd_exp(x), n = w * (w + 2), below = 1 / (n + 2);
    const float slope = 4 * (w + 1) * w * below * below;  // (1 - t^2) sigmoid: n + 1 = (w + 1)^2
    return dy * (n * below + x * slope);
  }

  double operator()(double x, double dy) const {
    x = within(x, 800.0);
    const double t = std::tanh(std::log1p(std::exp(x)));
    return dy * (t + x * (1 - t * t) / (1 + std::exp(-x)));
  }
};
}  // namespace

extern const Op op_mish_grad = {
    .name = "mish_grad",
    .doc = "gradient of mish from its input x and dy",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = like_all,
    .reference = binary_reference<MishGrad>,
    .kernel = twin_kernel<MishGrad>,
    .range = binary_range<MishGrad>,
    .cost = pointwise_cost<27>,
    .reach = reach_all,
    .in_place = broadcast_in_place,
    .samples = twin_samples(),
};
}  // namespace cambium
