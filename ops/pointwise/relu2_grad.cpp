// relu2_grad: dx = 2 dy max(x, 0); x is relu2's input.
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Relu2Grad {
  template <class T> [[gnu::always_inline]] T operator()(T x, T dy) const {
    return x < 0 ? T(0) : 2 * x * dy;  // NaN stays NaN
  }
};
}  // namespace

extern const Op op_relu2_grad = {
    .name = "relu2_grad",
    .doc = "gradient of relu2 from its input x and dy",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = like_all,
    .reference = binary_reference<Relu2Grad>,
    .kernel = twin_kernel<Relu2Grad>,
    .range = binary_range<Relu2Grad>,
    .cost = pointwise_cost<2>,
    .reach = reach_all,
    .in_place = broadcast_in_place,
    .samples = twin_samples(),
};
}  // namespace cambium
