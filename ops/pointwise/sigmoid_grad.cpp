// sigmoid_grad: dx = dy * y * (1 - y); y is the result of sigmoid.
//   no gradient of its own
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct SigmoidGrad {
  template <class T> [[gnu::always_inline]] T operator()(T y, T dy) const {
    return dy * y * (1 - y);
  }
};
}  // namespace

extern const Op op_sigmoid_grad = {
    .name = "sigmoid_grad",
    .doc = "gradient of sigmoid from its result y and dy",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = like_all,
    .reference = binary_reference<SigmoidGrad>,
    .kernel = twin_kernel<SigmoidGrad>,
    .range = binary_range<SigmoidGrad>,
    .cost = pointwise_cost<3>,
    .reach = reach_all,
    .in_place = broadcast_in_place,
    .samples = twin_samples(),
};
}  // namespace cambium
