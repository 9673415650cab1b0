// sqrt: y = square root of x; NaN below 0.
//   dx = dy / (2 y)
#include <cmath>

#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Sqrt {
  [[gnu::always_inline]] float operator()(float x) const { return __builtin_sqrtf(x); }

  double operator()(double x) const { return std::sqrt(x); }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  Graph& g = *dy[0].graph;
  return {g.emit("div", {g.emit("scale", {dy[0]}, {{"a", 0.5}}), c.out[0]})};
}
}  // namespace

extern const Op op_sqrt = {
    .name = "sqrt",
    .doc = "square root",
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<Sqrt>,
    .kernel = unary_kernel<Sqrt>,
    .range = unary_range<Sqrt>,
    .cost = pointwise_cost<1>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(0.3, 5),
};
}  // namespace cambium
