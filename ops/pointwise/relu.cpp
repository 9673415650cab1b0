// relu: y = max(x, 0). NaN stays NaN.
//   dx = dy where y > 0, else 0
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Relu {
  template <class T> [[gnu::always_inline]] T operator()(T x) const { return x < 0 ? T(0) : x; }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("relu_grad", {c.out[0], dy[0]})};
}
}  // namespace

extern const Op op_relu = {
    .name = "relu",
    .doc = "max(x, 0)",
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<Relu>,
    .kernel = unary_kernel<Relu>,
    .range = unary_range<Relu>,
    .cost = pointwise_cost<1>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(),
};
}  // namespace cambium
