// exp: y = e^x.
//   dx = dy * y
#include <cmath>

#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Exp {
  [[gnu::always_inline]] float operator()(float x) const { return simd_exp(x); }

  double operator()(double x) const { return std::exp(x); }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("mul", {dy[0], c.out[0]})};
}
}  // namespace

extern const Op op_exp = {
    .name = "exp",
    .doc = "e^x",
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<Exp>,
    .kernel = unary_kernel<Exp>,
    .range = unary_range<Exp>,
    .cost = pointwise_cost<12>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(),
};
}  // namespace cambium
