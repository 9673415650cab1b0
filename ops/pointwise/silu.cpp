// silu: y = x * sigmoid(x). Elfwing et al. 2017, arXiv 1702.03118.
//   dx = dy * s * (1 + x * (1 - s)), s = sigmoid(x)
#include <cmath>

#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Silu {
  [[gnu::always_inline]] float operator()(float x) const { return x * simd_sigmoid(x); }

  double operator()(double x) const { return x / (1 + std::exp(-x)); }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("silu_grad", {c.in[0], dy[0]})};
}
}  // namespace

extern const Op op_silu = {
    .name = "silu",
    .doc = "x * sigmoid(x)",
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<Silu>,
    .kernel = unary_kernel<Silu>,
    .range = unary_range<Silu>,
    .cost = pointwise_cost<15>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(),
};
}  // namespace cambium
