// hardswish_grad: dx = 0 below x = -3, dy above 3, dy (x / 3 + 1/2) between.
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct HardswishGrad {
  template <class T> [[gnu::always_inline]] T operator()(T x, T dy) const {
    T slope = x * T(1.0 / 3) + T(0.5);
    slope = x <= -3 ? T(0) : slope;
    slope = x >= 3 ? T(1) : slope;
    return dy * slope;
  }
};
}  // namespace

extern const Op op_hardswish_grad = {
    .name = "hardswish_grad",
    .doc = "gradient of hardswish from its input x and dy",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = like_all,
    .reference = binary_reference<HardswishGrad>,
    .kernel = twin_kernel<HardswishGrad>,
    .range = binary_range<HardswishGrad>,
    .cost = pointwise_cost<5>,
    .reach = reach_all,
    .in_place = broadcast_in_place,
    .samples = twin_samples(),
};
}  // namespace cambium
