// div: y = a / b with NumPy broadcasting.
//   da = dy / b, db = -da * y, summed over broadcast axes
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Div {
  template <class T> [[gnu::always_inline]] T operator()(T a, T b) const { return a / b; }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  Graph& g = *dy[0].graph;
  const Value da = g.emit("div", {dy[0], c.in[1]});
  return {unbroadcast(da, c.shape(0)),
          unbroadcast(g.emit("neg", {g.emit("mul", {da, c.out[0]})}), c.shape(1))};
}
}  // namespace

extern const Op op_div = {
    .name = "div",
    .doc = "quotient of two tensors, broadcasting",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = broadcast_shape,
    .vjp = vjp,
    .reference = binary_reference<Div>,
    .kernel = binary_kernel<Div>,
    .range = binary_range<Div>,
    .cost = pointwise_cost<1>,
    .reach = reach_pointwise,
    .in_place = broadcast_in_place,
    .samples = binary_samples(0.5, 2),
};
}  // namespace cambium
