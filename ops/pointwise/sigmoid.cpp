// sigmoid: y = 1 / (1 + e^-x).
//   dx = dy * y * (1 - y)
#include <cmath>

#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Sigmoid {
  [[gnu::always_inline]] float operator()(float x) const { return simd_sigmoid(x); }

  double operator()(double x) const { return 1 / (1 + std::exp(-x)); }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("sigmoid_grad", {c.out[0], dy[0]})};
}
}  // namespace

extern const Op op_sigmoid = {
    .name = "sigmoid",
    .doc = "logistic function",
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<Sigmoid>,
    .kernel = unary_kernel<Sigmoid>,
    .range = unary_range<Sigmoid>,
    .cost = pointwise_cost<14>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(),
};
}  // namespace cambium
