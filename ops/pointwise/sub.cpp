// sub: y = a - b with NumPy broadcasting.
//   da = dy, db = -dy, summed over broadcast axes
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Sub {
  template <class T> [[gnu::always_inline]] T operator()(T a, T b) const { return a - b; }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {unbroadcast(dy[0], c.shape(0)),
          unbroadcast(dy[0].graph->emit("neg", {dy[0]}), c.shape(1))};
}
}  // namespace

extern const Op op_sub = {
    .name = "sub",
    .doc = "difference of two tensors, broadcasting",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = broadcast_shape,
    .vjp = vjp,
    .reference = binary_reference<Sub>,
    .kernel = binary_kernel<Sub>,
    .range = binary_range<Sub>,
    .cost = pointwise_cost<1>,
    .reach = reach_pointwise,
    .in_place = broadcast_in_place,
    .samples = binary_samples(),
};
}  // namespace cambium
