// softplus: y = log(1 + e^x), written as max(x, 0) + log(1 + e^-|x|), which cannot overflow.
// Dugas et al. 2001.
//   dx = dy sigmoid(x)
#include <cmath>

#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Softplus {
  [[gnu::always_inline]] float operator()(float x) const {
    const float magnitude = x < 0 ? -x : x;
    return (x < 0 ? 0 : x) + simd_log(1 + simd_exp(-magnitude));
  }

  double operator()(double x) const {
    return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
  }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("softplus_grad", {c.in[0], dy[0]})};
}
}  // namespace

extern const Op op_softplus = {
    .name = "softplus",
    .doc = "log(1 + e^x)",
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<Softplus>,
    .kernel = unary_kernel<Softplus>,
    .range = unary_range<Softplus>,
    .cost = pointwise_cost<30>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(),
};
}  // namespace cambium
