// tanh: y = tanh(x).
//   dx = dy * (1 - y^2)
#include <cmath>

#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Tanh {
  [[gnu::always_inline]] float operator()(float x) const { return simd_tanh(x); }

  double operator()(double x) const { return std::tanh(x); }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("tanh_grad", {c.out[0], dy[0]})};
}
}  // namespace

extern const Op op_tanh = {
    .name = "tanh",
    .doc = "hyperbolic tangent",
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<Tanh>,
    .kernel = unary_kernel<Tanh>,
    .range = unary_range<Tanh>,
    .cost = pointwise_cost<16>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(),
};
}  // namespace cambium
