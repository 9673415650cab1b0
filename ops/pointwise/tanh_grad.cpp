// tanh_grad: dx = dy * (1 - y^2); y is the result of tanh.
//   no gradient of its own
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct TanhGrad {
  template <class T> [[gnu::always_inline]] T operator()(T y, T dy) const {
    return dy * (1 - y * y);
  }
};
}  // namespace

extern const Op op_tanh_grad = {
    .name = "tanh_grad",
    .doc = "gradient of tanh from its result y and dy",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = like_all,
    .reference = binary_reference<TanhGrad>,
    .kernel = twin_kernel<TanhGrad>,
    .range = binary_range<TanhGrad>,
    .cost = pointwise_cost<3>,
    .reach = reach_all,
    .in_place = broadcast_in_place,
    .samples = twin_samples(),
};
}  // namespace cambium
