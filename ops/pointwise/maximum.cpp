// maximum: y = max(a, b) with NumPy broadcasting, NaN when either is.
//   da = dy where a > b and dy / 2 where a = b, db = the rest of dy: PyTorch's convention
#include "ops/support/nan.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Maximum {
  template <class T> [[gnu::always_inline]] T operator()(T a, T b) const { return larger(a, b); }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  Graph& g = *dy[0].graph;
  const Value da = g.emit("maximum_grad", {g.emit("sub", {c.in[0], c.in[1]}), dy[0]});
  return {unbroadcast(da, c.shape(0)), unbroadcast(g.emit("sub", {dy[0], da}), c.shape(1))};
}
}  // namespace

extern const Op op_maximum = {
    .name = "maximum",
    .doc = "larger of two tensors, broadcasting; equals share the gradient",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = broadcast_shape,
    .vjp = vjp,
    .reference = binary_reference<Maximum>,
    .kernel = binary_kernel<Maximum>,
    .range = binary_range<Maximum>,
    .cost = pointwise_cost<1>,
    .reach = reach_pointwise,
    .in_place = broadcast_in_place,
    .samples = binary_samples(),
};
}  // namespace cambium
