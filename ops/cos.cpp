// cos: y = cos(x), x in radians. dx = -dy * sin(x)
#include <cmath>

#include "ops/support/pointwise.h"
#include "ops/support/reach.h"
#include "ops/support/simd_trig.h"

namespace cambium {
namespace {
struct Cos {
  [[gnu::always_inline]] float operator()(float x) const { return simd_cos(x); }

  double operator()(double x) const { return std::cos(x); }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  Graph& g = *dy[0].graph;
  return {g.emit("neg", {g.emit("mul", {dy[0], g.emit("sin", {c.in[0]})})})};
}
}  // namespace

extern const Op op_cos = {
    .name = "cos",
    .doc = "cosine of an angle in radians",
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<Cos>,
    .kernel = unary_kernel<Cos>,
    .range = unary_range<Cos>,
    .cost = pointwise_cost<20>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(-30, 30),
};
}  // namespace cambium
