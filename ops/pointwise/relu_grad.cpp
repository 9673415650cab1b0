// relu_grad: dx = dy where y > 0, else 0; y is relu's result.
#include "ops/support/nan.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct ReluGrad {
  template <class T> [[gnu::always_inline]] T operator()(T y, T dy) const {
    return unless_nan(y, y > 0 ? dy : T(0));
  }
};
}  // namespace

extern const Op op_relu_grad = {
    .name = "relu_grad",
    .doc = "gradient of relu from its result y and dy",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = like_all,
    .reference = binary_reference<ReluGrad>,
    .kernel = twin_kernel<ReluGrad>,
    .range = binary_range<ReluGrad>,
    .cost = pointwise_cost<1>,
    .reach = reach_all,
    .in_place = broadcast_in_place,
    .samples = twin_samples(),
};
}  // namespace cambium
