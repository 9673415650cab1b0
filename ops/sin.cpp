// sin: y = sin(x), x in radians. dx = dy * cos(x)
#include <cmath>

#include "ops/support/pointwise.h"
#include "ops/support/reach.h"
#include "ops/support/simd_trig.h"

namespace cambium {
namespace {
struct Sin {
  [[gnu::always_inline]] float operator()(float x) const { return simd_sin(x); }

  double operator()(double x) const { return std::sin(x); }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  Graph& g = *dy[0].graph;
  return {g.emit("mul", {dy[0], g.emit("cos", {c.in[0]})})};
}
}  // namespace

extern const Op op_sin = {
    .name = "sin",
    .doc = "sine of an angle in radians",
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<Sin>,
    .kernel = unary_kernel<Sin>,
    .range = unary_range<Sin>,
    .cost = pointwise_cost<20>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(-30, 30),
};
}  // namespace cambium
