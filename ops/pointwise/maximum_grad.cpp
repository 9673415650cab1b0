// maximum_grad: from d = a - b and dy the gradient of maximum(a, b) with respect to a.
//   da = dy where d > 0, dy / 2 where d = 0, else 0; NaN where d is NaN.
#include "ops/support/nan.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct MaximumGrad {
  template <class T> [[gnu::always_inline]] T operator()(T d, T dy) const {
    const T below = d < 0 ? T(0) : dy * T(0.5);
    return unless_nan(d, d > 0 ? dy : below);
  }
};
}  // namespace

extern const Op op_maximum_grad = {
    .name = "maximum_grad",
    .doc = "gradient of maximum from a - b and dy",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = like_all,
    .reference = binary_reference<MaximumGrad>,
    .kernel = twin_kernel<MaximumGrad>,
    .range = binary_range<MaximumGrad>,
    .cost = pointwise_cost<2>,
    .reach = reach_all,
    .in_place = broadcast_in_place,
    .samples = twin_samples(),
};
}  // namespace cambium
