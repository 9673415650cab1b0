// hard_sigmoid_grad: dx = dy / 6 where |x| < 3, else 0.
#include "ops/support/nan.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct HardSigmoidGrad {
  template <class T> [[gnu::always_inline]] T operator()(T x, T dy) const {
    return unless_nan(x, ((x > -3) & (x < 3)) ? dy * T(1.0 / 6) : T(0));
  }
};
}  // namespace

extern const Op op_hard_sigmoid_grad = {
    .name = "hard_sigmoid_grad",
    .doc = "gradient of hard_sigmoid from its input x and dy",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = like_all,
    .reference = binary_reference<HardSigmoidGrad>,
    .kernel = twin_kernel<HardSigmoidGrad>,
    .range = binary_range<HardSigmoidGrad>,
    .cost = pointwise_cost<3>,
    .reach = reach_all,
    .in_place = broadcast_in_place,
    .samples = twin_samples(),
};
}  // namespace cambium
