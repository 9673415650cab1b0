// silu_grad: dx = dy * s * (1 + x * (1 - s)) with s = sigmoid(x).
//   no gradient of its own
#include <cmath>

#include "ops/support/nan.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct SiluGrad {
  [[gnu::always_inline]] float operator()(float x, float dy) const {
    x = within(x, 104.0f);  // beyond, the slope is 1 or 0
    const float s = simd_sigmoid(x);
    return dy * s * (1 + x * (1 - s));
  }

  double operator()(double x, double dy) const {
    x = within(x, 800.0);
    const double s = 1 / (1 + std::exp(-x));
    return dy * s * (1 + x * (1 - s));
  }
};
}  // namespace

extern const Op op_silu_grad = {
    .name = "silu_grad",
    .doc = "gradient of silu from its input x and dy",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = like_all,
    .reference = binary_reference<SiluGrad>,
    .kernel = twin_kernel<SiluGrad>,
    .range = binary_range<SiluGrad>,
    .cost = pointwise_cost<19>,
    .reach = reach_all,
    .in_place = broadcast_in_place,
    .samples = twin_samples(),
};
}  // namespace cambium
